"""Plain stacks: those that are there before any StackSet, one call a stack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generator import naming
from generator.config import Environment
from generator.placement import Instance
from generator.plan.model import Action, CreateStack, DeleteStack, Seen, SeenStack, UpdateStack, Wait, Work
from generator.plan.states import DELETE_FAILED, STUCK, busy, dark, never_made


def plain_actions(
    environment: Environment, work: Work, values: Mapping[Instance, Mapping[str, str]], template: str, seen: Seen
) -> tuple[Action, ...]:
    """Return the calls that bring the work's plain stacks to ``values`` and ``template``, or take them away."""
    found: list[Action] = []
    for place in work.places:
        stack = seen.plain.get((place.account, place.stackset))
        if dark(seen, place):
            continue
        if stack is not None and busy(stack):
            moving = ((place.account, place.region, stack.name),)
            return (Wait(f"the stack is {stack.status}", work.name, (), moving),)
        if work.remove:
            found += _removed(place, stack)
        else:
            found += _brought(environment, place, values[place], template, stack)
    return tuple(found)


def _removed(place: Instance, stack: SeenStack | None) -> Iterator[Action]:
    if stack is not None:
        yield DeleteStack("no longer wanted", stack.name, place.account, stack.region)


def _brought(
    environment: Environment, place: Instance, values: Mapping[str, str], template: str, stack: SeenStack | None
) -> Iterator[Action]:
    where = (place.stackset, place.account, place.region)
    if stack is not None and (never_made(stack) or stack.status == DELETE_FAILED):
        yield DeleteStack("the stack was never complete, and can only be made again", *where)
        yield CreateStack("made again", *where, template, dict(values))
    elif stack is None:
        yield CreateStack("not there yet", *where, template, dict(values))
    elif stack.status != STUCK:
        changed = _changed(environment, values, template, stack)
        if changed:
            yield UpdateStack(f"changed: {changed}", *where, template, dict(values))


def _changed(environment: Environment, values: Mapping[str, str], template: str, stack: SeenStack) -> str:
    names = sorted(
        name for name in {*values, *stack.parameters} if values.get(name, "") != stack.parameters.get(name, "")
    )
    if stack.template.strip() != template.strip():
        names.append("the template")
    if dict(stack.tags) != naming.tags(environment.suffix, dict(environment.tags)):
        names.append("the tags")
    return ", ".join(names)
