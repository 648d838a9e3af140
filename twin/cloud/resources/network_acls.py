"""Network ACLs, their entries and the subnets that they guard.

Sources: EC2 API Reference, "ReplaceNetworkAclAssociation", "CreateNetworkAclEntry"; CloudFormation Template
Reference, AWS::EC2::NetworkAcl, AWS::EC2::NetworkAclEntry and AWS::EC2::SubnetNetworkAclAssociation.
"""

from __future__ import annotations

import secrets
from typing import Any

from twin.cloud.resources.ec2_tags import retag
from twin.cloud.resources.services import Parameters, Said, after, ask, before, instead, module
from twin.cloud.resources.types import Attributes, Kind, Made, Properties, add, number, tags, truth
from twin.cloud.resources.wire import Refused

_LAST_RULE = 32767
"""The number of the rule that refuses what no other rule has decided; EC2 shows it in both directions."""


def offer() -> None:
    """Give the emulator these types."""
    add(Kind("AWS::EC2::NetworkAcl", _acl, _acl_tagged, _acl_removed))
    add(Kind("AWS::EC2::NetworkAclEntry", _entry, _entry_changed, _entry_removed))
    add(Kind("AWS::EC2::SubnetNetworkAclAssociation", _association, _unchanged, _association_removed))


def _unchanged(_physical: str, _old: Properties, _new: Properties) -> Attributes:
    raise AssertionError("every property replaces this resource")


def _acl(properties: Properties, _name: str) -> Made:
    given = tags(properties)
    specifications = [{"ResourceType": "network-acl", "Tags": given}] if given else []
    made = ask("ec2", "CreateNetworkAcl", VpcId=properties["VpcId"], TagSpecifications=specifications)
    acl = made["NetworkAcl"]["NetworkAclId"]
    return acl, {"Id": acl}


def _acl_tagged(physical: str, old: Properties, new: Properties) -> Attributes:
    retag(physical, old, new)
    return {"Id": physical}


def _acl_removed(physical: str, _properties: Properties) -> None:
    ask("ec2", "DeleteNetworkAcl", NetworkAclId=physical)


@before("ec2", "CreateNetworkAcl")
def _vpc_is_there(parameters: Parameters) -> None:
    if parameters.get("VpcId") not in module("ec2")._vpcs:
        raise Refused("InvalidVpcID.NotFound", f"The vpc ID '{parameters.get('VpcId')}' does not exist")


@before("ec2", "DeleteNetworkAcl")
def _no_subnet_is_left(parameters: Parameters) -> None:
    acl = module("ec2")._network_acls.get(parameters["NetworkAclId"])
    _every_subnet_has_one({})
    if acl and acl["Associations"]:
        raise Refused("DependencyViolation", f"The networkAcl '{acl['NetworkAclId']}' has dependencies")


def _entry_parameters(properties: Properties) -> dict[str, Any]:
    taken: dict[str, Any] = {
        name: properties[name] for name in ("NetworkAclId", "CidrBlock", "Ipv6CidrBlock") if name in properties
    }
    ports = properties.get("PortRange")
    icmp = properties.get("Icmp")
    return {
        **taken,
        "Egress": truth(properties.get("Egress", False)),
        "Protocol": str(properties["Protocol"]),
        "RuleAction": properties["RuleAction"],
        "RuleNumber": number(properties["RuleNumber"]),
        **({"PortRange": {name: number(value) for name, value in ports.items()}} if ports else {}),
        **({"IcmpTypeCode": {name: number(value) for name, value in icmp.items()}} if icmp else {}),
    }


def _entry(properties: Properties, _name: str) -> Made:
    ask("ec2", "CreateNetworkAclEntry", **_entry_parameters(properties))
    direction = "egress" if truth(properties.get("Egress", False)) else "ingress"
    physical = f"{properties['NetworkAclId']}-{direction}-{properties['RuleNumber']}"
    return physical, {"Id": physical}


def _entry_changed(physical: str, _old: Properties, new: Properties) -> Attributes:
    ask("ec2", "ReplaceNetworkAclEntry", **_entry_parameters(new))
    return {"Id": physical}


def _entry_removed(_physical: str, properties: Properties) -> None:
    ask(
        "ec2",
        "DeleteNetworkAclEntry",
        NetworkAclId=properties["NetworkAclId"],
        RuleNumber=number(properties["RuleNumber"]),
        Egress=truth(properties.get("Egress", False)),
    )


@instead("ec2", "CreateNetworkAclEntry")
def _create_entry(parameters: Parameters) -> Said:
    acl, same = _acl_and_entry(parameters)
    if same:
        number_ = parameters["RuleNumber"]
        raise Refused("NetworkAclEntryAlreadyExists", f"The network acl entry identified by {number_} already exists.")
    acl["Entries"].append(_kept(parameters))
    return {}


@instead("ec2", "ReplaceNetworkAclEntry")
def _replace_entry(parameters: Parameters) -> Said:
    acl, same = _acl_and_entry(parameters)
    if same is None:
        number_ = parameters["RuleNumber"]
        raise Refused("InvalidNetworkAclEntry.NotFound", f"The network acl entry {number_} does not exist")
    acl["Entries"][acl["Entries"].index(same)] = _kept(parameters)
    return {}


