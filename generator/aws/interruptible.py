"""Work in threads: one that Ctrl-C can stop at any moment, several side by side, and one error for all that failed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TypeVar

from generator.aws.events import Fault
from generator.aws.faults import DeployError
from generator.aws.paces import Halt, HaltedError
from generator.errors import DisasterRecoveryError

FAREWELL = 20.0
"""Seconds that stopped work is given to come to a rest: a call that is under way is not cut off."""

Answer = TypeVar("Answer")


def interruptible(work: Callable[[], Answer], halt: Halt, name: str) -> Answer:
    """Return what the work returns, or raise what it raises; it runs in a thread of its own.

    On Ctrl-C it is asked to stop, given a moment, and KeyboardInterrupt is raised.
    """
    done: list[Answer] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(timeout=0.2)
    except KeyboardInterrupt:
        halt.ask("interrupted")
        thread.join(timeout=FAREWELL)
        raise
    if failed:
        raise failed[0]
    return done[0]


def all_of(jobs: Mapping[str, Callable[[], None]]) -> None:
    """Run the jobs side by side; when all have ended, raise one error for all that failed."""
    failed: dict[str, BaseException] = {}

    def run(name: str, job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:
            failed[name] = error

    threads = [threading.Thread(target=run, args=each, name=each[0], daemon=True) for each in jobs.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise _failure(failed)


def _failure(failed: Mapping[str, BaseException]) -> BaseException:
    """Return one error for all that failed: a defect of ours first, a failure before a stop."""
    for each in failed.values():
        if not isinstance(each, DisasterRecoveryError):
            return each
    errors = [each for each in failed.values() if not isinstance(each, HaltedError)]
    if not errors:
        return next(iter(failed.values()))
    faults: list[Fault] = [fault for each in errors for fault in getattr(each, "faults", ())]
    hints = dict.fromkeys(str(getattr(each, "hint", "")) for each in errors)
    return DeployError("; ".join(map(str, errors)), faults=faults, hint="; ".join(filter(None, hints)))
