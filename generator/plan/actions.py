"""What brings one work's StackSet or stacks from what was seen to what is wanted: calls, in order, with reasons.

Nothing to do is no action, so a second deploy changes nothing. What someone began is waited for, never begun
again. Overrides are always sent whole (trap 44). A dark region is never touched.

CloudFormation API Reference, ``UpdateStackSet``: a new template marks every instance OUTDATED, and updates those
of the regions that are named; the stack set keeps the template even when that fails. So the regions of this
work are named, and others wait for their own work as OUTDATED.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from generator import naming
from generator.config import Environment
from generator.placement import Instance
from generator.plan.keeping import kept, outliving
from generator.plan.model import (
    Action,
    CreateInstances,
    CreateStackSet,
    DeleteInstances,
    DeleteStackSet,
    Kind,
    Seen,
    SeenInstance,
    SeenStackSet,
    UpdateInstances,
    UpdateStackSet,
    Wait,
    Work,
)
from generator.plan.plain import plain_actions
from generator.plan.states import CURRENT, DELETE_FAILED, INOPERABLE, STUCK, busy, dark, never_made
from generator.plan.wanted import parsed, stackset_parameters

Values = Mapping[Instance, Mapping[str, str]]


def actions(environment: Environment, work: Work, values: Values, template: str, seen: Seen) -> tuple[Action, ...]:
    """Return the calls that bring the work's places to ``values`` and ``template``; none when all is in order.

    ``values`` holds every parameter of each place whose region answers. What comes back is for what was seen: after
    a Wait, the caller looks again and asks again. Works without places (packages, bootstrap, checks) have none.
    """
    if work.kind is Kind.PLAIN:
        return plain_actions(environment, work, values, template, seen)
    if work.kind is not Kind.STACKSET:
        return ()
    stackset = seen.stacksets.get(work.name)
    waiting = _waiting(work, stackset, seen)
    if waiting:
        return (waiting,)
    if work.remove:
        return tuple(_removed(environment, work, stackset, seen))
    return tuple(_brought(_Case(environment, work, values, template, stackset, seen)))


class _Case:
    """One work on one StackSet, sorted by what has to be done to each place."""

    def __init__(  # noqa: PLR0913, PLR0917 - what actions() was given
        self, environment: Environment, work: Work, values: Values, template: str,
        stackset: SeenStackSet | None, seen: Seen,
    ) -> None:  # fmt: skip
        self.work, self.values, self.template, self.stackset = work, values, template, stackset
        self.parameters = stackset_parameters(template, {each: values[each] for each in work.places if each in values})
        self.tags = naming.tags(environment.suffix, dict(environment.tags))
        self.gone: list[Instance] = []
        self.broken: list[Instance] = []
        self.missing: list[Instance] = []
        self.standing: dict[Instance, SeenInstance] = {}
        for place in work.places:
            if not dark(seen, place):
                self._sort(environment, place, stackset.instance(place.account, place.region) if stackset else None)

    def _sort(self, environment: Environment, place: Instance, found: SeenInstance | None) -> None:
        stack = found.stack if found else None
        if found is None:
            self.missing.append(place)
        elif stack is None:
            self.gone.append(place)
        elif never_made(stack):
            self.broken.append(place)
        elif found.status == INOPERABLE or stack.status == DELETE_FAILED:
            if not kept(place.stack, environment.shape):
                self.broken.append(place)
        elif stack.status != STUCK:
            self.standing[place] = found

    @property
    def outdated_template(self) -> bool:
        """Tell whether the StackSet itself is not as wanted: its template or its tags."""
        found = self.stackset
        return found is not None and (found.template.strip() != self.template.strip() or dict(found.tags) != self.tags)


def _brought(case: _Case) -> Iterator[Action]:
    name = case.work.name
    if case.stackset is None:
        yield CreateStackSet("the StackSet is not there", name, case.template, case.parameters)
    yield from _deleted(case.work, case.gone, "the stack is gone, and only the StackSet still lists it", retain=True)
    yield from _deleted(
        case.work, case.broken, "the stack was never complete, and can only be made again", retain=False
    )
    if case.outdated_template:
        regions = _regions(case.standing) or _others(case)
        yield UpdateStackSet(_why(case), name, case.template, case.parameters, regions, case.work.ordered)
    changed = [each for each, found in case.standing.items() if _differs(case, each, found)]
    new = {*case.gone, *case.broken, *case.missing}
    for places in _together(case, [each for each in case.work.places if each in new or each in changed], new):
        first, regions = places[0], _regions(places)
        overrides = dict(case.values[first])
        if first in new:
            yield CreateInstances(_reason_new(case, first), name, first.account, regions, overrides)
        else:
            yield UpdateInstances(_reason_changed(case, first), name, first.account, regions, overrides)


def _differs(case: _Case, place: Instance, found: SeenInstance) -> bool:
    """Tell whether the place needs an update of its own, after the StackSet's if there is one."""
    assert found.stack is not None
    if found.status != CURRENT:
        return True
    before = dict(found.stack.parameters)
    if case.outdated_template:
        declared = parsed(case.template).get("Parameters") or {}
        before = {name: before.get(name, case.parameters.get(name, "")) for name in declared}
    return before != dict(case.values[place])


