"""What a whole plan does to resources: each work's changes, place by place, before anything is done."""

from __future__ import annotations

from collections.abc import Mapping

from generator.placement import Instance
from generator.plan.changes import Change, Version, changes
from generator.plan.keeping import outliving
from generator.plan.model import Kind, Plan, Work
from generator.plan.reach import check_reach
from generator.plan.states import dark, never_made
from generator.plan.wanted import Facts, wanted

ByWork = Mapping[str, Mapping[Instance, tuple[Change, ...]]]
"""By the work's id: what becomes of the resources of each of its places; places without a change are left out."""


def effects(facts: Facts, plan: Plan, templates: Mapping[str, str]) -> ByWork:
    """Return what the plan does to resources; ``templates`` are the built ones by the catalogue's name.

    A value that waits for an output counts as another value than any that is deployed. Raises
    UnreadableTemplateError for a deployed template that can't be answered, and OutOfReachError for one that something
    has to be made with and that can't be sent.
    """
    found: dict[str, dict[Instance, tuple[Change, ...]]] = {}
    made: set[Instance] = set()
    for wave in plan.waves:
        for work in wave:
            if work.kind in (Kind.PLAIN, Kind.STACKSET):
                check_reach(facts.environment, work, templates.get(work.stack, ""), facts.seen)
                places = {each: _of(facts, work, each, templates, made) for each in work.places}
                found[work.id] = {each: those for each, those in places.items() if those}
    return found


def _of(
    facts: Facts, work: Work, place: Instance, templates: Mapping[str, str], made: set[Instance]
) -> tuple[Change, ...]:
    if dark(facts.seen, place) or not place.region or place in made:
        return ()
    old = deployed(facts, place)
    if work.remove:
        released = place.stack in outliving(facts.environment) and work.kind is Kind.STACKSET
        return () if released else changes(old, None, region=place.region, account=place.account)
    if old is None:
        made.add(place)
    values = wanted(facts, place, final=work.final)
    new = Version(templates[place.stack], {name: each.text for name, each in values.items() if each.text is not None})
    return changes(old, new, region=place.region, account=place.account)


def deployed(facts: Facts, place: Instance) -> Version | None:
    """Return the place's stack as it is deployed, None when it is not there."""
    stack = facts.seen.stack_of(place)
    if stack is None or never_made(stack):
        return None
    stackset = facts.seen.stacksets.get(place.stackset)
    return Version(stackset.template if stackset else stack.template, stack.parameters)
