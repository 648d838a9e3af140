"""Rules of security groups that are resources of their own.

Sources: EC2 API Reference, "AuthorizeSecurityGroupIngress"; CloudFormation Template Reference,
AWS::EC2::SecurityGroupIngress and AWS::EC2::SecurityGroupEgress.
"""

from __future__ import annotations

from typing import Any

from twin.cloud.resources.services import Parameters, ask, before, module
from twin.cloud.resources.types import Attributes, Kind, Made, Properties, add, number
from twin.cloud.resources.wire import Refused


def offer() -> None:
    """Give the emulator these types."""
    add(Kind("AWS::EC2::SecurityGroupIngress", _ingress, _ingress_described, _ingress_removed))
    add(Kind("AWS::EC2::SecurityGroupEgress", _egress, _egress_described, _egress_removed))


def _permission(properties: Properties, group: str, prefix_list: str) -> dict[str, Any]:
    """Return one rule as the API takes it; ``group`` and ``prefix_list`` are the direction's property names."""
    said = {"Description": properties["Description"]} if properties.get("Description") else {}
    permission: dict[str, Any] = {"IpProtocol": str(properties["IpProtocol"])}
    for name in ("FromPort", "ToPort"):
        if name in properties:
            permission[name] = number(properties[name])
    if "CidrIp" in properties:
        permission["IpRanges"] = [{"CidrIp": properties["CidrIp"], **said}]
    if "CidrIpv6" in properties:
        permission["Ipv6Ranges"] = [{"CidrIpv6": properties["CidrIpv6"], **said}]
    if group in properties:
        permission["UserIdGroupPairs"] = [{"GroupId": properties[group], **said}]
    if prefix_list in properties:
        permission["PrefixListIds"] = [{"PrefixListId": properties[prefix_list], **said}]
    return permission


def _ingress(properties: Properties, _name: str) -> Made:
    permission = _permission(properties, "SourceSecurityGroupId", "SourcePrefixListId")
    return _rule("AuthorizeSecurityGroupIngress", properties["GroupId"], permission)


def _egress(properties: Properties, _name: str) -> Made:
    permission = _permission(properties, "DestinationSecurityGroupId", "DestinationPrefixListId")
    return _rule("AuthorizeSecurityGroupEgress", properties["GroupId"], permission)


def _rule(operation: str, group: str, permission: dict[str, Any]) -> Made:
    made = ask("ec2", operation, GroupId=group, IpPermissions=[permission])
    rule = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    return rule, {"Id": rule}


@before("ec2", "AuthorizeSecurityGroupIngress")
def _no_second_ingress(parameters: Parameters) -> None:
    _no_second(parameters, egress=False)


@before("ec2", "AuthorizeSecurityGroupEgress")
def _no_second_egress(parameters: Parameters) -> None:
    _no_second(parameters, egress=True)


def _no_second(parameters: Parameters, *, egress: bool) -> None:
    """EC2 refuses a rule that is there already; the emulator would hand out the other resource's rule."""
    ec2, identifier = module("ec2"), parameters.get("GroupId")
    group = ec2._security_groups.get(identifier)
    present = group["IpPermissionsEgress" if egress else "IpPermissions"] if group else ()
    known = {ec2._sg_rule_id(identifier, egress, rule) for rule in present}
    for permission in parameters.get("IpPermissions", ()):
        for pair in permission.get("UserIdGroupPairs", ()):
            if pair.get("GroupId") not in ec2._security_groups:
                raise Refused("InvalidGroup.NotFound", f"The security group '{pair.get('GroupId')}' does not exist")
        if ec2._sg_rule_id(identifier, egress, permission) in known:
            raise Refused("InvalidPermission.Duplicate", "the specified rule already exists")


def _ingress_described(physical: str, _old: Properties, new: Properties) -> Attributes:
    permission = _permission(new, "SourceSecurityGroupId", "SourcePrefixListId")
    return _described(physical, new["GroupId"], permission, "IpPermissions")


def _egress_described(physical: str, _old: Properties, new: Properties) -> Attributes:
    permission = _permission(new, "DestinationSecurityGroupId", "DestinationPrefixListId")
    return _described(physical, new["GroupId"], permission, "IpPermissionsEgress")


def _described(rule: str, group: str, permission: dict[str, Any], key: str) -> Attributes:
    """Change the rule's description: all else replaces it."""
    held = next(
        (each for each in module("ec2")._security_groups[group][key] if each.get("SecurityGroupRuleId") == rule), None
    )
    if held is None:
        raise Refused("InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID '{rule}' does not exist")
    held.pop("Description", None)
    held.update(permission)
    return {"Id": rule}


def _ingress_removed(physical: str, properties: Properties) -> None:
    ask("ec2", "RevokeSecurityGroupIngress", GroupId=properties["GroupId"], SecurityGroupRuleIds=[physical])


def _egress_removed(physical: str, properties: Properties) -> None:
    ask("ec2", "RevokeSecurityGroupEgress", GroupId=properties["GroupId"], SecurityGroupRuleIds=[physical])
