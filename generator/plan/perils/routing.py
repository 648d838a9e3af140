"""Perils of DNS: health checks that start anew, and records that are exchanged."""

from __future__ import annotations

from collections.abc import Iterator

from generator.plan import recorded
from generator.plan.model import Refusal
from generator.plan.perils.case import Case

CHANGE_HEALTH_CHECKS = "--change-health-checks"
_CHECK = "AWS::Route53::HealthCheck"
_RECORDS = ("records-failover", "records-weighted")


def checks_in_an_incident(case: Case) -> Iterator[Refusal]:
    """Refuse to change health checks while the active region is not home, or one is superseded (traps 29, 31).

    A new check starts healthy, whatever it will find (Route 53 Developer Guide, "How Route 53 determines the status
    of health checks"): the region that was lost would be answered again. Nobody knowing is no better.
    """
    active, homes = case.seen.database.active, _homes(case)
    away = bool(active and homes and active not in homes)
    reason = "nobody knows whether a region is superseded" if not case.seen.markers_known else ""
    reason = f"{case.seen.markers[0]} is superseded" if case.seen.markers else reason
    reason = f"{active} is active and {', '.join(homes)} is home" if away else reason
    if not reason:
        return
    for _, place, change in case.changes():
        if change.type == _CHECK and change.kind != "added":
            yield Refusal(
                "31",
                f"{change.logical_id} of {place.stackset} in {place.region} is {change.kind} while {reason}",
                f"make the active region home first (dns.home), or allow it with {CHANGE_HEALTH_CHECKS}",
                CHANGE_HEALTH_CHECKS,
            )


def records_exchanged(case: Case) -> Iterator[Refusal]:
    """Refuse to go from a failover pair to a weighted set, or back, without being told so."""
    old = {each.stack for each in case.leftovers if each.stack in _RECORDS and each.region}
    new = {each.stack for each in case.placed.of(*_RECORDS)}
    if old and old != new:
        yield Refusal(
            "34b",
            f"{' and '.join(sorted(old))} give way to {' and '.join(sorted(new))}: in between, no name has an answer",
            f"allow it with {CHANGE_HEALTH_CHECKS}, when clients can do without resolving for some minutes",
            CHANGE_HEALTH_CHECKS,
        )


def _homes(case: Case) -> tuple[str, ...]:
    """Return the home region of the records as they are deployed."""
    found = (recorded.deployed(case.seen, each, "Home") for each in (*case.placed.of(*_RECORDS), *case.leftovers))
    return tuple(sorted({each for each in found if each}))


CHECKS = (checks_in_an_incident, records_exchanged)
