"""What an operation's preferences mean: purely.

API Reference, "StackSetOperationPreferences": failures are tolerated per region; a percentage of accounts is
rounded down, of those that run at a time up to one; the strict mode lowers how many run to the tolerance plus one,
and by every failure; the soft mode does not. Defaults: one region after the other, one account at a time, no
failure tolerated (trap 53).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from twin.cloud.stacksets.refusal import invalid

_PAIRS = (
    ("FailureToleranceCount", "FailureTolerancePercentage"),
    ("MaxConcurrentCount", "MaxConcurrentPercentage"),
)


@dataclass(frozen=True)
class Limits:
    """What holds in one region: failures that are tolerated, accounts at a time, whether failures lower that."""

    tolerance: int
    concurrency: int
    strict: bool

    def exceeded(self, failures: int) -> bool:
        """Tell whether there are more failures than are tolerated."""
        return failures > self.tolerance

    def at_a_time(self, failures: int) -> int:
        """Return how many accounts may run now; at least one, since exceeding it ends the region."""
        if not self.strict:
            return self.concurrency
        return max(1, min(self.concurrency, self.tolerance + 1 - failures))


def check(preferences: Mapping[str, Any]) -> None:
    """Refuse preferences that contradict themselves."""
    for count, percentage in _PAIRS:
        if count in preferences and percentage in preferences:
            raise invalid(f"You can specify either {count} or {percentage}, but not both.")
    if preferences.get("MaxConcurrentCount", 1) < 1:
        raise invalid("MaxConcurrentCount must be at least 1")


def limits(preferences: Mapping[str, Any], accounts: int) -> Limits:
    """Return what holds in a region in which so many accounts are worked on."""
    tolerance = preferences.get("FailureToleranceCount")
    if tolerance is None:
        tolerance = preferences.get("FailureTolerancePercentage", 0) * accounts // 100
    concurrency = preferences.get("MaxConcurrentCount")
    if concurrency is None:
        concurrency = max(1, preferences.get("MaxConcurrentPercentage", 0) * accounts // 100)
    soft = preferences.get("ConcurrencyMode") == "SOFT_FAILURE_TOLERANCE"
    return Limits(tolerance=int(tolerance), concurrency=int(concurrency), strict=not soft)


def waves(preferences: Mapping[str, Any], regions: Iterable[str]) -> list[list[str]]:
    """Return the regions in the order they go: lists of those that go at a time."""
    wanted = list(dict.fromkeys(regions))
    first = [region for region in preferences.get("RegionOrder", ()) if region in wanted]
    ordered = list(dict.fromkeys([*first, *wanted]))
    if preferences.get("RegionConcurrencyType") == "PARALLEL":
        return [ordered] if ordered else []
    return [[region] for region in ordered]
