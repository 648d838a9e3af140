"""How the tests are shared out between processes, and where they write.

A file of these folders deploys into a cloud of its own, or deploys once for all its tests: its tests stay together.
They take longest, so they go first, and the many small ones fill up what is left.
"""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import moto_server

TOGETHER = ("drill", "resilience", "cloud", "aws", "cli")
"""Those whose files take longest first: a long one that begins last is waited for by everybody."""


def pytest_xdist_auto_num_workers() -> int:
    """Return twice as many workers as there are processors: most tests wait, for servers and for time to pass."""
    return 2 * (os.cpu_count() or 1)


def pytest_configure(config: pytest.Config) -> None:
    """Keep what belongs into the user's folders out of them: every process of the tests has folders of its own."""
    home = tempfile.TemporaryDirectory(prefix="dr-tests-")
    config.add_cleanup(home.cleanup)
    for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME"):
        os.environ[name] = str(Path(home.name) / name.lower())


def pytest_collection_finish() -> None:
    """Have what was collected left out of every later search for garbage, which took a sixth of a worker's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook, and would read them before they are there
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: TOGETHER.index(_place(item)) if _place(item) in TOGETHER else len(TOGETHER))
    for item in items:
        if _place(item) in TOGETHER:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """Return the address of moto's server with nothing in it."""
    with moto_server.started() as url:
        yield url


def _place(item: pytest.Item) -> str:
    """Return the folder of ``tests/`` that a test is in."""
    inside = item.path.relative_to(Path(__file__).parent).parts
    return inside[0] if len(inside) > 1 else ""
