"""The networks that the emulator keeps records of, as :mod:`twin.cloud.network.parts`.

Its tables hold what the EC2 API was given; what it leaves to EC2 to add is added here: subnets that no ACL names have
their VPC's default one, and the prefix lists of S3 and DynamoDB have the names of AWS's own.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from twin.cloud.emulator import module, scope
from twin.cloud.network.parts import (
    ANY,
    EVERYWHERE,
    Acl,
    Endpoint,
    Entry,
    Group,
    Network,
    Peering,
    Place,
    Route,
    Rule,
    Subnet,
    Table,
)

Record = Mapping[str, Any]
_GATEWAYS = ("GatewayId", "NatGatewayId", "InstanceId", "VpcPeeringConnectionId", "TransitGatewayId")
_MANAGED = ("s3", "dynamodb")


def world(account: str) -> dict[str, Network]:
    """Return the account's networks by region."""
    ec2 = module("services.ec2")
    subnets = _by_region(ec2._subnets, account)
    peerings = _peerings(account)
    return {
        region: Network(
            subnets={each["SubnetId"]: _subnet(each) for each in records},
            tables=tuple(map(_table, _by_region(ec2._route_tables, account)[region])),
            acls=tuple(map(_acl, _by_region(ec2._network_acls, account)[region])),
            groups={each["GroupId"]: _group(each) for each in _by_region(ec2._security_groups, account)[region]},
            endpoints=tuple(map(_endpoint, _by_region(ec2._vpc_endpoints, account)[region])),
            peerings=peerings,
            prefix_lists=_prefix_lists(account, region),
        )
        for region, records in subnets.items()
    }


def function_place(config: Record, region: str) -> Place | None:
    """Return where a function stands, None for one outside every VPC."""
    said = config.get("VpcConfig") or {}
    subnets = tuple(said.get("SubnetIds") or ())
    return Place(region, subnets, tuple(said.get("SecurityGroupIds") or ())) if subnets else None


def cluster_place(record: Record, account: str, region: str) -> Place:
    """Return where a database cluster stands: the subnets of its subnet group, and its security groups."""
    held = module("services.rds")._subnet_groups.get_scoped(account, region, str(record.get("DBSubnetGroup"))) or {}
    subnets = tuple(str(each["SubnetIdentifier"]) for each in held.get("Subnets") or ())
    groups = tuple(str(each["VpcSecurityGroupId"]) for each in record.get("VpcSecurityGroups") or ())
    return Place(region, subnets, groups)


def _by_region(table: Any, account: str) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = defaultdict(list)
    for (owner, region, _), record in list(table._data.items()):
        if owner == account:
            found[region].append(record)
    return found


def _subnet(record: Record) -> Subnet:
    return Subnet(record["SubnetId"], record["VpcId"], record["CidrBlock"])


def _table(record: Record) -> Table:
    associations = record.get("Associations") or ()
    routes = [
        Route(each["DestinationCidrBlock"], next((str(each[name]) for name in _GATEWAYS if each.get(name)), ""))
        for each in record.get("Routes") or ()
        if each.get("DestinationCidrBlock") and each.get("State", "active") == "active"
    ]
    subnets = tuple(each["SubnetId"] for each in associations if each.get("SubnetId"))
    main = any(each.get("Main") for each in associations)
    return Table(record["RouteTableId"], record["VpcId"], tuple(routes), subnets, main)


def _acl(record: Record) -> Acl:
    entries = tuple(map(_entry, record.get("Entries") or ()))
    subnets = tuple(each["SubnetId"] for each in record.get("Associations") or ())
    return Acl(record["NetworkAclId"], record["VpcId"], entries, subnets, bool(record.get("IsDefault")))


def _entry(record: Record) -> Entry:
    ports = record.get("PortRange") or {}
    return Entry(
        number=int(record["RuleNumber"]),
        egress=_truth(record.get("Egress")),
        allow=record["RuleAction"] == "allow",
        protocol=str(record.get("Protocol", ANY)),
        range=str(record.get("CidrBlock") or record.get("Ipv6CidrBlock") or EVERYWHERE),
        low=int(ports.get("From", 0)),
        high=int(ports.get("To", 65535)),
    )


def _truth(value: Any) -> bool:
    return value is True or str(value).lower() == "true"


def _group(record: Record) -> Group:
    return Group(
        record["GroupId"],
        str(record.get("VpcId", "")),
        tuple(map(_rule, record.get("IpPermissions") or ())),
        tuple(map(_rule, record.get("IpPermissionsEgress") or ())),
    )


def _rule(record: Record) -> Rule:
    return Rule(
        protocol=str(record.get("IpProtocol", ANY)),
        low=int(record.get("FromPort", 0)),
        high=int(record.get("ToPort", 65535)),
        ranges=_each(record, "IpRanges", "CidrIp") + _each(record, "Ipv6Ranges", "CidrIpv6"),
        groups=_each(record, "UserIdGroupPairs", "GroupId"),
        prefix_lists=_each(record, "PrefixListIds", "PrefixListId"),
    )


def _each(record: Record, several: str, name: str) -> tuple[str, ...]:
    return tuple(str(each[name]) for each in record.get(several) or () if each.get(name))


def _endpoint(record: Record) -> Endpoint:
    policy = record.get("PolicyDocument")
    return Endpoint(
        id=record["VpcEndpointId"],
        vpc=record["VpcId"],
        service=str(record["ServiceName"]).split(".", 3)[-1],
        gateway=record.get("VpcEndpointType") == "Gateway",
        private_dns=_truth(record.get("PrivateDnsEnabled")),
        subnets=tuple(record.get("SubnetIds") or ()),
        groups=tuple(record.get("SecurityGroupIds") or ()),
        tables=tuple(record.get("RouteTableIds") or ()),
        policy=json.loads(policy) if isinstance(policy, str) else policy,
    )


def _peerings(account: str) -> dict[str, Peering]:
    """Return the active connections by id: both regions show the same one."""
    found = {}
    for records in _by_region(module("services.ec2")._vpc_peering, account).values():
        for each in records:
            if each["Status"]["Code"] == "active":
                vpcs = (str(each["RequesterVpcInfo"]["VpcId"]), str(each["AccepterVpcInfo"]["VpcId"]))
                found[str(each["VpcPeeringConnectionId"])] = Peering(str(each["VpcPeeringConnectionId"]), vpcs)
    return found


def _prefix_lists(account: str, region: str) -> dict[str, str]:
    ec2 = module("services.ec2")
    with scope(account, region):
        return {
            str(each["PrefixListId"]): name
            for each in _listed(ec2)
            for name in _MANAGED
            if each["PrefixListName"] == f"com.amazonaws.{region}.{name}"
        }


def _listed(ec2: Any) -> Iterable[Record]:
    found: Iterable[Record] = ec2._get_aws_managed_prefix_lists()
    return found
