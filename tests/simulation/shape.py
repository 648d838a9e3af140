"""Which environment a run is about: regions, mode, probe kind and intervals, drawn from what a file may configure."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

from recovery.objectives import Budget, Intervals, budget

from .names import A, B, C, W

Mode = Literal["manual", "approval", "automatic"]


@dataclass(frozen=True)
class Shape:
    """An environment. Durations in seconds. strict: requests and answers are held against botocore's model."""

    data_regions: tuple[str, ...] = (A, B)
    witnesses: tuple[str, ...] = ()
    mode: Mode = "manual"
    probe: Literal["metric", "endpoint"] = "metric"
    interval: int = 10
    ttl: int = 10
    notice_seconds: int = 60
    rpo_seconds: int = 60
    approval_seconds: int = 600
    strict: bool = False

    @property
    def budget(self) -> Budget:
        """Return what a recovery may take, part by part."""
        return budget(
            Intervals(
                mode=self.mode,
                probe=self.probe,
                interval=self.interval,
                step_seconds=3,
                notice_seconds=self.notice_seconds,
                decision_seconds=300,
                approval_seconds=self.approval_seconds,
                ttl=self.ttl,
            )
        )


def draw(random: Random, strict: bool) -> Shape:
    """Return an environment."""
    witnesses = random.choice(((), (W,)))
    interval = random.choice((10, 15, 20, 30))
    modes: tuple[Mode, ...] = ("manual", "approval", "automatic") if witnesses else ("manual", "approval")
    return Shape(
        data_regions=random.choice(((A, B), (A, B, C))),
        witnesses=witnesses,
        mode=random.choice(modes),
        probe=random.choice(("metric", "endpoint")),
        interval=interval,
        ttl=random.choice((5, 10, 30)),
        notice_seconds=random.choice((70, 90, 120)),
        rpo_seconds=random.choice((70, 120)),
        approval_seconds=random.choice((120, 600)),
        strict=strict,
    )
