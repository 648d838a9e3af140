"""One side of a peering: routes to the partner, and rules for the partner's exact subnets.

Security groups can't be referenced across regions (trap 78), so the rules name the ranges of the partner's
compute subnets (which may come in) and data subnets (which may be gone to), never the whole VPC (trap B7).
"""

from __future__ import annotations

from typing import Any

from troposphere.ec2 import Route, SecurityGroupEgress, SecurityGroupIngress

from generator.inputs import (
    CLIENT_GROUP_ID,
    COMPUTE_ROUTE_TABLE_ID,
    DATA_ROUTE_TABLE_ID,
    DATABASE_GROUP_ID,
    PARTNER_COMPUTE_RANGES,
    PARTNER_DATA_RANGES,
    PARTNER_RANGE,
    PARTNER_REGION,
)
from generator.slots import ZONES, Slots
from generator.stacks.network import POSTGRESQL

INPUTS = (
    PARTNER_REGION, PARTNER_RANGE, PARTNER_COMPUTE_RANGES, PARTNER_DATA_RANGES, COMPUTE_ROUTE_TABLE_ID,
    DATA_ROUTE_TABLE_ID, DATABASE_GROUP_ID, CLIENT_GROUP_ID,
)  # fmt: skip

COMPUTE = Slots(PARTNER_COMPUTE_RANGES.name, ZONES, required=2)
DATA = Slots(PARTNER_DATA_RANGES.name, ZONES, required=2)


def routes(connection: Any) -> list[Route]:
    """Return the routes of both tiers to the partner: without the way back, trap 18."""
    return [
        Route(
            f"{tier}ToPartner",
            RouteTableId=table.ref,
            DestinationCidrBlock=PARTNER_RANGE.ref,
            VpcPeeringConnectionId=connection,
        )
        for tier, table in (("Compute", COMPUTE_ROUTE_TABLE_ID), ("Data", DATA_ROUTE_TABLE_ID))
    ]


def rules() -> list[Any]:
    """Return the rules: the partner's clients come in to our database, ours go to the partner's."""
    return [*_each(COMPUTE, _from_partner), *_each(DATA, _to_partner)]


def _each(slots: Slots, make: Any) -> list[Any]:
    return [
        make(index, slots.value(index), {} if index < slots.required else {"Condition": slots.condition(index)})
        for index in range(slots.size)
    ]


def _from_partner(index: int, network: Any, optional: dict[str, str]) -> SecurityGroupIngress:
    return SecurityGroupIngress(
        f"DatabaseFromPartner{index + 1}",
        GroupId=DATABASE_GROUP_ID.ref,
        CidrIp=network,
        IpProtocol="tcp",
        FromPort=POSTGRESQL,
        ToPort=POSTGRESQL,
        Description="From a compute subnet of the partner.",
        **optional,
    )


def _to_partner(index: int, network: Any, optional: dict[str, str]) -> SecurityGroupEgress:
    return SecurityGroupEgress(
        f"ClientsToPartner{index + 1}",
        GroupId=CLIENT_GROUP_ID.ref,
        CidrIp=network,
        IpProtocol="tcp",
        FromPort=POSTGRESQL,
        ToPort=POSTGRESQL,
        Description="To a data subnet of the partner.",
        **optional,
    )
