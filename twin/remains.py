"""What killed processes leave behind: servers, folders, shared memory; and how it is cleared away.

A folder of servers is locked as long as its owner lives. One whose lock is free has no owner any more.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import IO

PREFIX = "dr-postgres-"
MEMORY = Path("/dev/shm")
ROOM_BYTES = 2 << 30
LOCK = "lock"
DISK = "DR_TWIN_DISK"
"""Names the folder on disk for a process whose own temporary folder is closed to the servers' account."""


def places() -> tuple[Path, ...]:
    """Return the folders in which yards may be, the best first: memory, where there is plenty of it.

    Servers are folders of a thousand small files, and nothing in them is worth a disk's while.
    """
    disk = Path(os.environ.get(DISK) or tempfile.gettempdir())
    with contextlib.suppress(OSError):
        status = os.statvfs(MEMORY)
        roomy = status.f_bavail * status.f_frsize >= ROOM_BYTES
        if roomy and os.access(MEMORY, os.W_OK) and not status.f_flag & os.ST_NOEXEC:
            return MEMORY, disk
    return (disk,)


def sweep() -> None:
    """Clear away what yards left whose process was killed: servers, then folders."""
    for folder in (found for place in places() for found in place.glob(f"{PREFIX}*")):
        with contextlib.suppress(OSError):
            held = lock(folder / LOCK)
            for data in folder.glob("*-data"):
                _end_orphan(data)
            shutil.rmtree(folder, ignore_errors=True)
            held.close()


def _end_orphan(data: Path) -> None:
    import psutil

    lines = pid_file(data)
    with contextlib.suppress(psutil.Error, ValueError, IndexError):
        process = psutil.Process(int(lines[0]))
        if str(data) in process.cmdline():  # the number may long be somebody else's
            for one in [process, *process.children(recursive=True)]:
                one.kill()
            process.wait(10)
            free(shared_memory(lines))


def pid_file(data: Path) -> list[str]:
    """Return the lines of a running server's pid file: process, folder, start, port … memory, status."""
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def shared_memory(lines: list[str]) -> str:
    """Return the number of the shared memory that a server has claimed, or the empty text."""
    words = lines[6].split() if len(lines) > 6 else []
    return words[-1] if words else ""


def free(memory: str) -> None:
    """Free a killed server's shared memory; the kernel keeps it otherwise until the server's next start."""
    if memory:
        subprocess.run(["ipcrm", "-m", memory], capture_output=True, check=False)


def lock(path: Path) -> IO[str]:
    """Return the file at ``path``, locked as long as it is open. Raises ``OSError`` when another has it."""
    opened = path.open("a")
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        opened.close()
        raise
    return opened
