"""The hosted zone, made or given, and where its id can be found.

It lives in the DNS home region, by default a standby or the witness, so that the origin's loss takes no
stack with it that the names depend on (trap 44b). A made zone is public (the RDS endpoints resolve to
private addresses there too) or private and associated with each data region's VPC. It is retained: a zone
that is made again has other name servers.
"""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, Join, Ref, Template
from troposphere.route53 import HostedZone, HostedZoneConfiguration, HostedZoneVPCs
from troposphere.ssm import Parameter as StoredParameter

from generator import naming
from generator.inputs import DOMAIN, GIVEN_ZONE_ID, SUFFIX, ZONE_VPC_IDS, ZONE_VPC_REGIONS
from generator.shape import Shape
from generator.slots import PARTNERS, Slots
from generator.stacks._template import outputs, template

_VPCS = Slots("ZoneVpcIds", PARTNERS + 1, required=2)
_REGIONS = Slots("ZoneVpcRegions", PARTNERS + 1, required=2)


def build(shape: Shape) -> Template:
    """Return the template ``zone``."""
    private = shape.visibility == "private"
    if not shape.zone_made:
        inputs: tuple[Any, ...] = (SUFFIX, DOMAIN, GIVEN_ZONE_ID)
    elif private:
        inputs = (SUFFIX, DOMAIN, ZONE_VPC_IDS, ZONE_VPC_REGIONS)
    else:
        inputs = (SUFFIX, DOMAIN)
    result = template("The hosted zone that the names are in.", inputs)
    zone: Any = GIVEN_ZONE_ID.ref
    if shape.zone_made:
        if private:
            _VPCS.declare(result)
        result.add_resource(_zone(shape, private))
        zone = Ref("HostedZone")
        if not private:
            outputs(
                result,
                NameServers=(
                    Join(",", GetAtt("HostedZone", "NameServers")),
                    "The name servers that the parent domain must delegate to.",
                ),
            )
    result.add_resource(_parameter(zone))
    outputs(
        result,
        HostedZoneId=(zone, "The hosted zone's id."),
        Domain=(DOMAIN.ref, "The domain of the names."),
    )
    return result


def _zone(shape: Shape, private: bool) -> HostedZone:
    vpcs = _VPCS.each(lambda vpc, index: HostedZoneVPCs(VPCId=vpc, VPCRegion=_REGIONS.value(index)))
    return HostedZone(
        "HostedZone",
        Name=DOMAIN.ref,
        HostedZoneConfig=HostedZoneConfiguration(Comment="Disaster recovery: the names follow the writer."),
        DeletionPolicy=shape.retain_policy,
        UpdateReplacePolicy=shape.data_policy,
        **({"VPCs": vpcs} if private else {}),
    )


def _parameter(zone: Any) -> StoredParameter:
    """Return where people, and the pre-flight of every region, find the zone's id."""
    return StoredParameter(
        "ZoneParameter",
        Name=naming.ZONE_PARAMETER.sub(),
        Description="The hosted zone of the disaster-recovery environment.",
        Type="String",
        Value=zone,
    )
