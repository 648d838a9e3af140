"""Questions asked side by side, with an end: what has not answered by then is told as silence.

Threads of an executor are joined when the process ends, and a region that hangs would hold it up for as long as
its last call may take. These are daemons: nobody waits for them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from generator.aws.errors import SILENCE

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Outcome(Generic[Answer]):
    """An answer, or the error instead of it, or neither: then nobody answered in time."""

    answer: Answer | None = None
    error: Exception | None = None
    late: bool = False

    @property
    def silent(self) -> bool:
        """Return whether nobody answered: no answer in time, or no connection at all."""
        return self.late or isinstance(self.error, SILENCE)


def ask_all(questions: Mapping[Key, Callable[[], Any]], until: float, *, at_once: int = 64) -> dict[Key, Outcome[Any]]:
    """Ask everything, ``at_once`` at a time, until ``time.monotonic()`` passes ``until``; return every outcome."""
    waiting = list(questions.items())
    outcomes: dict[Key, Outcome[Any]] = {}
    changed = threading.Condition()

    def work() -> None:
        while True:
            with changed:
                if not waiting or time.monotonic() >= until:
                    return
                key, question = waiting.pop(0)
            outcome = _asked(question)
            with changed:
                outcomes[key] = outcome
                changed.notify_all()

    for _ in range(min(at_once, len(waiting))):
        threading.Thread(target=work, daemon=True).start()
    with changed:
        while len(outcomes) < len(questions) and (left := until - time.monotonic()) > 0:
            changed.wait(left)
        return {key: outcomes.get(key, Outcome(late=True)) for key in questions}


def _asked(question: Callable[[], Any]) -> Outcome[Any]:
    try:
        return Outcome(question())
    except Exception as error:  # told as a gap: one question that fails must not take the others along
        return Outcome(error=error)
