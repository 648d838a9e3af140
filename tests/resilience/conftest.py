"""One local cloud for all tests of a process; each test has an account of its own in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.resilience.portrait import Portrait, portrait
from tests.resilience.world import clouds_at, deployed, environment
from twin.cloud.knobs import Knobs
from twin.cloud.process import Options, Running, local_cloud


@pytest.fixture(scope="session")
def cloud() -> Iterator[Running]:
    with local_cloud(Options(functions="answers", seconds=0.0)) as running:
        yield running


@pytest.fixture(scope="session")
def url(cloud: Running) -> str:
    return cloud.url


@pytest.fixture
def knobs(url: str) -> Iterator[Knobs]:
    """Give the knobs, and turn them all back."""
    found = Knobs(url)
    yield found
    found.darken()
    found.release()
    found.heal()
    found.organize()
    found.last(0.0)


@pytest.fixture(scope="session")
def undisturbed(url: str) -> Portrait:
    """Return what a deployment in two regions leaves that nobody disturbs."""
    clouds = clouds_at(url, environment())
    deployed(clouds)
    return portrait(clouds)
