"""A process's wall time and peak memory, several times, in turns with others."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LAUNCHER = Path(__file__).with_name("launcher.py")
BYTECODE = tempfile.TemporaryDirectory(prefix="bytecode-")
"""Where compiled modules go, so that every command is measured as at its second start, whatever the shell says."""

ALLOWED = {"lint": ("0", "1")}
"""Exit codes of a command that did its work; findings take as long to find as none."""


@dataclass(frozen=True)
class Measured:
    """The median of several runs: seconds of wall time, and the largest resident set in MiB."""

    seconds: float
    mebibytes: float


def turns(commands: Mapping[str, Sequence[str]], times: int) -> dict[str, Measured]:
    """Run every command ``times`` times, one after the other in turns, and return the medians by name.

    A first turn that is not counted warms the file cache. Raises RuntimeError when a command fails.
    """
    runs: dict[str, list[Measured]] = {name: [] for name in commands}
    for turn in range(times + 1):
        for name, command in commands.items():
            measured = _once(command)
            if turn:
                runs[name].append(measured)
    return {
        name: Measured(statistics.median(run.seconds for run in each), statistics.median(run.mebibytes for run in each))
        for name, each in runs.items()
    }


def python(*arguments: str) -> tuple[str, ...]:
    """Return the command that runs this interpreter."""
    return (sys.executable, *arguments)


def _once(command: Sequence[str]) -> Measured:
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "lambda")]),
        "PYTHONPYCACHEPREFIX": BYTECODE.name,
        "NO_COLOR": "1",
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(LAUNCHER), *command],
        cwd=ROOT,
        env=environment,
        text=True,
        capture_output=True,
        check=True,
    )
    code, seconds, peak = done.stdout.splitlines()[-1].split()
    if code not in ALLOWED.get(command[3] if len(command) > 3 else "", ("0",)):
        raise RuntimeError(f"{' '.join(command)[:200]} ended in {code}: {done.stderr[-2000:]}")
    return Measured(float(seconds), int(peak) / (1024 * 1024 if sys.platform == "darwin" else 1024))