def _together(case: _Case, places: Iterable[Instance], new: set[Instance]) -> Iterator[list[Instance]]:
    """Yield the places that one call can take: same verb, same account, same overrides; one by one when ordered."""
    groups: dict[tuple[object, ...], list[Instance]] = {}
    for index, each in enumerate(places):
        same = (each in new, each.account, tuple(sorted(case.values[each].items())))
        groups.setdefault((index,) if case.work.ordered else same, []).append(each)
    yield from groups.values()


def _others(case: _Case) -> tuple[str, ...]:
    """Return the regions of the StackSet that stand, when none of this work's does: they take the template now."""
    found = case.stackset.instances if case.stackset else ()
    return tuple(
        each.region
        for each in found
        if each.reachable and each.stack is not None and not never_made(each.stack) and each.status != INOPERABLE
    )


def _deleted(work: Work, places: Iterable[Instance], reason: str, *, retain: bool) -> Iterator[Action]:
    accounts: dict[str, list[Instance]] = {}
    for each in places:
        accounts.setdefault(each.account, []).append(each)
    for account, those in accounts.items():
        yield DeleteInstances(reason, work.name, account, _regions(those), retain)


def _removed(environment: Environment, work: Work, stackset: SeenStackSet | None, seen: Seen) -> Iterator[Action]:
    """Take places away. What holds data, or stands under it, only leaves the StackSet and stays as a stack."""
    if stackset is None:
        return
    places = [each for each in work.places if stackset.instance(each.account, each.region) and not dark(seen, each)]
    stays = [each for each in places if each.stack in outliving(environment)]
    goes = [each for each in places if each not in stays]
    released = "no longer wanted here; the stack holds data, or data needs it, so it stays, without its StackSet"
    for group in [[each] for each in stays] if work.ordered else [stays]:
        yield from _deleted(work, group, released, retain=True)
    for group in [[each] for each in goes] if work.ordered else [goes]:
        yield from _deleted(work, group, "no longer wanted here", retain=False)
    if len(places) == len(stackset.instances):
        yield DeleteStackSet("no instance of it is wanted", work.name)


def _waiting(work: Work, stackset: SeenStackSet | None, seen: Seen) -> Wait | None:
    """Return what has to end first: operations of the StackSet, or something that is done to a stack of it."""
    if stackset is None:
        return None
    if stackset.operations:
        words = ", ".join(f"{each.action} is {each.status}" for each in stackset.operations)
        return Wait(f"an operation has not ended: {words}", work.name, tuple(each.id for each in stackset.operations))
    stacks = [(each, seen.stack_of(each)) for each in work.places if not dark(seen, each)]
    moving = tuple((each.account, each.region, found.name) for each, found in stacks if found and busy(found))
    if not moving:
        return None
    where = ", ".join(region for _, region, _ in moving)
    return Wait(f"something is being done to its stack in {where}", work.name, (), moving)


def _why(case: _Case) -> str:
    assert case.stackset is not None
    template = case.stackset.template.strip() != case.template.strip()
    return "the template has changed" if template else "the tags have changed"


def _reason_new(case: _Case, place: Instance) -> str:
    return "made again" if place in case.gone or place in case.broken else "not there yet"


def _reason_changed(case: _Case, place: Instance) -> str:
    found, wanted = case.standing[place], case.values[place]
    before = found.stack.parameters if found.stack else {}
    names = [name for name in wanted if before.get(name) != wanted[name]]
    if names:
        return "changed: " + ", ".join(sorted(names))
    return f"the last operation left it {found.status}" + (f": {found.reason}" if found.reason else "")


def _regions(places: Iterable[Instance]) -> tuple[str, ...]:
    return tuple(each.region for each in places)
