"""What is looked at and what is found: plain frozen data, so that it travels between processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning", "informational"]


@dataclass(frozen=True)
class Job:
    """One template to look at: the name that findings show, its text, and the regions it is meant for."""

    file: str
    text: str
    regions: tuple[str, ...]


@dataclass(frozen=True, order=True)
class Finding:
    """One thing wrong in a template; line and column count from 1."""

    file: str
    line: int
    column: int
    rule: str
    level: Level
    message: str
    source: str = ""
