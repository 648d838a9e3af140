"""What a drill waits for: each sight is a question to what was seen, answered yes or no."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from recovery import signals
from twin.drill.observe import Observer
from twin.drill.record import Event
from twin.drill.stage import Stage

LOST = "looks lost"
"""The words by which people are told that a region is lost (``lambda/notice.py``)."""


@dataclass(frozen=True)
class Look:
    """Where to look, and since when.

    begun_ms: when the waiting began. since_ms: when the newest disaster struck or the newest recovery was asked for,
    before that.
    """

    stage: Stage
    seen: Observer
    begun_ms: int
    since_ms: int


def sight(name: str, look: Look) -> bool:
    """Return whether it is seen (:class:`twin.drill.scenario.Until` names them all)."""
    return _SIGHTS[name](look)


def _after(look: Look, source: str, words: str = "") -> list[Event]:
    """Return the events of a source since the newest disaster or request."""
    return [
        each
        for each in look.seen.events
        if each.at_ms >= look.since_ms and each.source == source and words in each.what
    ]


def _told(look: Look) -> bool:
    return bool(_after(look, "people", LOST))


def _writing(look: Look) -> bool:
    return any(each.outcome == "acknowledged" and each.began_ms > look.begun_ms for each in look.stage.writes())


def _stopped(look: Look) -> bool:
    since = max(look.begun_ms, int(time.time() * 1000) - 3000)
    waited = time.time() * 1000 - look.begun_ms > 3000
    return waited and not any(e.outcome == "acknowledged" and e.ended_ms > since for e in look.stage.writes())


def _moved(look: Look) -> bool:
    newest, first = look.seen.newest, look.seen.samples[0]
    return newest is not None and newest.answers != first.answers


def _idle(look: Look) -> bool:
    """Return whether an execution has ended since the newest disaster or request, and none runs.

    A command that ended since counts as well: where nothing was left to do, none had to run.
    """
    ended = [each for each in _after(look, "state machine") if "ended" in each.detail]
    done = [each for each in _after(look, "person") if each.detail.get("code") == 0]
    return not look.seen.steps and bool(ended or done)


def _recovered(look: Look) -> bool:
    newest = look.seen.newest
    if newest is None or not _idle(look) or len(newest.answers) != 1:
        return False
    answered = newest.answers[0]
    if newest.regions[answered].role != "writer":
        return False
    recent = time.time() * 1000 - 1500
    return any(
        each.outcome == "acknowledged" and each.region == answered and each.ended_ms > recent
        for each in look.stage.writes()
    )


def _rejoined(look: Look) -> bool:
    newest = look.seen.newest
    if newest is None:
        return False
    roles = sorted(each.role for each in newest.regions.values())
    if roles != sorted(["writer"] + ["replica"] * (len(roles) - 1)):
        return False
    return not _marks(look)


def _marks(look: Look) -> set[tuple[str, str, str]]:
    """Return the fences and markers that stand in the state tables: whose table, which kind, about whom."""
    standing: set[tuple[str, str, str]] = set()
    for each in look.seen.events:
        kind = each.detail.get("kind")
        if kind in (signals.FENCE, signals.SUPERSEDED_ITEM):
            mark = (each.region, str(kind), str(each.detail["about"]))
            standing.discard(mark) if each.what.endswith("deleted") else standing.add(mark)
    return standing


def _approval(look: Look) -> bool:
    return "AskApproval" in look.seen.steps.values()


def _promoting(look: Look) -> bool:
    return "Promote" in look.seen.steps.values()


Sight = Callable[[Look], bool]
_SIGHTS: Mapping[str, Sight] = {
    "told": _told,
    "recovered": _recovered,
    "writing": _writing,
    "stopped": _stopped,
    "moved": _moved,
    "ended": _idle,
    "rejoined": _rejoined,
    "approval": _approval,
    "promoting": _promoting,
}
