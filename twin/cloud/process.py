"""The local cloud as a process: for the length of a block, or by name until it is taken down.

:func:`local_cloud` gives one to a program; nothing is left when the block ends or the program dies, however it does.
:func:`up` starts one that stays, under a name; its folder with the state and the log is in the user's state folder
(XDG Base Directory Specification: ``XDG_STATE_HOME``, else ``~/.local/state``). It keeps everything in memory: what
was deployed is gone after :func:`down`.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generator.errors import UsageError
from twin.cloud.launch import CloudProcessError, Options, Running, end, environment, health, launch, remove
from twin.remains import LOCK, lock, sweep

__all__ = ["CloudProcessError", "Options", "Running", "State", "down", "local_cloud", "names", "status", "up"]

PREFIX = "dr-cloud-"
STATE = "state.json"
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}")


@contextmanager
def local_cloud(options: Options | None = None) -> Iterator[Running]:
    """Give a local cloud on a free port of loopback; it is gone after the block. Raises :class:`CloudProcessError`."""
    options = options or Options()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=options.folder or None))
    try:
        process, running = launch(folder, options, owned=True)
        try:
            yield running
        finally:
            end(process.pid, process)
    finally:
        remove(folder)


@dataclass(frozen=True)
class State:
    """A named cloud as it is now. ``running`` is None when it is down; age in seconds."""

    name: str
    running: Running | None
    began: bool = False
    age: float = 0.0
    stacks: int = 0
    stacksets: int = 0
    answers: bool = False
    knobs: Mapping[str, Any] = field(default_factory=dict)


def up(name: str = "default", options: Options | None = None) -> State:
    """Start the cloud of that name, or find it running. Raises :class:`CloudProcessError`."""
    folder = _folder(name)
    with _turn(folder):
        found = status(name)
        if found.running is not None:
            return found
        _clear(folder)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        chosen = options or Options()
        process, running = launch(folder, chosen, owned=False)
        kept = {"url": running.url, "pid": running.pid, "account": chosen.account, "region": chosen.region}
        (folder / STATE).write_text(json.dumps(kept))
        process.returncode = 0  # it is nobody's child any more: not waiting for it is on purpose
        return State(name, running, began=True, answers=True)


def down(name: str = "default") -> bool:
    """Stop the cloud of that name and clear away what it left, also after a kill; tell whether it ran."""
    folder = _folder(name)
    with _turn(folder):
        was = status(name).running is not None
        _clear(folder)
        return was


def status(name: str = "default") -> State:
    """Return how the cloud of that name is. Raises :class:`UsageError` for a name that can be none."""
    folder = _folder(name)
    kept = _kept(folder)
    if kept is None or not _alive(folder):
        return State(name, None)
    options = Options(account=kept["account"], region=kept["region"])
    running = Running(kept["url"], int(kept["pid"]), folder, environment(kept["url"], options))
    said = health(running.url)
    if said is None:
        return State(name, running)
    return State(
        name,
        running,
        age=float(said["age"]),
        stacks=int(said["stacks"]),
        stacksets=int(said["stacksets"]),
        answers=True,
        knobs={key: said[key] for key in ("seconds", "functions", "dark")},
    )


def names() -> list[str]:
    """Return the names under which there is a folder, whether the cloud runs or was killed."""
    home = _home()
    return sorted(each.name for each in home.iterdir() if (each / STATE).exists()) if home.exists() else []


def _home() -> Path:
    state = os.environ.get("XDG_STATE_HOME", "")
    base = Path(state) if state.startswith("/") else Path.home() / ".local" / "state"
    return base / "multi-region-recovery" / "cloud"


def _folder(name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise UsageError(f"a cloud can't be named {name!r}", hint="letters, digits, - and _, at most 63")
    return _home() / name


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Let one process at a time start or stop the cloud of a folder; others wait."""
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder.parent / f".{folder.name}.turn").open("a") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield


def _kept(folder: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((folder / STATE).read_text())
    except (OSError, ValueError):
        return None
    return found


def _alive(folder: Path) -> bool:
    """Tell whether a server holds the folder's lock; a number of a process may long be somebody else's."""
    try:
        lock(folder / LOCK).close()
    except OSError:
        return folder.exists()
    return False


def _clear(folder: Path) -> None:
    """Kill what is left of the folder's cloud, its workers too, and remove the folder."""
    kept = _kept(folder)
    if kept is not None:
        if _alive(folder):
            end(int(kept["pid"]))
        _end_orphans(folder, int(kept["pid"]))
        sweep()  # of databases, which a killed server could not end
        _await_end(folder)
    remove(folder)


def _await_end(folder: Path, deadline: float = 10.0) -> None:
    last = time.monotonic() + deadline
    while folder.exists() and _alive(folder):
        if time.monotonic() > last:
            raise CloudProcessError(f"the local cloud in {folder} does not end", hint="kill its process")
        time.sleep(0.02)


def _end_orphans(folder: Path, group: int) -> None:
    """Kill the workers of a server that was killed: they are in its group and work in its folder."""
    import psutil

    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == group and str(folder) in process.environ().get("TMPDIR", ""):
                process.kill()
        except (psutil.Error, OSError):
            continue
