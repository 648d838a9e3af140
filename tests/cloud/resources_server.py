"""The emulator with the twin's resource types, served on a port of its own: what the tests of the types ask.

Run as a program it takes a listening socket's number and serves on it until it is told to end.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
START_SECONDS = 30.0
RECORDS = "/_test/records"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve until the block ends; yields the URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "GATEWAY_PORT": str(port),
            "LOG_LEVEL": "ERROR",
            "HOME": str(folder),
            "TMPDIR": str(folder),
        }
        with (folder / "server.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, __file__, str(listening.fileno())],
                pass_fds=[listening.fileno()],
                env=environment,
                cwd=folder,
                stdout=log,
                stderr=log,
            )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, process, folder)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(url: str, process: subprocess.Popen[bytes], folder: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_ministack/health", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError((folder / "server.log").read_text())


def _records() -> bytes:
    """Return every resource of every stack with its properties as they were resolved: a list of objects."""
    from ministack.services.cloudformation import _stacks

    found = [
        {"account": account, "region": region, "stack": name, "logical": logical, "type": each["ResourceType"],
         "id": each["PhysicalResourceId"], "properties": each["Properties"], "attributes": each["Attributes"]}
        for (account, region, name), stack in _stacks.to_dict().items()
        for logical, each in stack.get("_resources", {}).items()
    ]  # fmt: skip
    return json.dumps(found).encode()


def _serve(listening: int) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app as emulator

    from twin.cloud import resources, templates

    templates.install()
    resources.install()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope.get("path") != RECORDS:
            await emulator(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": _records()})

    config = Config()
    config.bind = [f"fd://{listening}"]
    config.loglevel = "ERROR"
    ended = asyncio.Event()

    async def run() -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
        await serve(app, config, shutdown_trigger=ended.wait)

    asyncio.run(run())


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
