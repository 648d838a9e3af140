"""Flow logs, and peering of VPCs between regions, where both regions show the same connection.

Sources: EC2 API Reference, "CreateFlowLogs", "CreateVpcPeeringConnection"; CloudFormation Template Reference,
AWS::EC2::FlowLog and AWS::EC2::VPCPeeringConnection (in one account the handler also accepts the request).
"""

from __future__ import annotations

import secrets
from ipaddress import ip_network
from typing import Any

from twin.cloud.resources.ec2_tags import retag
from twin.cloud.resources.services import Parameters, Said, after, ask, before, elsewhere, here, instead, module
from twin.cloud.resources.types import Attributes, Kind, Made, Properties, add, number, tags
from twin.cloud.resources.wire import Refused


def offer() -> None:
    """Give the emulator these types."""
    add(Kind("AWS::EC2::FlowLog", _flow_log, _flow_log_tagged, _flow_log_removed))
    add(Kind("AWS::EC2::VPCPeeringConnection", _peering, _peering_tagged, _peering_removed))


def _flow_log(properties: Properties, _name: str) -> Made:
    taken = ("DeliverLogsPermissionArn", "LogDestination", "LogDestinationType", "LogFormat", "LogGroupName",
             "ResourceType", "TrafficType")  # fmt: skip
    given = tags(properties)
    made = ask(
        "ec2",
        "CreateFlowLogs",
        ResourceIds=[properties["ResourceId"]],
        **{name: properties[name] for name in taken if name in properties},
        **(
            {"MaxAggregationInterval": number(properties["MaxAggregationInterval"])}
            if "MaxAggregationInterval" in properties
            else {}
        ),
        **({"TagSpecifications": [{"ResourceType": "vpc-flow-log", "Tags": given}]} if given else {}),
    )
    log = made["FlowLogIds"][0]
    return log, {"Id": log}


def _flow_log_tagged(physical: str, old: Properties, new: Properties) -> Attributes:
    retag(physical, old, new)
    return {"Id": physical}


def _flow_log_removed(physical: str, _properties: Properties) -> None:
    ask("ec2", "DeleteFlowLogs", FlowLogIds=[physical])


@instead("ec2", "CreateFlowLogs")
def _create_flow_logs(parameters: Parameters) -> Said:
    ec2, made = module("ec2"), []
    kind = parameters["ResourceType"]
    stores = {"VPC": ec2._vpcs, "Subnet": ec2._subnets, "NetworkInterface": ec2._network_interfaces}
    destination = parameters.get("LogDestinationType", "cloud-watch-logs")
    if destination == "cloud-watch-logs" and "DeliverLogsPermissionArn" not in parameters:
        raise Refused(
            "InvalidParameter", "DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs"
        )
    for resource in parameters["ResourceIds"]:
        if kind in stores and resource not in stores[kind]:
            raise Refused("InvalidVpcId.NotFound", f"The {kind} ID '{resource}' does not exist")
        log = "fl-" + secrets.token_hex(9)[:17]
        kept = {name: value for name, value in parameters.items() if name not in ("ResourceIds", "TagSpecifications")}
        ec2._flow_logs[log] = {
            "LogDestinationType": destination,
            "MaxAggregationInterval": 600,
            **kept,
            "FlowLogId": log,
            "FlowLogStatus": "ACTIVE",
            "DeliverLogsStatus": "SUCCESS",
            "ResourceId": resource,
            "CreationTime": ec2._now_ts(),
        }
        for specification in parameters.get("TagSpecifications", ()):
            ec2._tags[log] = list(specification.get("Tags", ()))
        made.append(log)
    return {"FlowLogIds": made, "Unsuccessful": []}


@instead("ec2", "DescribeFlowLogs")
def _describe_flow_logs(parameters: Parameters) -> Said:
    ec2 = module("ec2")
    wanted = {each["Name"]: set(each.get("Values", ())) for each in parameters.get("Filter", ())}
    logs = [
        {**log, "Tags": list(ec2._tags.get(log["FlowLogId"]) or ())}
        for log in ec2._flow_logs.values()
        if not parameters.get("FlowLogIds") or log["FlowLogId"] in parameters["FlowLogIds"]
    ]
    by = {"resource-id": "ResourceId", "log-group-name": "LogGroupName", "traffic-type": "TrafficType"}
    return {"FlowLogs": [log for log in logs if all(log.get(by[n]) in v for n, v in wanted.items() if n in by)]}


def _peering(properties: Properties, _name: str) -> Made:
    account, region = here()
    given = tags(properties)
    made = ask(
        "ec2",
        "CreateVpcPeeringConnection",
        **{
            name: properties[name] for name in ("VpcId", "PeerVpcId", "PeerRegion", "PeerOwnerId") if name in properties
        },
        **({"TagSpecifications": [{"ResourceType": "vpc-peering-connection", "Tags": given}]} if given else {}),
    )
    connection = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    if properties.get("PeerOwnerId", account) == account:
        with elsewhere(properties.get("PeerRegion", region)):
            ask("ec2", "AcceptVpcPeeringConnection", VpcPeeringConnectionId=connection)
    return connection, {"Id": connection}


def _peering_tagged(physical: str, old: Properties, new: Properties) -> Attributes:
    retag(physical, old, new)
    return {"Id": physical}


def _peering_removed(physical: str, _properties: Properties) -> None:
    ask("ec2", "DeleteVpcPeeringConnection", VpcPeeringConnectionId=physical)


@before("ec2", "CreateVpcPeeringConnection")
def _both_vpcs_are_there(parameters: Parameters) -> None:
    """Refuse a VPC that is not in its region, and ranges that overlap; without PeerRegion it is this one (trap 78)."""
    account, region = here()
    own = _range(parameters["VpcId"])
    if parameters.get("PeerOwnerId", account) != account:
        return
    with elsewhere(parameters.get("PeerRegion", region)):
        other = _range(parameters["PeerVpcId"])
    if ip_network(own).overlaps(ip_network(other)):
        raise Refused("OperationNotPermitted", f"the ranges {own} and {other} overlap: the peering would fail")


def _range(vpc: str) -> str:
    held = module("ec2")._vpcs.get(vpc)
    if held is None:
        _, region = here()
        raise Refused("InvalidVpcID.NotFound", f"The vpc ID '{vpc}' does not exist in {region}")
    return str(held["CidrBlock"])


@after("ec2", "DescribeVpcPeeringConnections")
def _whole_connections(parameters: Parameters, said: Said) -> None:
    """Add the ranges, and choose by the filters that the emulator does not know."""
    for connection in said["VpcPeeringConnections"]:
        for side in ("RequesterVpcInfo", "AccepterVpcInfo"):
            info = connection[side]
            with elsewhere(info.get("Region", here()[1])):
                held = module("ec2")._vpcs.get(info["VpcId"])
            if held:
                info["CidrBlock"] = held["CidrBlock"]
    for each in parameters.get("Filters", ()):
        side, _, key = each["Name"].partition("-vpc-info.")
        field = {"vpc-id": "VpcId", "owner-id": "OwnerId", "cidr-block": "CidrBlock"}.get(key)
        if field:
            said["VpcPeeringConnections"] = [
                one for one in said["VpcPeeringConnections"] if _of(one, side).get(field) in each.get("Values", ())
            ]


def _of(connection: Said, side: str) -> dict[str, Any]:
    info: dict[str, Any] = connection.get(f"{side.capitalize()}VpcInfo", {})
    return info
