"""Which work goes together, and after which other: waves, as few as the longest path has nodes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from graphlib import TopologicalSorter

from generator.config import Environment
from generator.placement import Instance
from generator.plan import recorded
from generator.plan.graph import Graph, Node, graph, upgraded
from generator.plan.model import Kind, Plan, Seen, Work

_Key = tuple[Kind, str, bool, bool, int]
_ONE_AFTER_THE_OTHER = ("database", "records-weighted")
"""Stacks whose regions never go at the same time: standbys join, and records of one zone change, one by one
(traps 14, 34b)."""


def plan(environment: Environment, seen: Seen) -> Plan:
    """Return the waves that bring the environment from what was seen to what is wanted.

    Whatever can go at the same time is in one wave, and all regions of a StackSet that are in one wave are one
    work. A work is planned for what is in order already too: whether it has anything to do,
    :func:`generator.plan.actions.actions` tells when its turn has come.
    """
    found = graph(environment, seen)
    levels = _levels(found)
    works: dict[_Key, list[Node]] = defaultdict(list)
    for node in found.before:
        works[_key(node, levels[node])].append(node)
    names = _named(environment, seen, works, found)
    waves: list[list[Work]] = [[] for _ in range(1 + max(levels.values()))]
    owner = {node: key for key, nodes in works.items() for node in nodes}
    for key, nodes in works.items():
        after = {owner[before] for node in nodes for before in found.before[node]}
        direct = sorted(names[each].id for each in after if each[4] == key[4] - 1)
        waves[key[4]].append(replace(names[key], after=tuple(direct)))
    return Plan(environment.suffix, tuple(tuple(wave) for wave in waves))


def _levels(found: Graph) -> dict[Node, int]:
    levels: dict[Node, int] = {}
    for node in TopologicalSorter(found.before).static_order():
        levels[node] = 1 + max((levels[each] for each in found.before[node]), default=-1)
    return levels


def _key(node: Node, level: int) -> _Key:
    return (node.kind, _name(node), node.final, node.remove, level)


def _name(node: Node) -> str:
    if node.place is not None:
        return node.place.stackset
    if node.kind is Kind.PACKAGES:
        return f"packages in {node.region}"
    return "bootstrap" if node.kind is Kind.BOOTSTRAP else "checks"


def _named(environment: Environment, seen: Seen, works: dict[_Key, list[Node]], found: Graph) -> dict[_Key, Work]:
    """Return each group of nodes as a work, and number those that share everything but the wave."""
    alike: dict[tuple[object, ...], list[_Key]] = defaultdict(list)
    for key in works:
        alike[key[:4]].append(key)
    named = {}
    for keys in alike.values():
        for index, key in enumerate(sorted(keys, key=lambda each: each[4]), 1):
            work = _work(environment, seen, works[key], found)
            named[key] = replace(work, part=f"{index} of {len(keys)}" if len(keys) > 1 else "")
    return named


def _work(environment: Environment, seen: Seen, nodes: list[Node], found: Graph) -> Work:
    one = nodes[0]
    places = tuple(node.place for node in nodes if node.place is not None)
    stack = places[0].stack if places else ""
    again = all(replace(node, final=False) in found.before for node in nodes) and one.final
    ordered = len(places) > 1 and stack in _ONE_AFTER_THE_OTHER and not again
    if ordered:
        places = _in_order(environment, seen, places)
    return Work(
        kind=one.kind,
        name=_name(one),
        stack=stack,
        places=places,
        region=one.region,
        ordered=ordered,
        final=one.final,
        remove=one.remove,
    )


def _in_order(environment: Environment, seen: Seen, places: tuple[Instance, ...]) -> tuple[Instance, ...]:
    """Return the places in the regions' order, the origin first; for a minor upgrade the active one last (trap 15)."""
    if places[0].stack != "database" or not upgraded(environment, seen, places):
        first = recorded.origin(environment, seen)
        return tuple(sorted(places, key=lambda each: each.region != first))
    return tuple(sorted(places, key=lambda each: each.region == seen.database.active))
