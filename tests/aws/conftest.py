"""One local cloud for all tests of a process that deploy; each test has an environment of its own in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from twin.cloud.process import Options, Running, local_cloud


@pytest.fixture(scope="session")
def shared_cloud() -> Iterator[Running]:
    with local_cloud(Options(functions="answers")) as running:
        yield running
