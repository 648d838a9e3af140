"""One local cloud for each process of the tests; every test has an account of its own and finds all knobs at rest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cloud.cloud_world import World
from twin.cloud.process import Options, Running, local_cloud

SECONDS = 0.01


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    with local_cloud(Options(seconds=SECONDS, functions="answers", policies=False)) as found:
        yield found


@pytest.fixture
def world(running: Running) -> Iterator[World]:
    """The local cloud, seen by an account that has the administration role."""
    found = World(running.url)
    found.administer()
    yield found
    knobs = found.knobs
    knobs.release()
    knobs.heal()
    knobs.darken()
    knobs.last(SECONDS)
    knobs.organize()


@pytest.fixture
def target(world: World) -> str:
    """An account that lets the world's StackSets in."""
    return world.admit()
