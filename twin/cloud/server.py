"""The server's process: MiniStack's ASGI app, with what this library adds, on a socket of loopback.

Started by :mod:`twin.cloud.process` with a listening socket and its options in JSON; not meant to be called by hand.
It holds the lock of its folder as long as it lives, so that others can tell whether it does. A server that belongs
to a process reads its standard input: when that ends, the owner is gone, and the server takes its folder and the
workers of its process group with it.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twin.remains import LOCK, lock


def main(arguments: list[str]) -> None:
    """Serve until a signal ends it. ``arguments``: the socket's number, the folder, the options, the owner's word."""
    number, folder, options, owned = int(arguments[0]), Path(arguments[1]), json.loads(arguments[2]), arguments[3]
    held = lock(folder / LOCK)
    app = prepare(options)
    stop = _running(folder) if options["functions"] == "run" else _nothing
    if owned == "owned":
        threading.Thread(target=_watch, args=(folder, stop), name="owner's watch", daemon=True).start()
    try:
        asyncio.run(_serve(app, number))
    finally:
        stop()
        held.close()


def prepare(options: dict[str, Any]) -> Any:
    """Return the emulator's app with all additions installed."""
    from twin.cloud import (
        control,
        faults,
        functions,
        machines,
        network,
        policies,
        settings,
        stack_policies,
        stacksets,
        tables,
        templates,
        traffic,
        watch,
    )
    from twin.cloud import organization as organizations
    from twin.cloud.emulator import module
    from twin.cloud.policies import gate
    from twin.cloud.settings import SETTINGS

    SETTINGS.seconds = float(options["seconds"])
    SETTINGS.functions = options["functions"]
    SETTINGS.quota = int(options["quota"])
    SETTINGS.speed = float(options["speed"])
    SETTINGS.policies = bool(options["policies"])
    SETTINGS.organization = settings.organization(options["organization"])
    sys.modules["docker"] = None  # type: ignore[assignment]  # no container is ever started, and importing it is slow
    app = module("app").app
    templates.install()
    from twin.cloud import resources  # after the emulator, whose tables it adds to

    resources.install()
    stack_policies.install()
    organizations.install()
    faults.install()
    stacksets.install()
    traffic.install()
    machines.install()
    tables.install()
    policies.install()
    network.install()
    watch.install()
    if SETTINGS.functions == "answers":
        functions.install()
    return control.controlled(traffic.watched(gate.checked(app)))


def _running(folder: Path) -> Callable[[], None]:
    """Keep databases, alarms, checks and names going from now on; return what ends them."""
    from twin.cloud import watch

    ends = (watch.start(), _databases(folder))

    def stop() -> None:
        for end in ends:
            end()

    return stop


def _databases(folder: Path) -> Callable[[], None]:
    """Keep real databases behind the clusters, and the ways to them, from now on; return what ends them."""
    from twin.cloud.databases.attach import Databases
    from twin.cloud.network.paths import Paths

    databases = Databases(folder)
    paths = Paths(databases)
    os.environ.update(databases.environment)  # the emulator hands its own on to the functions' processes
    databases.start()
    paths.start()

    def stop() -> None:
        paths.stop()
        databases.stop()

    return stop


def _nothing() -> None:
    """End nothing: where functions are only answered, nobody asks a database."""


async def _serve(app: Any, number: int) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{number}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    config.graceful_timeout = 0.2
    await serve(app, config)


def _watch(folder: Path, stop: Callable[[], None]) -> None:
    """End everything when the owner is gone: its end of the pipe closes with it, however it died."""
    os.read(sys.stdin.fileno(), 1)  # not through the buffer, whose lock the interpreter's end can't take from a thread
    stop()
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
