"""When a metric alarm is in which state: CloudWatch's documented rules, pure.

Pages of the CloudWatch User Guide: "Alarm evaluation" and "Configuring how CloudWatch alarms treat missing data", whose
two tables, and the examples of its section "Avoiding premature transitions to alarm state", are the test of this
module. Where some points breach, none is within, and the oldest is too young, the guide says what does not happen
("does not go immediately into ALARM state") and not which state it is: here it stays.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]

EXTRA = 2
"""Periods that are looked at beyond the evaluation periods. The guide gives no general number ("the exact number of
data points it attempts to retrieve depends on the length of the alarm period and whether it is based on a metric with
standard resolution or high resolution"), and 5 for 3 in all of its examples."""

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


class UnsupportedError(ValueError):
    """An alarm that this evaluator has no documented rule for."""


@dataclass(frozen=True)
class Rule:
    """What an alarm asks of its data points. datapoints: how many of the periods must breach (M of N)."""

    comparison: str
    threshold: float
    periods: int
    datapoints: int
    missing: str = "missing"

    def __post_init__(self) -> None:
        if self.comparison not in COMPARISONS:
            raise UnsupportedError(f"comparison {self.comparison}; known are {', '.join(COMPARISONS)}")
        if self.missing not in ("missing", "ignore", "breaching", "notBreaching"):
            raise UnsupportedError(f"TreatMissingData {self.missing}")

    @property
    def range(self) -> int:
        """Return how many periods are looked at (the evaluation range)."""
        return self.periods + EXTRA


def state(rule: Rule, points: Sequence[float | None], now: State) -> tuple[State, str]:
    """Return the state and why. points: of the evaluation range, oldest first, None for a period without data.

    now: the state that the alarm is in.
    """
    held = COMPARISONS[rule.comparison]
    breaches = [None if each is None else held(each, rule.threshold) for each in points[-rule.range :]]
    real = [each for each in breaches if each is not None][-rule.periods :]
    empty = rule.periods - len(real)
    if not empty or rule.missing in ("breaching", "notBreaching"):
        count = sum(real) + (empty if rule.missing == "breaching" else 0)
        found: State = "ALARM" if count >= rule.datapoints else "OK"
    else:
        found = _unfilled(rule, breaches, real, now)
    return found, _reason(rule, points, found, empty)


def _unfilled(rule: Rule, breaches: list[bool | None], real: list[bool], now: State) -> State:
    """Return the state where missing points count for nothing (``missing``) or hold it (``ignore``)."""
    ignored = rule.missing == "ignore"
    if not real:
        return now if ignored else "INSUFFICIENT_DATA"
    if sum(real) >= rule.datapoints:
        return "ALARM"
    if not all(real):
        return "OK"
    age = len(breaches) - breaches.index(True)  # of the oldest breaching point, 1 for the newest period's
    return "ALARM" if age >= rule.datapoints and not ignored else now


def _reason(rule: Rule, points: Sequence[float | None], found: State, empty: int) -> str:
    shown = ", ".join(f"{each:g}" for each in points[-rule.range :] if each is not None) or "none"
    word = {"ALARM": "Threshold Crossed", "OK": "Threshold Crossed", "INSUFFICIENT_DATA": "Insufficient Data"}[found]
    filled = f"; {empty} of {rule.periods} missing, treated as {rule.missing}" if empty > 0 else ""
    test = f"{rule.comparison} {rule.threshold:g}, {rule.datapoints} of {rule.periods}"
    return f"{word}: datapoints {shown} ({test}{filled})"
