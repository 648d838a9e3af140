"""Hosted zones, public and private: one with records left can't be deleted.

Sources: Route 53 API Reference, "CreateHostedZone", "AssociateVPCWithHostedZone", "DeleteHostedZone"; CloudFormation
Template Reference, AWS::Route53::HostedZone.
"""

from __future__ import annotations

import uuid
from typing import Any

from twin.cloud.resources.services import Parameters, ask, before, elsewhere, module
from twin.cloud.resources.types import Attributes, Kind, Made, Properties, add, tags
from twin.cloud.resources.wire import Refused


def offer() -> None:
    """Give the emulator this type."""
    add(Kind("AWS::Route53::HostedZone", _create, _update, _delete))


def _create(properties: Properties, _name: str) -> Made:
    comment = (properties.get("HostedZoneConfig") or {}).get("Comment")
    vpcs = _vpcs(properties)
    config: dict[str, Any] = {"PrivateZone": bool(vpcs), **({"Comment": comment} if comment else {})}
    made = ask(
        "route53",
        "CreateHostedZone",
        Name=properties["Name"],
        CallerReference=str(uuid.uuid4()),
        HostedZoneConfig=config,
        **({"VPC": vpcs[0]} if vpcs else {}),
    )
    zone = str(made["HostedZone"]["Id"]).rpartition("/")[2]
    for vpc in vpcs[1:]:
        ask("route53", "AssociateVPCWithHostedZone", HostedZoneId=zone, VPC=vpc)
    _tag(zone, {}, properties)
    return zone, _attributes(zone)


def _vpcs(properties: Properties) -> list[dict[str, str]]:
    return [{"VPCId": each["VPCId"], "VPCRegion": each["VPCRegion"]} for each in properties.get("VPCs") or ()]


def _attributes(zone: str) -> Attributes:
    said = ask("route53", "GetHostedZone", Id=zone)
    servers = (said.get("DelegationSet") or {}).get("NameServers")
    return {"Id": zone, **({"NameServers": servers} if servers else {})}


def _update(physical: str, old: Properties, new: Properties) -> Attributes:
    comment = (new.get("HostedZoneConfig") or {}).get("Comment", "")
    if comment != (old.get("HostedZoneConfig") or {}).get("Comment", ""):
        ask("route53", "UpdateHostedZoneComment", Id=physical, Comment=comment)
    for vpc in _vpcs(new):
        if vpc not in _vpcs(old):
            ask("route53", "AssociateVPCWithHostedZone", HostedZoneId=physical, VPC=vpc)
    for vpc in _vpcs(old):
        if vpc not in _vpcs(new):
            ask("route53", "DisassociateVPCFromHostedZone", HostedZoneId=physical, VPC=vpc)
    _tag(physical, old, new)
    return _attributes(physical)


def _tag(zone: str, old: Properties, new: Properties) -> None:
    wanted = [each for each in tags(new, "HostedZoneTags") if not each["Key"].startswith("aws:")]
    gone = sorted({each["Key"] for each in tags(old, "HostedZoneTags")} - {each["Key"] for each in wanted})
    changes: dict[str, Any] = {**({"AddTags": wanted} if wanted else {}), **({"RemoveTagKeys": gone} if gone else {})}
    if changes:
        ask("route53", "ChangeTagsForResource", ResourceType="hostedzone", ResourceId=zone, **changes)


def _delete(physical: str, _properties: Properties) -> None:
    ask("route53", "DeleteHostedZone", Id=physical)


@before("route53", "CreateHostedZone", "AssociateVPCWithHostedZone")
def _vpc_is_there(parameters: Parameters) -> None:
    vpc = parameters.get("VPC")
    if not vpc:
        return
    with elsewhere(vpc["VPCRegion"]):
        if vpc["VPCId"] not in module("ec2")._vpcs:
            raise Refused("InvalidVPCId", f"The VPC: {vpc['VPCId']} you provided is not in {vpc['VPCRegion']}.")
