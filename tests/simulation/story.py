"""What happened, as lines: the time, where, what, and why."""

from __future__ import annotations

from dataclasses import dataclass, field

from .clockwork import START_MS
from .names import SHORT


@dataclass(frozen=True)
class Line:
    """One thing that happened."""

    at_ms: int
    source: str
    region: str
    what: str
    cause: str = ""

    def __str__(self) -> str:
        seconds = (self.at_ms - START_MS) / 1000
        where = SHORT.get(self.region, self.region) or "·"
        why = f"  ({self.cause})" if self.cause else ""
        return f"{int(seconds // 60):4d}:{seconds % 60:04.1f}  {self.source:<13} {where}  {self.what}{why}"


@dataclass
class Story:
    """All lines of a run."""

    lines: list[Line] = field(default_factory=list)

    def say(self, line: Line) -> None:
        """Add a line."""
        self.lines.append(line)

    def __str__(self) -> str:
        return "\n".join(map(str, self.lines))
