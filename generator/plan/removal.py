"""Stacks deleted in the reverse of the order in which they were made, databases by the role that they have now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from graphlib import TopologicalSorter

from generator import naming
from generator.catalog import NAMES, stack
from generator.config import Environment
from generator.placement import Instance
from generator.plan.graph import below
from generator.plan.leftovers import ours
from generator.plan.model import Action, DeleteInstances, DeleteStack, DeleteStackSet, Seen
from generator.plan.steps import AssertNoMembers, EmptyBucket

_BUCKETS = ("DataBucket", "LogBucket", "CodeBucket", "TemplateBucket")
"""Outputs that name a bucket."""

_SLOWLY = "; a function's network interfaces may hold its groups and subnets for up to forty minutes (trap 77)"

Waves = list[list[Action]]


def removed(environment: Environment, seen: Seen, going: Iterable[Instance]) -> Waves:
    """Return the waves that delete these instances, and StackSets of which nothing is left."""
    places = tuple(going)
    waves: Waves = []
    ended: list[Action] = [
        DeleteStackSet("it has no instance", stackset.name)
        for stackset in ours(environment, seen)
        if not stackset.instances
    ]
    for level in _levels(environment, [each for each in places if not stack(each.stack).plain]):
        before, delete = _level(environment, seen, level)
        waves += [before] if before else []
        delete[0] += ended
        waves += delete
        ended = list(_stacksets(seen, level))
    waves += [ended] if ended else []
    plain = [each for each in places if stack(each.stack).plain]
    for each in sorted(plain, key=lambda each: NAMES.index(each.stack), reverse=True):  # the lease's table last of all
        waves += [list(_emptied(seen, [each])), [DeleteStack("nothing needs it any more", *_where(each))]]
    return [wave for wave in waves if wave]


def _where(place: Instance) -> tuple[str, str, str]:
    return place.stackset, place.account, place.region


def _levels(environment: Environment, places: list[Instance]) -> Iterator[list[Instance]]:
    """Yield the instances level by level: each when all that stand on its stack are gone."""
    stands_on = below(environment.shape)
    names = {each.stack for each in places}
    graph = {name: {other for other in names if name in stands_on[other]} for name in names}
    levels: dict[str, int] = {}
    for name in TopologicalSorter(graph).static_order():
        levels[name] = 1 + max((levels[each] for each in graph[name]), default=-1)
    for level in range(1 + max(levels.values(), default=-1)):
        yield [each for each in places if levels[each.stack] == level]


def _level(environment: Environment, seen: Seen, level: list[Instance]) -> tuple[list[Action], Waves]:
    """Return what goes before the level's deletions, and these: databases one after the other, the active last."""
    before: list[Action] = []
    if environment.disposable:
        before += _emptied(seen, level)
    for each in level:
        if each.stack == "global-database":
            cluster = naming.GLOBAL_CLUSTER.of(suffix=environment.suffix)
            before.append(AssertNoMembers("deleting one with members reaches beyond it", each.region, cluster))
    databases = sorted(
        (each for each in level if each.stack == "database"), key=lambda each: each.region == seen.database.active
    )
    one_by_one = [[*_deleted(seen, [each], _role(seen, each))] for each in databases]
    one_by_one += _one_by_one(seen, level)
    others = [each for each in level if each.stack not in ("database", "records-weighted")]
    delete = one_by_one or [[]]
    delete[0] = [*_deleted(seen, others, ""), *delete[0]]
    return before, delete


def _one_by_one(seen: Seen, level: list[Instance]) -> Waves:
    """Return the records of one zone, which never change at the same time (trap 34b)."""
    return [[*_deleted(seen, [each], "")] for each in level if each.stack == "records-weighted"]


def _role(seen: Seen, place: Instance) -> str:
    if not seen.database.active:
        return ""
    return "the active region, after its standbys" if place.region == seen.database.active else "a standby"


def _deleted(seen: Seen, places: Iterable[Instance], reason: str) -> Iterator[Action]:
    groups: dict[tuple[str, str, bool], list[Instance]] = {}
    for each in places:
        groups.setdefault((each.stackset, each.account, seen.stack_of(each) is None), []).append(each)
    for (name, account, gone), those in groups.items():
        why = reason or "nothing that stands on it is left"
        if gone:
            why = "the stack is gone already"
        elif those[0].stack == "network":
            why += _SLOWLY
        yield DeleteInstances(why, name, account, tuple(each.region for each in those), retain=gone)


def _stacksets(seen: Seen, level: list[Instance]) -> Iterator[Action]:
    for name in dict.fromkeys(each.stackset for each in level):
        here = sum(each.stackset == name for each in level)
        if here == len(seen.stacksets[name].instances):
            yield DeleteStackSet("it has no instance left", name)


def _emptied(seen: Seen, places: Iterable[Instance]) -> Iterator[Action]:
    for each in places:
        found = seen.stack_of(each)
        for name in _BUCKETS if found is not None and each.stack in ("storage", "artifacts", "deployment") else ():
            if found is not None and (bucket := found.outputs.get(name)):
                yield EmptyBucket("a bucket with objects can't be deleted", each.account, each.region, bucket)