@before("ec2", "DeleteNetworkAclEntry")
def _entry_is_there(parameters: Parameters) -> None:
    _, same = _acl_and_entry(parameters)
    if same is None:
        number_ = parameters["RuleNumber"]
        raise Refused("InvalidNetworkAclEntry.NotFound", f"The network acl entry {number_} does not exist")


def _acl_and_entry(parameters: Parameters) -> tuple[dict[str, Any], dict[str, Any] | None]:
    acl = module("ec2")._network_acls.get(parameters["NetworkAclId"])
    if acl is None:
        wanted = parameters["NetworkAclId"]
        raise Refused("InvalidNetworkAclID.NotFound", f"The networkAcl ID '{wanted}' does not exist")
    key = (int(parameters["RuleNumber"]), bool(parameters["Egress"]))
    return acl, next((each for each in acl["Entries"] if (each["RuleNumber"], each["Egress"]) == key), None)


def _kept(parameters: Parameters) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if name not in ("NetworkAclId", "DryRun")}


@after("ec2", "DescribeNetworkAcls")
def _whole_acls(parameters: Parameters, said: Said) -> None:
    """Add what the emulator leaves out of an ACL, and choose by the filters that it does not know."""
    held = module("ec2")._network_acls
    wanted = {each["Name"]: set(each.get("Values", ())) for each in parameters.get("Filters", ())}
    for acl in said["NetworkAcls"]:
        last = [
            {
                "CidrBlock": "0.0.0.0/0",
                "Egress": egress,
                "Protocol": "-1",
                "RuleAction": "deny",
                "RuleNumber": _LAST_RULE,
            }
            for egress in (True, False)
        ]
        acl["Entries"] = [*held[acl["NetworkAclId"]]["Entries"], *last]
    subnets = wanted.get("association.subnet-id")
    if subnets:
        said["NetworkAcls"] = [
            each for each in said["NetworkAcls"] if subnets & {one["SubnetId"] for one in each["Associations"]}
        ]


@before("ec2", "DescribeNetworkAcls", "ReplaceNetworkAclAssociation")
def _every_subnet_has_one(_parameters: Parameters) -> None:
    """Give every subnet exactly one ACL, its VPC's default one unless another was chosen."""
    ec2 = module("ec2")
    taken = set()
    for acl in ec2._network_acls.values():
        acl["Associations"] = [each for each in acl["Associations"] if each["SubnetId"] in ec2._subnets]
        taken |= {each["SubnetId"] for each in acl["Associations"]}
    for subnet, record in ec2._subnets.items():
        if subnet not in taken:
            acl = _default_acl(record["VpcId"])
            if acl:
                acl["Associations"].append(_new_association(subnet))


def _default_acl(vpc: str) -> dict[str, Any] | None:
    of_vpc = (each for each in module("ec2")._network_acls.values() if each["VpcId"] == vpc and each["IsDefault"])
    return next(of_vpc, None)


def _new_association(subnet: str) -> dict[str, str]:
    return {"NetworkAclAssociationId": "aclassoc-" + secrets.token_hex(9)[:17], "SubnetId": subnet}


@instead("ec2", "ReplaceNetworkAclAssociation")
def _replace_association(parameters: Parameters) -> Said:
    acls = module("ec2")._network_acls
    target = acls.get(parameters["NetworkAclId"])
    if target is None:
        wanted = parameters["NetworkAclId"]
        raise Refused("InvalidNetworkAclID.NotFound", f"The networkAcl ID '{wanted}' does not exist")
    for acl in acls.values():
        for each in acl["Associations"]:
            if each["NetworkAclAssociationId"] == parameters["AssociationId"]:
                acl["Associations"].remove(each)
                made = _new_association(each["SubnetId"])
                target["Associations"].append(made)
                return {"NewAssociationId": made["NetworkAclAssociationId"]}
    gone = parameters["AssociationId"]
    raise Refused("InvalidAssociationID.NotFound", f"The association ID '{gone}' does not exist")


def _association(properties: Properties, _name: str) -> Made:
    moved = _moved(properties["SubnetId"], properties["NetworkAclId"])
    return moved, {"AssociationId": moved}


def _moved(subnet: str, acl: str) -> str:
    _every_subnet_has_one({})
    held = (each for one in module("ec2")._network_acls.values() for each in one["Associations"])
    found = next((each for each in held if each["SubnetId"] == subnet), None)
    if found is None:
        raise Refused("InvalidSubnetID.NotFound", f"The subnet ID '{subnet}' does not exist")
    said = ask(
        "ec2",
        "ReplaceNetworkAclAssociation",
        AssociationId=found["NetworkAclAssociationId"],
        NetworkAclId=acl,
    )
    return str(said["NewAssociationId"])


def _association_removed(_physical: str, properties: Properties) -> None:
    """Give the subnet back to its VPC's own ACL."""
    subnet = module("ec2")._subnets.get(properties["SubnetId"])
    own = _default_acl(subnet["VpcId"]) if subnet else None
    if own:
        _moved(properties["SubnetId"], own["NetworkAclId"])
