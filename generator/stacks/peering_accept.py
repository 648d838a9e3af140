"""The accepting side of one pair's peering: routes back, and rules for the requester's exact subnets.

The connection accepts itself within an account (trap 78); what is left here is the way back, without which
the global endpoint resolves to an address that has no route (trap 18).
"""

from __future__ import annotations

from troposphere import Template

from generator.inputs import PARTNER_REGION, PEERING_CONNECTION_ID
from generator.shape import Shape
from generator.stacks import _peering
from generator.stacks._template import outputs, template


def build(shape: Shape) -> Template:
    """Return the template ``peering-accept``."""
    result = template("The accepting side of a peering between two regions.", (*_peering.INPUTS, PEERING_CONNECTION_ID))
    _peering.COMPUTE.declare(result)
    _peering.DATA.declare(result)
    for resource in (*_peering.routes(PEERING_CONNECTION_ID.ref), *_peering.rules()):
        result.add_resource(resource)
    outputs(result, PartnerRegion=(PARTNER_REGION.ref, "The region that this side is peered with."))
    return result
