"""Which stacks outlive their environment, or their region, because they hold data or data needs them."""

from __future__ import annotations

from functools import cache

from generator.catalog import NAMES, stack
from generator.config import Environment
from generator.holding import WITH_ZONES
from generator.shape import Shape

RENEWED = frozenset({"probe"})
"""Stacks whose resources with data hold nothing that is not written again within seconds: the state table."""


@cache
def kept(name: str, shape: Shape) -> bool:
    """Tell whether the stack has a resource with data that outlives the stack, in that shape."""
    resources = stack(name).build(shape).resources.values()
    return any(
        each.resource_type in WITH_ZONES and each.to_dict().get("DeletionPolicy") != "Delete" for each in resources
    )


def outliving(environment: Environment) -> frozenset[str]:
    """Return the stacks that stay when their region is given up: what holds data, and the cluster's network."""
    held = {name for name in NAMES if kept(name, environment.shape)} - RENEWED
    return frozenset(held | {"network"}) if held else frozenset()
