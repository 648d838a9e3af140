"""What happens while a recovery is followed, as plain data for whoever shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from generator.aws.events import Event


@dataclass(frozen=True)
class RecoveryBegan(Event):
    """An execution is followed from here on; ``began`` says whether it was started by this call."""

    region: str
    execution: str
    began: bool = True


@dataclass(frozen=True)
class RecoveryMoved(Event):
    """One step's news: ``seconds`` since the recovery began. well: it went as it should."""

    seconds: float
    step: str
    text: str
    well: bool = True


@dataclass(frozen=True)
class RecoveryDoing(Event):
    """What goes on at this moment."""

    seconds: float
    step: str
    text: str


@dataclass(frozen=True)
class RecoveryEnded(Event):
    """How it ended. status: Step Functions' word. reason and hint: of a failure. output: of a success, as it stands."""

    region: str
    execution: str
    status: str
    seconds: float
    reason: str = ""
    hint: str = ""
    output: Mapping[str, Any] | None = None

    @property
    def well(self) -> bool:
        """Return whether it did what was asked for."""
        return self.status == "SUCCEEDED"
