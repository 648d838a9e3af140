"""The requesting side of one pair's peering: the connection, and this side's routes and rules.

Within an account the request accepts itself, where it names the peer's region; without ``PeerRegion`` it
never stabilises (trap 78). An environment lives in one account, as a global database does.
"""

from __future__ import annotations

from troposphere import Ref, Sub, Tags, Template
from troposphere.ec2 import VPCPeeringConnection

from generator.inputs import PARTNER_REGION, PARTNER_VPC_ID, SUFFIX, VPC_ID
from generator.shape import Shape
from generator.stacks import _peering
from generator.stacks._template import outputs, template


def build(shape: Shape) -> Template:
    """Return the template ``peering-request``."""
    result = template(
        "The requesting side of a peering between two regions.", (SUFFIX, *_peering.INPUTS, VPC_ID, PARTNER_VPC_ID)
    )
    _peering.COMPUTE.declare(result)
    _peering.DATA.declare(result)
    result.add_resource(_connection())
    for resource in (*_peering.routes(Ref("Peering")), *_peering.rules()):
        result.add_resource(resource)
    outputs(result, PeeringConnectionId=(Ref("Peering"), "The connection, for the accepting side's routes."))
    return result


def _connection() -> VPCPeeringConnection:
    return VPCPeeringConnection(
        "Peering",
        VpcId=VPC_ID.ref,
        PeerVpcId=PARTNER_VPC_ID.ref,
        PeerRegion=PARTNER_REGION.ref,
        Tags=Tags(Name=Sub("dr-${Suffix}-${AWS::Region}-${PartnerRegion}")),
    )
