"""The door of the worker: what the parent hands to its processes without importing cfn-lint itself."""

from __future__ import annotations

import signal

from generator.lint.finding import Finding, Job


def look(job: Job) -> tuple[Finding, ...]:
    """Return everything that is found in one template; see :func:`generator.lint.worker.look`."""
    from generator.lint.worker import look as look_at

    return look_at(job)


def leave_interrupts_to_parent() -> None:
    """Ignore Ctrl-C, which the terminal sends to every process: the parent ends us, without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
