"""Functions are held to their memory: a process that uses more than its setting is killed.

Lambda kills it and answers ``Runtime.ExitError`` (Lambda Developer Guide, "Troubleshoot execution issues in Lambda",
"Runtime exited with error: signal: killed Runtime.ExitError"). What a process uses here is its resident memory, looked
at every fifth of a second, so one that needs too much for a moment only may get away with it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psutil

from twin.cloud.emulator import module
from twin.cloud.journal import JOURNAL

LOOK_SECONDS = 0.2
MEBIBYTE = 1024 * 1024
DEFAULT = 128
"""MiB of a function that names no memory (Lambda API Reference, ``MemorySize``)."""


def install() -> None:
    """Begin to look."""
    threading.Thread(target=_watch, name="memory", daemon=True).start()


def _watch() -> None:
    pause = threading.Event()
    while not pause.wait(LOOK_SECONDS):
        for worker, process in _running():
            limit = int(worker.config.get("MemorySize", DEFAULT))
            with suppress(psutil.Error):
                used = psutil.Process(process.pid).memory_info().rss / MEBIBYTE
                if used > limit:
                    _kill(worker, process, used, limit)


def _running() -> Iterator[tuple[Any, Any]]:
    for workers in list(module("core.lambda_runtime")._workers.values()):
        for worker in list(workers):
            process = worker._proc
            if process is not None and process.poll() is None:
                yield worker, process


def _kill(worker: Any, process: Any, used: float, limit: int) -> None:
    process.kill()
    region = str(worker.config["FunctionArn"]).split(":")[3]
    said = f"it used {used:.0f} MiB, and has {limit}"
    JOURNAL.note("function", region, f"{worker.func_name} is killed", said, function=worker.func_name)
