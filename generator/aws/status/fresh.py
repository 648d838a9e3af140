"""What a new environment has not had the time for, told from the age of its stacks (pure)."""

from __future__ import annotations

from generator import naming
from generator.aws.status.report import RegionFacts, Report

FIRST_MINUTES = 5
"""When a region's first proof is there at the latest, and its health checks and DNS follow it.

A schedule begins within its minute and is run once a minute (EventBridge Scheduler User Guide, "Schedule types"),
a proof belongs to the minute in which it was made, and Route 53 and CloudWatch show it a minute or two later.
"""

FIRST_RINGS = {
    "probe-silent": ("probe", 10),
    "unwatched": ("health", 10),
    "preflight": ("recovery", 3 * 60),
    "no-backups": ("backup", 2 * 24 * 60),
}
"""Alarms for which silence is a failure, so that they ring from birth until what they wait for has come: by the end of
their names, the stack whose age counts, and the minutes within which it comes."""

_LAST_OF_A_REGION = ("probe", "marker", "health")
"""The probe can sign in once the ``health`` stack is being made: ``deploy`` gives it its role before."""


def age_ms(report: Report, facts: RegionFacts, *names: str) -> int | None:
    """Return how old the youngest of these stacks is, None when none of them shows its age."""
    starts = tuple(f"{naming.STACKSET.of(suffix=report.suffix)}-{name}" for name in names)
    born = [
        each.created_ms
        for each in facts.stacks or ()
        if each.created_ms and any(each.stackset == start or each.stackset.startswith(f"{start}-") for start in starts)
    ]
    return max(0, report.at_ms - max(born)) if born else None


def new(report: Report, facts: RegionFacts) -> bool:
    """Return whether the region is so new that its first proof may be still to come."""
    age = age_ms(report, facts, *_LAST_OF_A_REGION)
    return age is not None and age < FIRST_MINUTES * 60_000


def awaited(report: Report, facts: RegionFacts) -> str:
    """Return what is still to come, in words; empty when the region is not new, or has spoken."""
    if not new(report, facts) or (facts.measured and facts.measured.proof):
        return ""
    seconds = (age_ms(report, facts, *_LAST_OF_A_REGION) or 0) // 1000
    return f"deployed {seconds} s ago: its first proof comes within {FIRST_MINUTES} minutes"


def any_new(report: Report) -> bool:
    """Return whether any data region is new; DNS follows the last of them."""
    return any(new(report, each) for each in report.regions if each.role != "witness")


def rings_from_birth(report: Report, facts: RegionFacts, alarm: str) -> bool:
    """Return whether an alarm rings only because what it waits for can't have come yet."""
    for end, (stack, minutes) in FIRST_RINGS.items():
        if alarm.endswith(f"-{end}"):
            age = age_ms(report, facts, stack)
            return age is not None and age < minutes * 60_000
    return False
