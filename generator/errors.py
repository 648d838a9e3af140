"""The tree of errors, and the exit codes that they end in.

::

    DisasterRecoveryError          anything this package raises on purpose
    ├── UsageError                 2   a wrong option, an unwritable folder, a name nobody knows
    ├── EnvironmentFileError       3   the environment file, with every problem that it has
    ├── CloudError                 4   credentials missing, or AWS refused
    └── VerdictError               5   a drill ended, and an objective or an invariant did not hold

An error is a first line (lower case, no full stop: what and where) and a hint (what to do). Only
:mod:`generator.cli` catches them and only :mod:`generator.cli.render` prints them.
"""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the process ends with. Kept for all commands, now and later."""

    FINE = 0
    FINDINGS = 1
    USAGE = 2
    ENVIRONMENT = 3
    CLOUD = 4
    VERDICT = 5
    DEFECT = 70  # EX_SOFTWARE of sysexits.h
    INTERRUPTED = 130


class DisasterRecoveryError(Exception):
    """Anything raised on purpose. ``str()`` is the first line; ``hint`` says what to do."""

    exit: Exit = Exit.USAGE

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(DisasterRecoveryError):
    """A wrong option, an unwritable folder, or a name that nobody knows."""

    exit = Exit.USAGE


class CloudError(DisasterRecoveryError):
    """Credentials are missing, or AWS refused."""

    exit = Exit.CLOUD


class VerdictError(DisasterRecoveryError):
    """A drill ended and an objective or an invariant did not hold."""

    exit = Exit.VERDICT
