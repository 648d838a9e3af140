"""The failover pair of an environment with two data regions: PRIMARY at home, SECONDARY in the other.

Both halves are in one record set group, so that moving home is one atomic change: across two stacks the
first update would make two of a kind and be refused (trap 34a). ``service.`` is there for both or for
neither: one half alone would be answered for ever. Route 53 answers home unless home is unhealthy and the
other is not; when neither is healthy it answers home, which is why home follows the writer after an event
(trap 32).
"""

from __future__ import annotations

from typing import Any

from troposphere import And, Equals, If, Join, Not, NoValue, Template
from troposphere.route53 import RecordSetGroup

from generator.inputs import DOMAIN, FIRST_SIDE, HOME, SECOND_SIDE, TTL, ZONE_ID
from generator.shape import Shape
from generator.slots import NONE
from generator.stacks._records import NAMES, record, writer_host
from generator.stacks._template import outputs, template

_SIDES = {"First": FIRST_SIDE, "Second": SECOND_SIDE}


def build(shape: Shape) -> Template:
    """Return the template ``records-failover``."""
    result = template(
        "The failover pair for writer., reader. and service.",
        (DOMAIN, ZONE_ID, TTL, HOME, *_SIDES["First"], *_SIDES["Second"]),
    )
    first_region, _, _, first_service = _SIDES["First"]
    second_service = _SIDES["Second"][3]
    result.add_condition("FirstIsHome", Equals(HOME.ref, first_region.ref))
    result.add_condition("HasService", And(Not(Equals(first_service.ref, NONE)), Not(Equals(second_service.ref, NONE))))
    result.add_resource(_records())
    outputs(
        result,
        WriterName=(Join(".", ["writer", DOMAIN.ref]), "The name that applications write to."),
        ReaderName=(Join(".", ["reader", DOMAIN.ref]), "The name that applications read from."),
        Home=(HOME.ref, "The region that is answered when none is healthy."),
    )
    return result


def _records() -> RecordSetGroup:
    return RecordSetGroup(
        "Records",
        HostedZoneId=ZONE_ID.ref,
        Comment="The names follow the writer.",
        RecordSets=[_side(name, side) for name in NAMES for side in _SIDES],
    )


def _side(name: str, side: str) -> Any:
    region, reader, check, service = _SIDES[side]
    primary, secondary = ("PRIMARY", "SECONDARY") if side == "First" else ("SECONDARY", "PRIMARY")
    target = {"writer": writer_host(reader.ref), "reader": reader.ref, "service": service.ref}[name]
    made = record(name, target, region.ref, check.ref, Failover=If("FirstIsHome", primary, secondary))
    return If("HasService", made, NoValue) if name == "service" else made
