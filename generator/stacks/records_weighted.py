"""This region's records in the weighted set of an environment with three or more data regions.

Weight 1 at home and 0 elsewhere. Route 53 looks at records of weight 0 only when all others are unhealthy,
and takes every record for healthy when all are unhealthy, so that home's 1 is then the answer (trap 32).
Records of one zone are changed one stack after the other, home first (trap 34b).
"""

from __future__ import annotations

from typing import Any

from troposphere import Equals, If, Join, Not, NoValue, Ref, Template
from troposphere.route53 import RecordSetGroup

from generator.inputs import DOMAIN, HEALTH_CHECK_ID, HOME, READER_HOST, SERVICE_HOST, TTL, ZONE_ID
from generator.shape import Shape
from generator.slots import NONE
from generator.stacks._records import NAMES, record, writer_host
from generator.stacks._template import outputs, template


def build(shape: Shape) -> Template:
    """Return the template ``records-weighted``."""
    result = template(
        "This region's weighted records for writer., reader. and service.",
        (DOMAIN, ZONE_ID, TTL, HOME, READER_HOST, HEALTH_CHECK_ID, SERVICE_HOST),
    )
    result.add_condition("IsHome", Equals(HOME.ref, Ref("AWS::Region")))
    result.add_condition("HasService", Not(Equals(SERVICE_HOST.ref, NONE)))
    result.add_resource(
        RecordSetGroup(
            "Records",
            HostedZoneId=ZONE_ID.ref,
            Comment="The names follow the writer.",
            RecordSets=[_record(name) for name in NAMES],
        )
    )
    outputs(
        result,
        WriterName=(Join(".", ["writer", DOMAIN.ref]), "The name that applications write to."),
        ReaderName=(Join(".", ["reader", DOMAIN.ref]), "The name that applications read from."),
        Home=(HOME.ref, "The region that is answered when none is healthy."),
    )
    return result


def _record(name: str) -> Any:
    target = {"writer": writer_host(READER_HOST.ref), "reader": READER_HOST.ref, "service": SERVICE_HOST.ref}[name]
    made = record(name, target, Ref("AWS::Region"), HEALTH_CHECK_ID.ref, Weight=If("IsHome", 1, 0))
    return If("HasService", made, NoValue) if name == "service" else made
