"""What brings one work's StackSet or stacks from what was seen to what is wanted: calls, in order, with reasons.

Nothing to do is no action, so a second deploy changes nothing. What someone began is waited for, never begun
again; only what a dark region keeps busy is not waited for. Overrides are always sent whole (trap 44). A dark region
is never touched.

CloudFormation API Reference, ``UpdateStackSet``: a new template marks every instance OUTDATED, and updates those
of the regions that are named; the stack set keeps the template even when that fails. So the regions of this
work are named, and others wait for their own work as OUTDATED; naming none would update all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from generator.config import Environment
from generator.placement import Instance
from generator.plan.keeping import outliving
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
from generator.plan.reach import check_reach, outdated, standing
from generator.plan.states import CURRENT, DELETE_FAILED, INOPERABLE, STUCK, busy, dark, hanging, never_made
from generator.plan.wanted import parsed, stackset_parameters

Values = Mapping[Instance, Mapping[str, str]]


def actions(environment: Environment, work: Work, values: Values, template: str, seen: Seen) -> tuple[Action, ...]:
    """Return the calls that bring the work's places to ``values`` and ``template``; none when all is in order.

    ``values`` holds every parameter of each place whose region answers. What comes back is for what was seen: after
    a Wait, the caller looks again and asks again. Works without places (packages, bootstrap, checks) have none, nor
    has a StackSet that only dark regions keep busy (:func:`generator.plan.reach.passed_over` names it).

    Raises OutOfReachError when something has to be made with a template that can't be sent.
    """
    if work.kind is Kind.PLAIN:
        return plain_actions(environment, work, values, template, seen)
    if work.kind is not Kind.STACKSET:
        return ()
    stackset = seen.stacksets.get(work.name)
    if stackset is not None and hanging(seen, stackset):
        return ()
    check_reach(environment, work, template, seen)
    doing = tuple(
        _removed(environment, work, stackset, seen)
        if work.remove
        else _brought(_Case(environment, work, values, template, stackset, seen))
    )
    waiting = _waiting(work, stackset, seen, idle=not doing)
    return (waiting,) if waiting else doing


class _Case:
    """One work on one StackSet, sorted by what has to be done to each place."""

    def __init__(  # noqa: PLR0913, PLR0917 - what actions() was given
        self, environment: Environment, work: Work, values: Values, template: str,
        stackset: SeenStackSet | None, seen: Seen,
    ) -> None:  # fmt: skip
        self.work, self.values, self.template, self.stackset = work, values, template, stackset
        self.parameters = stackset_parameters(template, {each: values[each] for each in work.places if each in values})
        self.outdated_template = stackset is not None and outdated(environment, stackset, template)
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
            if place.stack not in outliving(environment):
                self.broken.append(place)
        elif stack.status != STUCK:
            self.standing[place] = found

    @property
    def to_update(self) -> tuple[str, ...]:
        """Return the regions that take the template: of this work, else of the whole StackSet, those that stand."""
        others = standing(self.stackset) if self.stackset else ()
        return _regions(self.standing) or tuple(each.region for each in others)

    @property
    def empty(self) -> bool:
        """Tell whether no instance is left when those that are made again are deleted."""
        again = {(each.account, each.region) for each in (*self.gone, *self.broken)}
        return self.stackset is None or {(each.account, each.region) for each in self.stackset.instances} <= again


def _brought(case: _Case) -> Iterator[Action]:
    name = case.work.name
    if case.stackset is None:
        yield CreateStackSet("the StackSet is not there", name, case.template, case.parameters)
    yield from _deleted(case.work, case.gone, "the stack is gone, and only the StackSet still lists it", retain=True)
    yield from _deleted(
        case.work, case.broken, "the stack was never complete, and can only be made again", retain=False
    )
    if case.outdated_template and (case.to_update or case.empty):
        yield UpdateStackSet(_why(case), name, case.template, case.parameters, case.to_update, case.work.ordered)
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


def _waiting(work: Work, stackset: SeenStackSet | None, seen: Seen, *, idle: bool) -> Wait | None:
    """Return what has to end first: operations of the StackSet, or something that is done to a stack of it.

    ``idle``: a work with nothing to do where there is an answer does not wait for operations in the dark.
    """
    if stackset is None:
        return None
    away = any(not each.reachable or each.region in seen.dark for each in stackset.instances)
    if stackset.operations and not (idle and away):
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
