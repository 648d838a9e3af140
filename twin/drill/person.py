"""The people of a drill: they type the commands that the runbook names, against the local cloud as if it were AWS.

Each command runs in a process of its own, with nothing but what a person has: the environment file, credentials, and
the endpoint in a variable. How it ended, and what it said of that, goes to the time line.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Command:
    """A command that a person has typed.

    answer and errors: what it said, once it has ended; then whoever wants to hear of it is told.
    """

    words: tuple[str, ...]
    process: subprocess.Popen[str]
    hear: Callable[[Command], None]
    answer: str = ""
    errors: str = ""

    def __post_init__(self) -> None:
        self.reader = threading.Thread(target=_note, args=(self,), daemon=True)

    @property
    def said(self) -> str:
        """Return the command as it was typed."""
        return " ".join(("python -m generator", *self.words))

    @property
    def code(self) -> int | None:
        """Return the exit code, None while it runs."""
        return self.process.poll()

    @property
    def told(self) -> str:
        """Return what it said of its end, in a line: the reason and the hint, or the last of what it printed."""
        last = self.answer.strip().rpartition("\n")[2]
        try:
            told = json.loads(last)
            words = [told.get("reason") or (told.get("output") or {}).get("reason"), told.get("hint")]
        except (ValueError, AttributeError):
            words = [last]
        said = "; ".join(filter(None, (self.errors.strip(), *words)))
        return " ".join(said.split())

    def wait(self, seconds: float) -> int:
        """Return the exit code, once all that it said is here and told. Raises ``subprocess.TimeoutExpired``."""
        self.reader.join(seconds)
        if self.reader.is_alive():
            raise subprocess.TimeoutExpired(self.said, seconds)
        return self.process.wait(0)


def type_(words: Sequence[str], variables: dict[str, str], hear: Callable[[Command], None] = lambda _: None) -> Command:
    """Have a person type a command of this library; return at once."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    paths = (str(ROOT), os.environ.get("PYTHONPATH"))
    process = subprocess.Popen(
        [sys.executable, "-m", "generator", *words, "--json"],
        env={
            **kept,
            **variables,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    command = Command(tuple(words), process, hear)
    command.reader.start()
    return command


def _note(command: Command) -> None:
    command.answer, command.errors = command.process.communicate()
    command.hear(command)
