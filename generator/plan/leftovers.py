"""What is deployed under the environment's suffix and no longer wanted: whole StackSets, or some of their regions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from generator import naming
from generator.catalog import NAMES
from generator.config import Environment
from generator.placement import Instance
from generator.plan.model import Seen

_LONGEST_FIRST = tuple(sorted(NAMES, key=len, reverse=True))


def leftovers(environment: Environment, seen: Seen, wanted: Iterable[Instance]) -> tuple[Instance, ...]:
    """Return the instances that are deployed and not among ``wanted``, in the catalogue's order.

    A StackSet of which nothing is wanted and which has no instance left comes back as an instance without a
    region, so that it is removed as well. StackSets that are not of our making are left alone.
    """
    keep = {(each.stackset, each.account, each.region) for each in wanted}
    names = {each[0] for each in keep}
    found = [each for each in deployed(environment, seen) if (each.stackset, each.account, each.region) not in keep]
    full = {each.stackset for each in found} | names
    for name in seen.stacksets:
        kind, partners = parse(environment, name)
        if kind and name not in full:
            found.append(Instance(kind, environment.accounts.workload, "", name, partners))
    return tuple(sorted(found, key=lambda each: (NAMES.index(each.stack), each.stackset)))


def deployed(environment: Environment, seen: Seen) -> Iterator[Instance]:
    """Return every instance that is deployed under the suffix, wanted or not."""
    for (account, name), stack in seen.plain.items():
        kind, _ = parse(environment, name)
        if kind:
            yield Instance(kind, account, stack.region, name)
    for stackset in seen.stacksets.values():
        kind, partners = parse(environment, stackset.name)
        if kind:
            for each in stackset.instances:
                yield Instance(kind, each.account, each.region, stackset.name, _partner(partners, each.region))


def parse(environment: Environment, name: str) -> tuple[str, str]:
    """Return the catalogue's name of a StackSet or stack, and the regions that stand behind it; empty if not ours."""
    return _parse(naming.STACKSET.of(suffix=environment.suffix) + "-", name)


@lru_cache(maxsize=10_000)
def _parse(start: str, name: str) -> tuple[str, str]:
    if not name.startswith(start):
        return "", ""
    rest = name.removeprefix(start)
    for kind in _LONGEST_FIRST:
        if rest == kind or rest.startswith(f"{kind}-"):
            return kind, rest.removeprefix(kind).removeprefix("-")
    return "", ""


def _partner(partners: str, region: str) -> str:
    return partners.removeprefix(f"{region}-").removesuffix(f"-{region}")
