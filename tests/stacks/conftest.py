"""The built library, once for each shape, as plain data."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from troposphere import encode_to_dict

from generator.catalog import STACKS
from generator.shape import Shape

SHAPES = (
    Shape(),
    Shape(
        disposable=True,
        probe="endpoint",
        visibility="private",
        checker_ranges=("192.0.2.0/24",),
        interface_endpoints=("ecr.api",),
    ),
    Shape(zone_made=False, interface_endpoints=("sqs", "kms")),
)
"""Shapes that between them take every branch of the builders."""


@cache
def built(shape: Shape) -> dict[str, dict[str, Any]]:
    """Return every template of the library in that shape."""
    return {stack.name: encode_to_dict(stack.build(shape)) for stack in STACKS}


@pytest.fixture(params=SHAPES, ids=("default", "endpoint-private-disposable", "given-zone"))
def library(request: pytest.FixtureRequest) -> dict[str, dict[str, Any]]:
    return built(request.param)


@pytest.fixture
def default() -> dict[str, dict[str, Any]]:
    return built(Shape())
