"""Who called what, what was denied and why, and which rights a drill has taken away."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from twin.cloud.journal import JOURNAL

SOURCE = "policy"


@dataclass
class Denial:
    """What somebody may not do. at_ms: when it was denied first, milliseconds since 1970."""

    principal: str
    action: str
    resource: str
    region: str
    reason: str
    at_ms: int
    count: int = 1


@dataclass(frozen=True)
class Taken:
    """A right that was taken away: patterns of the role's name and of the action."""

    role: str
    action: str


@dataclass(frozen=True)
class Deed:
    """One call of somebody who is no administrator.

    principal: the ARN of the role or user. function: the ARN of the function that made it, of the schedule or state
    machine that a service made it for, or empty. service: the called one's name in IAM, or the one that acts.
    """

    principal: str
    function: str
    service: str
    action: str
    resource: str
    region: str


class Records:
    """All of it; any thread may write."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[tuple[str, str, str, str, str], list[int]] = {}
        self._denials: dict[tuple[str, str, str], Denial] = {}
        self.taken: tuple[Taken, ...] = ()

    def note(self, deed: Deed, reason: str = "") -> None:
        """Count a call. reason: why it was denied; empty when it was not. The first of its kind is in the journal."""
        place = (deed.principal, deed.function, deed.service, deed.action, deed.region)
        with self._lock:
            counts = self._calls.setdefault(place, [0, 0])
            counts[0] += 1
            if not reason:
                return
            counts[1] += 1
            known = self._denials.get((deed.principal, deed.action, deed.resource))
            if known is not None:
                known.count += 1
                return
            now = int(time.time() * 1000)
            self._denials[deed.principal, deed.action, deed.resource] = Denial(
                deed.principal, deed.action, deed.resource, deed.region, reason, now
            )
        what = f"{short(deed.principal)} may not {deed.action} on {deed.resource}"
        JOURNAL.note(SOURCE, deed.region, what, reason, principal=deed.principal, function=deed.function)

    def told(self) -> list[dict[str, Any]]:
        """Return the calls: principal, function, service, action, region, count and how many were denied."""
        names = ("principal", "function", "service", "action", "region")
        with self._lock:
            return [
                {**dict(zip(names, place, strict=True)), "count": counts[0], "denied": counts[1]}
                for place, counts in sorted(self._calls.items())
            ]

    def denials(self) -> list[dict[str, Any]]:
        """Return each thing that was denied, the first one first."""
        with self._lock:
            return [asdict(each) for each in sorted(self._denials.values(), key=lambda each: each.at_ms)]

    def forget(self) -> None:
        """Begin anew with calls and denials; rights that were taken away stay so."""
        with self._lock:
            self._calls.clear()
            self._denials.clear()

    def denied_to(self, arn: str) -> list[str]:
        """Return the actions, as patterns, that were taken away from a role."""
        name = arn.rpartition("/")[2]
        return [each.action for each in self.taken if fnmatchcase(name, each.role)]


RECORDS = Records()
"""The server's own; there is one server in a process."""


def short(principal: str) -> str:
    """Return how a person would call a principal."""
    return principal.rpartition("/")[2] or principal


def callers(_: Any) -> list[dict[str, Any]]:
    """Answer ``GET callers``."""
    return RECORDS.told()


def denials(_: Any) -> list[dict[str, Any]]:
    """Answer ``GET denials``."""
    return RECORDS.denials()


def forget(_: Any) -> list[dict[str, Any]]:
    """Answer ``DELETE denials``."""
    RECORDS.forget()
    return []


def revoke(said: Mapping[str, str]) -> list[dict[str, str]]:
    """Answer ``PUT policies/revoke``: as if somebody had removed the right. Raises ``TypeError`` for other keys."""
    taken = Taken(**said)
    RECORDS.taken = (*RECORDS.taken, taken)
    JOURNAL.note(SOURCE, "", f"the right to {taken.action} is taken away from {taken.role}")
    return revoked(None)


def restore(_: Any) -> list[dict[str, str]]:
    """Answer ``DELETE policies/revoke``: every right that was taken away is back."""
    if RECORDS.taken:
        JOURNAL.note(SOURCE, "", "all rights that were taken away are given back")
    RECORDS.taken = ()
    return revoked(None)


def revoked(_: Any) -> list[dict[str, str]]:
    """Answer ``GET policies/revoke``."""
    return [asdict(each) for each in RECORDS.taken]
