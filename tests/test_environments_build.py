"""Any valid environment builds, and what it builds lints: Hypothesis over environment files, sampled."""

from __future__ import annotations

import tempfile
from functools import cache
from typing import Any

from hypothesis import HealthCheck, given, settings

from generator.build import library
from generator.config import Environment, load
from generator.graph import mermaid, of, svg
from generator.lint import Job, lint
from generator.shape import Shape
from tests.strategies import environments, written

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@cache
def built(shape: Shape) -> dict[str, str]:
    """Return the library in that shape; shapes are few, and environments many."""
    return library(shape)


def loaded(values: dict[str, Any]) -> Environment:
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(written(values))
        file.flush()
        return load(file.name)


@settings(deadline=None, suppress_health_check=SLOW)
@given(environments())
def test_every_valid_environment_builds_every_template(values: dict[str, Any]) -> None:
    files = built(loaded(values).shape)
    assert all(text.endswith("\n") for text in files.values())
    assert len(files) == len(built(Shape()))


@settings(deadline=None, suppress_health_check=SLOW, max_examples=30)
@given(environments())
def test_every_valid_environment_can_be_drawn(values: dict[str, Any]) -> None:
    graph = of(loaded(values))
    assert graph.nodes
    assert {edge.source for edge in graph.edges} <= set(graph.nodes)
    assert mermaid(graph).count("subgraph") == len(graph.places)
    assert svg(graph).endswith("</svg>\n")


SEEN: set[tuple[str, frozenset[str]]] = set()


@settings(deadline=None, suppress_health_check=SLOW, max_examples=2)
@given(environments())
def test_what_a_valid_environment_builds_has_no_finding_in_its_regions(values: dict[str, Any]) -> None:
    environment = loaded(values)
    regions = tuple(region.name for region in environment.all_regions)
    jobs = []
    for name, text in built(environment.shape).items():
        key = (text, frozenset(regions))
        if key not in SEEN:
            SEEN.add(key)
            jobs.append(Job(name, text, regions))
    assert lint(jobs) == ()
