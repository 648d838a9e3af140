"""The functions' own folder on the path, as in their packages, and a world for them to run in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
for place in (ROOT, ROOT / "lambda", Path(__file__).resolve().parent):
    if str(place) not in sys.path:
        sys.path.insert(0, str(place))

from cloud import Cloud  # noqa: E402
from world import IRELAND, World  # noqa: E402

from twin.postgres import Server, Yard  # noqa: E402


@pytest.fixture(scope="session")
def yard() -> Iterator[Yard]:
    """Real PostgreSQL servers, gone at the end."""
    with Yard() as opened:
        yield opened


@pytest.fixture(scope="session")
def served_cloud() -> Iterator[Cloud]:
    """AWS's services over HTTP, one for all tests of a process."""
    with Cloud() as opened:
        yield opened


@pytest.fixture(scope="session")
def prepared(yard: Yard, served_cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server that the bootstrap function has prepared, stopped: what each region's starts as."""
    served_cloud.reset()
    with World(yard, served_cloud, tmp_path_factory.mktemp("prepared")) as world:
        server = world.active(IRELAND).server
        server.stop()
    return server


@pytest.fixture
def cloud(served_cloud: Cloud) -> Cloud:
    """AWS's services, empty."""
    served_cloud.reset()
    return served_cloud


@pytest.fixture
def world(yard: Yard, prepared: Server, cloud: Cloud, tmp_path: Path) -> Iterator[World]:
    """Regions with databases, front doors, names and services; empty at first.

    ``prepared`` comes before ``cloud``, which forgets what that left in the services.
    """
    with World(yard, cloud, tmp_path, prepared) as opened:
        yield opened
