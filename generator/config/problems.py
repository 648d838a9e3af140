"""What is said about an environment file that is refused: every problem, with its place and a hint."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from generator.errors import DisasterRecoveryError, Exit

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in an environment file.

    ``line`` counts from 1, and is 0 when the file as a whole is meant; ``key`` is dotted
    (``regions.eu-west-1.range``) and empty for the file as a whole.
    """

    file: str
    line: int
    key: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class EnvironmentFileError(DisasterRecoveryError):
    """An environment file that can't be used; ``problems`` holds everything that is wrong with it."""

    exit = Exit.ENVIRONMENT

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(problems))
        lines = [f"{problem}\nhint: {problem.hint}" if problem.hint else str(problem) for problem in self.problems]
        super().__init__("\n".join(lines))


def dotted(path: KeyPath) -> str:
    """Return a path the way people write it: ``regions.eu-west-1.zones[0]``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def printable(text: str) -> str:
    """Return the text on one line and without control characters, which a terminal would obey."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)
