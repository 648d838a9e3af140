"""What a check says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from generator.config.model import Environment
from generator.config.parts import Region
from generator.config.problems import KeyPath


@dataclass(frozen=True)
class Found:
    """A contradiction: the key it is shown at, what is wrong, what to do, and other keys it follows from."""

    key: KeyPath
    message: str
    hint: str
    also: tuple[KeyPath, ...] = ()


Check = Callable[[Environment], Iterator[Found]]


def at(region: Region, *key: str | int) -> KeyPath:
    """Return the path of a region's key."""
    return ("regions", region.name, *key)


def roles(environment: Environment) -> tuple[KeyPath, ...]:
    """Return the paths of all regions' roles."""
    return tuple(at(region, "role") for region in environment.regions.values())
