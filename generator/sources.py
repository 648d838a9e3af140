"""Which instances a link reads, and which parameters a stack has: each looked up once.

Building a template to read its parameters costs milliseconds, and so does walking every instance for every
link; an environment of ten regions has thousands of links.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache

from generator.catalog import stack
from generator.config import Environment
from generator.inputs import Input
from generator.links import Output, Where
from generator.placement import Instance, instances
from generator.shape import Shape

_KEPT = 256
"""Environments whose instances are remembered: more than anyone plans at a time."""


@cache
def inputs_of(name: str, shape: Shape) -> tuple[Input, ...]:
    """Return the parameters of the stack of that name, in that shape."""
    return stack(name).inputs(shape)


@cache
def links_of(name: str, shape: Shape) -> tuple[Output, ...]:
    """Return the different outputs that the stack of that name takes in, in that shape."""
    return tuple(dict.fromkeys(each.source for each in inputs_of(name, shape) if isinstance(each.source, Output)))


class Placed:
    """The instances of an environment, and who among them gives what to whom."""

    def __init__(self, environment: Environment, chosen: Iterable[Instance]) -> None:
        self.environment = environment
        self.shape = environment.shape
        self.instances = tuple(chosen)
        self._data = tuple(region.name for region in environment.data_regions)
        self._dns = environment.dns_region
        self._at: dict[tuple[str, str, str], list[Instance]] = {}
        self._of: dict[str, list[Instance]] = {}
        for each in self.instances:
            self._at.setdefault((each.stack, each.region, each.partner), []).append(each)
            self._of.setdefault(each.stack, []).append(each)

    def of(self, *names: str) -> tuple[Instance, ...]:
        """Return the instances of these stacks, in the catalogue's order of regions."""
        return tuple(each for name in names for each in self._of.get(name, ()))

    def sources(self, instance: Instance, link: Output) -> tuple[Instance, ...]:
        """Return the instances whose output the link reads, in the regions' order."""
        about = instance.region if link.where in (Where.PAIR, Where.OTHERS_ABOUT_SAME) else ""
        return tuple(
            each
            for region in self._regions(instance, link.where)
            for each in self._at.get((link.stack, region, about), ())
        )

    def _regions(self, instance: Instance, where: Where) -> tuple[str, ...]:
        if where is Where.SAME:
            return (instance.region,)
        if where in (Where.PARTNER, Where.PAIR):
            return (instance.partner,)
        if where is Where.DNS:
            return (self._dns,)
        if where in (Where.OTHERS, Where.OTHERS_ABOUT_SAME):
            return tuple(region for region in self._data if region != instance.region)
        return {Where.DATA: self._data, Where.FIRST: self._data[:1], Where.SECOND: self._data[1:2]}[where]


class _Same:
    """An environment as a key: the same object, since one with mappings in it has no hash."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.environment is other.environment

    def __hash__(self) -> int:
        return id(self.environment)


def placed(environment: Environment) -> Placed:
    """Return the environment's instances as the file has them."""
    return _placed(_Same(environment))


@lru_cache(maxsize=_KEPT)
def _placed(key: _Same) -> Placed:
    return Placed(key.environment, instances(key.environment))


def sources_of(environment: Environment, instance: Instance, link: Output) -> tuple[Instance, ...]:
    """Return the instances whose output the link reads, in the regions' order."""
    return placed(environment).sources(instance, link)
