"""What differs between what is deployed and what the environment file asks for, StackSet by StackSet.

Pure. The last word on what is done has the plan (which passes, in which order); this is where all of it leads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from generator import naming
from generator.placement import Instance
from generator.plan.changes import Change, Summary, Version, changes, summary, unified
from generator.plan.effects import deployed
from generator.plan.keeping import outliving
from generator.plan.leftovers import leftovers
from generator.plan.model import Value
from generator.plan.states import CURRENT, dark, seen_instance
from generator.plan.wanted import Facts, wanted

ADDED = "added"
CHANGED = "changed"
REMOVED = "removed"
RELEASED = "released"
DARK = "dark"


@dataclass(frozen=True)
class Parameter:
    """A parameter with another value than before; None is none, and ``known`` false that nobody can tell it yet.

    origin: where the new value comes from, in words.
    """

    name: str
    old: str | None
    new: str | None
    origin: str = ""
    known: bool = True


@dataclass(frozen=True)
class Place:
    """One instance that differs.

    verb: added, changed, removed, released (it leaves its StackSet and stays as a stack, since it holds data) or
    dark (its region did not answer, so nothing is known). state: of an instance that has to be updated although
    nothing differs, how its StackSet calls it.
    """

    region: str
    account: str
    verb: str
    parameters: tuple[Parameter, ...] = ()
    resources: tuple[Change, ...] = ()
    state: str = ""


@dataclass(frozen=True)
class Difference:
    """One StackSet or plain stack that differs. template: a unified diff, empty when it is the same or all new."""

    name: str
    stack: str
    verb: str
    template: str = ""
    tags: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Differences:
    """All of them, in the catalogue's order, and what becomes of resources, counted."""

    stacks: tuple[Difference, ...]
    resources: Summary
    dark: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Tell whether anything differs, as far as it is known."""
        return bool(self.stacks)


def differences(facts: Facts, templates: Mapping[str, str]) -> Differences:
    """Return what differs; ``templates`` are the built ones by the catalogue's name.

    Raises UnresolvedError for a template that can't be answered.
    """
    there = leftovers(facts.environment, facts.seen, facts.placed.instances)
    found = [
        each
        for name, places in _by_name(facts.placed.instances).items()
        if (each := _stack(facts, name, places, [one for one in there if one.stackset == name], templates))
    ]
    names = {each.stackset for each in facts.placed.instances}
    found += [_gone(facts, name, places) for name, places in _by_name(there).items() if name not in names]
    resources = [change for each in found for place in each.places for change in place.resources]
    return Differences(tuple(found), summary(resources), tuple(facts.seen.dark))


def _by_name(places: Iterable[Instance]) -> dict[str, list[Instance]]:
    found: dict[str, list[Instance]] = {}
    for each in places:
        found.setdefault(each.stackset, []).append(each)
    return found


def _stack(
    facts: Facts, name: str, places: list[Instance], leaving: list[Instance], templates: Mapping[str, str]
) -> Difference | None:
    """Return how one StackSet differs, None when it does not."""
    kind = places[0].stack
    deployed_text, tags = _deployed(facts, name, places)
    told = [_place(facts, each, templates[kind]) for each in places] + [_leaving(facts, each) for each in leaving]
    moved = tuple(each for each in told if each is not None)
    template = unified(deployed_text, templates[kind], name) if deployed_text else ""
    if not moved and not template and not tags:
        return None
    return Difference(name, kind, CHANGED if deployed_text else ADDED, template, tags, moved)


def _deployed(facts: Facts, name: str, places: list[Instance]) -> tuple[str, tuple[str, ...]]:
    """Return the deployed template, empty when there is none, and which tags differ, as ``-old`` and ``+new``."""
    stackset = facts.seen.stacksets.get(name)
    plain = [stack for each in places if (stack := facts.seen.plain.get((each.account, name)))]
    text = stackset.template if stackset else plain[0].template if plain else ""
    if stackset is None and not plain:
        return "", ()
    before = dict(stackset.tags if stackset else plain[0].tags)
    after = naming.tags(facts.environment.suffix, dict(facts.environment.tags))
    gone = [f"-{key}: {value}" for key, value in sorted(before.items()) if after.get(key) != value]
    new = [f"+{key}: {value}" for key, value in sorted(after.items()) if before.get(key) != value]
    return text, (*gone, *new)


def _place(facts: Facts, instance: Instance, template: str) -> Place | None:
    """Return how one instance differs, None when it does not."""
    where = (instance.region, instance.account)
    if dark(facts.seen, instance):
        return Place(*where, DARK)
    old = deployed(facts, instance)
    values = wanted(facts, instance, final=True)
    known = {name: value.text for name, value in values.items() if value.text is not None}
    parameters = _parameters(old.parameters if old else {}, values)
    resources = changes(old, Version(template, known), region=instance.region, account=instance.account)
    listed = seen_instance(facts.seen, instance)
    state = listed.status if listed and listed.status != CURRENT else ""
    if old is not None and not parameters and not resources and not state:
        return None
    return Place(*where, CHANGED if old else ADDED, parameters, resources, state)


def _parameters(old: Mapping[str, str], new: Mapping[str, Value]) -> tuple[Parameter, ...]:
    """Return the parameters whose value differs, and those that nobody can tell before something else is made."""
    found = [
        Parameter(name, old.get(name), value.text, value.origin.text, known=value.text is not None)
        for name, value in sorted(new.items())
        if value.text is None or old.get(name) != value.text
    ]
    return (*found, *(Parameter(name, old[name], None) for name in sorted(old.keys() - new.keys())))


def _leaving(facts: Facts, instance: Instance) -> Place:
    """Return the place that is deployed and no longer wanted."""
    where = (instance.region, instance.account)
    if dark(facts.seen, instance):
        return Place(*where, DARK)
    if instance.stack in outliving(facts.environment) and instance.stackset in facts.seen.stacksets:
        return Place(*where, RELEASED)
    old = deployed(facts, instance)
    return Place(*where, REMOVED, (), changes(old, None, region=instance.region, account=instance.account))


def _gone(facts: Facts, name: str, places: list[Instance]) -> Difference:
    """Return a StackSet of which nothing is wanted any more."""
    return Difference(
        name, places[0].stack, REMOVED, places=tuple(_leaving(facts, each) for each in places if each.region)
    )
