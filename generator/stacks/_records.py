"""The names that applications use, as record sets that carry a region's health check.

A record without a check is always healthy (trap 32), so there is none. Records are CNAMEs: an alias may
only point to a record of the same type in the same zone (trap 81), and RDS endpoints are neither.
"""

from __future__ import annotations

from typing import Any

from troposphere import Join, Split, Sub
from troposphere.route53 import RecordSet

from generator.inputs import TTL

NAMES = ("writer", "reader", "service")


def writer_host(reader_host: Any) -> Join:
    """Return the writer endpoint, derived from the reader's: a standby has none of its own (trap 70)."""
    return Join(".cluster-", Split(".cluster-ro-", reader_host))


def record(name: str, target: Any, region: Any, check: Any, **routing: Any) -> RecordSet:
    """Return one region's record for one name; ``routing`` is Failover or Weight."""
    return RecordSet(
        Name=Sub(name + ".${Domain}"),
        Type="CNAME",
        TTL=TTL.ref,
        SetIdentifier=region,
        HealthCheckId=check,
        ResourceRecords=[target],
        **routing,
    )
