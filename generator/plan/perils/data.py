"""Perils of resources that hold data: replaced, removed, or taken out of the global database."""

from __future__ import annotations

from collections.abc import Iterator

from generator.plan.keeping import RENEWED, kept
from generator.plan.model import Refusal
from generator.plan.perils.case import Case

REPLACE_DATA = "--replace-data"
_GLOBAL = "GlobalClusterIdentifier"


def detached(case: Case) -> Iterator[Refusal]:
    """Refuse, always, what would take a cluster out of the global database (trap 13)."""
    for _, place, change in case.changes():
        if change.type == "AWS::RDS::DBCluster" and _GLOBAL in (*change.properties, *change.dropped):
            yield Refusal(
                "13",
                f"{change.logical_id} of {place.stackset} in {place.region} would leave the global database",
                f"put {_GLOBAL} back; detaching is for failback in a disaster, and never by template",
            )


def replaced_or_removed(case: Case) -> Iterator[Refusal]:
    """Refuse to replace or remove what holds data, without being told so."""
    for work, place, change in case.changes():
        lost = change.kind in ("replaced", "removed")
        if not (change.holds_data and lost) or _GLOBAL in (*change.properties, *change.dropped):
            continue
        why = f" ({', '.join(change.properties)} changes)" if change.properties else ""
        what = change.kind if change.certain else "perhaps replaced"
        yield Refusal(
            "48",
            f"{change.type} {change.logical_id} of {work.name} in {place.region} is {what}{why}",
            f"look at it with diff; allow it with {REPLACE_DATA}",
            REPLACE_DATA,
        )


def loosened(case: Case) -> Iterator[Refusal]:
    """Refuse to let go of what was kept: with the next deletion the data would be gone, whoever asks for that."""
    found: dict[tuple[str, str], list[str]] = {}
    for _, place, change in case.changes():
        if change.holds_data and change.loosened:
            names = found.setdefault((place.stackset, place.region), [])
            names += [] if change.logical_id in names else [change.logical_id]
    for (name, region), resources in found.items():
        yield Refusal(
            "48",
            f"{', '.join(resources)} of {name} in {region} would be kept no longer when deleted or replaced",
            f"put disposable back to what it was when this was deployed, or allow it with {REPLACE_DATA}",
            REPLACE_DATA,
        )


def stack_with_data_dropped(case: Case) -> Iterator[Refusal]:
    """Refuse to take a stack with data out of a region that stays, without being told so."""
    staying = {region.name for region in case.environment.all_regions}
    for each in case.leftovers:
        region_given_up = each.stack in ("database", "storage")
        holds = kept(each.stack, case.environment.shape) and each.stack not in RENEWED
        if each.region in staying and holds and not region_given_up:
            yield Refusal(
                "48",
                f"{each.stackset} in {each.region} holds data, and the file no longer asks for it",
                f"put it back, or allow it with {REPLACE_DATA}: the stack then stays, without its StackSet",
                REPLACE_DATA,
            )


CHECKS = (detached, replaced_or_removed, loosened, stack_with_data_dropped)
