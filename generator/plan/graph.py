"""What waits for what, instance by instance: the links, the catalogue's ``after``, and what AWS asks for.

A node is one piece of work on one instance (or region); an edge says which other must be done before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property

from generator.catalog import NAMES, stack
from generator.config import Environment
from generator.placement import Instance
from generator.plan import recorded
from generator.plan.leftovers import leftovers
from generator.plan.model import Kind, Seen
from generator.plan.states import dark, there
from generator.shape import Shape
from generator.sources import Placed, inputs_of, links_of
from generator.values import CODE, two_passes

_RECORDS = ("records-failover", "records-weighted")
_PLAIN = tuple(name for name in NAMES if stack(name).plain)


@dataclass(frozen=True)
class Node:
    """One piece of work: what kind, on which instance or in which region, in which pass; or its removal."""

    kind: Kind
    place: Instance | None = None
    region: str = ""
    final: bool = True
    remove: bool = False

    @cached_property
    def _hash(self) -> int:
        return hash((self.kind.name, self.place, self.region, self.final, self.remove))

    def __hash__(self) -> int:
        """Return the hash, reckoned once: a node of ten regions is looked up in hundreds of sets."""
        return self._hash


@dataclass
class Graph:
    """Nodes, and for each those that must be done before it."""

    before: dict[Node, set[Node]] = field(default_factory=dict)

    def add(self, node: Node, before: Iterable[Node] = ()) -> None:
        """Add the node, if it is not there, and what it waits for."""
        self.before.setdefault(node, set()).update(before)


@dataclass
class _Passes:
    """The nodes of each instance: the first that gives its outputs, and the last that changes it."""

    first: dict[Instance, Node]
    last: dict[Instance, Node]

    def firsts(self, places: Iterable[Instance]) -> list[Node]:
        return [self.first[each] for each in places if each in self.first]

    def lasts(self, places: Iterable[Instance]) -> list[Node]:
        return [self.last[each] for each in places if each in self.last]


def graph(environment: Environment, seen: Seen) -> Graph:
    """Return all that is to be done and in which order; dark regions are left out of it."""
    places = recorded.placed(environment, seen)
    passes = _passes(places, seen)
    found = Graph()
    for each in passes.first:
        found.add(passes.first[each], _needed_by(each, places, passes))
        if passes.last[each] is not passes.first[each]:
            found.add(passes.last[each], [passes.first[each]])
    _packages(found, places, passes)
    _second_passes(found, places, passes)
    _database(found, places, passes, seen)
    _bootstrap(found, places, passes)
    _removals(found, places, seen)
    found.add(Node(Kind.CHECKS), list(found.before))
    return found


def upgraded(environment: Environment, seen: Seen, places: Iterable[Instance]) -> bool:
    """Tell whether a minor version of the engine is raised on clusters that are there (trap 15)."""
    wanted = recorded.major(environment.database.engine_version)
    before = (recorded.version_from(environment, seen, each) for each in places if there(seen, each))
    return any(version and recorded.major(version) == wanted for version in before)


@cache
def below(shape: Shape) -> dict[str, frozenset[str]]:
    """Return, for each stack, all stacks that it stands on, near and far, in that shape."""
    found: dict[str, frozenset[str]] = {}
    for name in NAMES:  # the catalogue is in an order in which they can be deployed
        direct = {link.stack for link in links_of(name, shape)} | set(stack(name).after)
        found[name] = frozenset(direct).union(*(found[each] for each in direct))
    return found


def _passes(places: Placed, seen: Seen) -> _Passes:
    first: dict[Instance, Node] = {}
    last: dict[Instance, Node] = {}
    for each in places.instances:
        if dark(seen, each):
            continue
        kind = Kind.PLAIN if stack(each.stack).plain else Kind.STACKSET
        last[each] = Node(kind, each)
        new = not there(seen, each) and two_passes(places.environment, each)
        first[each] = Node(kind, each, final=False) if new else last[each]
    return _Passes(first, last)


def _needed_by(instance: Instance, places: Placed, passes: _Passes) -> set[Node]:
    """Return what gives the instance its values, and what the catalogue puts before it."""
    entry = stack(instance.stack)
    sources = {each for link in links_of(entry.name, places.shape) for each in places.sources(instance, link)}
    sources.update(places.of(*entry.after))
    if not entry.plain:
        sources.update(places.of(*_PLAIN))
    return set(passes.firsts(sources))


def _packages(found: Graph, places: Placed, passes: _Passes) -> None:
    coded = {name for name in NAMES if any(each.name in CODE for each in inputs_of(name, places.shape))}
    for bucket in places.of("artifacts"):
        if bucket not in passes.first:
            continue
        upload = Node(Kind.PACKAGES, region=bucket.region)
        found.add(upload, [passes.first[bucket]])
        for each in passes.firsts(places.of(*coded)):
            if each.place is not None and each.place.region == bucket.region:
                found.add(each, [upload])


def _second_passes(found: Graph, places: Placed, passes: _Passes) -> None:
    """Let last passes wait for all first passes of their stack (trap 40).

    Databases that are there do not wait: a new standby waits for them instead.
    """
    for name in NAMES:
        firsts = [each for each in passes.firsts(places.of(name)) if not each.final]
        for each in passes.lasts(places.of(name)) if firsts else ():
            second = each.place is not None and passes.first[each.place] is not each
            if second or name != "database":
                found.add(each, firsts)


def _database(found: Graph, places: Placed, passes: _Passes, seen: Seen) -> None:
    """Put standbys after the origin, and new ones after all that are there.

    In a minor upgrade all that are there go together, so that their one work can put the active region at its end.
    """
    all_of_it = [each for each in places.of("database") if each in passes.last]
    standing = [each for each in all_of_it if there(seen, each)]
    new = [each for each in all_of_it if each not in standing]
    origin = [each for each in all_of_it if each.region == places.environment.origin.name]
    for each in new:
        found.add(passes.first[each], passes.lasts(standing))
        found.add(passes.first[each], passes.firsts(one for one in origin if one is not each))
    if upgraded(places.environment, seen, standing):
        ends = passes.lasts(standing)
        together = set().union(*(found.before[each] for each in ends))
        for node in ends:
            found.add(node, together)
        return
    for each in standing:
        found.add(passes.last[each], passes.lasts(one for one in origin if one is not each and one in standing))


def _bootstrap(found: Graph, places: Placed, passes: _Passes) -> None:
    probes = passes.lasts(places.of("probe"))
    if probes:
        found.add(Node(Kind.BOOTSTRAP), [*probes, *passes.lasts(places.of("database"))])


def _removals(found: Graph, places: Placed, seen: Seen) -> None:
    """Take away what is no longer wanted: last, and what stands on something before that.

    Records of the other kind are the exception. Route 53 refuses records of one name with different routing
    (Developer Guide, "Values specific for weighted records", Record name), so they go just before the new.
    """
    old = [each for each in leftovers(places.environment, seen, places.instances) if not dark(seen, each)]
    nodes = {each: Node(_kind(each), each, remove=True) for each in old}
    work = list(found.before)
    stands_on = below(places.shape)
    for each, node in nodes.items():
        exchanged = [one for one in work if one.place and one.place.stack in _RECORDS and each.stack in _RECORDS]
        if exchanged and each.stackset not in {one.place.stackset for one in exchanged if one.place}:
            found.add(node, set().union(*(found.before[one] for one in exchanged)))
            for one in exchanged:
                found.add(one, [node])
            continue
        found.add(node, work)
        found.add(node, (nodes[other] for other in old if each.stack in stands_on[other.stack]))


def _kind(instance: Instance) -> Kind:
    return Kind.PLAIN if stack(instance.stack).plain else Kind.STACKSET
