"""What is deployed under the environment's suffix and no longer wanted: whole StackSets, or some of their regions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from generator import naming
from generator.catalog import NAMES, Place, stack
from generator.config import Environment
from generator.config.regions import REGIONS
from generator.placement import Instance
from generator.plan.model import Seen, SeenStackSet

_LONGEST_FIRST = tuple(sorted(NAMES, key=len, reverse=True))
_TAG, _ = next(iter(naming.tags("").items()))


def leftovers(environment: Environment, seen: Seen, wanted: Iterable[Instance]) -> tuple[Instance, ...]:
    """Return the instances that are deployed and not among ``wanted``, in the catalogue's order.

    A StackSet of which nothing is wanted and which has no instance left comes back as an instance without a
    region, so that it is removed as well. StackSets that are not of our making are left alone.
    """
    keep = {(each.stackset, each.account, each.region) for each in wanted}
    names = {each[0] for each in keep}
    found = [each for each in deployed(environment, seen) if (each.stackset, each.account, each.region) not in keep]
    full = {each.stackset for each in found} | names
    for stackset in ours(environment, seen):
        kind, partners = parse(environment, stackset.name)
        if stackset.name not in full:
            found.append(Instance(kind, environment.accounts.workload, "", stackset.name, partners))
    return tuple(sorted(found, key=lambda each: (NAMES.index(each.stack), each.stackset)))


def deployed(environment: Environment, seen: Seen) -> Iterator[Instance]:
    """Return every instance that is deployed under the suffix, wanted or not."""
    for (account, name), found in seen.plain.items():
        kind, _ = parse(environment, name)
        if kind and tagged(environment, found.tags):
            yield Instance(kind, account, found.region, name)
    for stackset in ours(environment, seen):
        kind, partners = parse(environment, stackset.name)
        for each in stackset.instances:
            yield Instance(kind, each.account, each.region, stackset.name, _partner(partners, each.region))


def ours(environment: Environment, seen: Seen) -> Iterator[SeenStackSet]:
    """Return the StackSets of our making: by their names, and by the tag that all of them carry."""
    for each in seen.stacksets.values():
        if parse(environment, each.name)[0] and tagged(environment, each.tags):
            yield each


def tagged(environment: Environment, tags: Mapping[str, str]) -> bool:
    """Tell whether these are the tags of something of this environment."""
    return tags.get(_TAG) == environment.suffix


def parse(environment: Environment, name: str) -> tuple[str, str]:
    """Return the catalogue's name of a StackSet or stack, and the regions that stand behind it; empty if not ours.

    As many regions as there are by the stack's place, and nothing else: a name that goes on with something else is
    another's.
    """
    return _parse(naming.STACKSET.of(suffix=environment.suffix) + "-", name)


@lru_cache(maxsize=10_000)
def _parse(start: str, name: str) -> tuple[str, str]:
    if not name.startswith(start):
        return "", ""
    rest = name.removeprefix(start)
    for kind in _LONGEST_FIRST:
        if rest == kind or rest.startswith(f"{kind}-"):
            about = rest.removeprefix(kind).removeprefix("-")
            return (kind, about) if _regions(about) == _BEHIND.get(stack(kind).place, 0) else ("", "")
    return "", ""


_BEHIND = {Place.REQUESTING: 2, Place.ACCEPTING: 2, Place.OTHERS: 1}
"""How many regions stand behind a StackSet's name."""


def _regions(text: str) -> int:
    """Return how many regions the text names, one after the other; -1 when it is anything else."""
    if not text or text in REGIONS:
        return int(bool(text))
    starts = [each for each in REGIONS if text.startswith(f"{each}-")]
    return 2 if any(text.removeprefix(f"{each}-") in REGIONS for each in starts) else -1


def _partner(partners: str, region: str) -> str:
    return partners.removeprefix(f"{region}-").removesuffix(f"-{region}")
