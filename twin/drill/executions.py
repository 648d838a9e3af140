"""What a drill saw of the recovery from outside: its executions, its messages, and who asked for what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from twin.drill.record import Event, History
from twin.drill.shares import ours, promotions, typed

MOVING = ("failover", "switchover", "failback", "approve")
"""Verbs of people that move the writer, or let it be moved."""

WAITING = {"AskApproval": "an approval"}
"""States in which an execution waits for somebody, and for what."""


@dataclass(frozen=True)
class Execution:
    """One run of a region's state machine. states: those that it entered. ended: how, empty while it runs."""

    name: str
    region: str
    began_ms: int
    states: tuple[str, ...]
    ended: str = ""
    ended_ms: int | None = None
    cause: str = ""


@dataclass(frozen=True)
class Move:
    """A promotion with what led to it: the verb that a person typed, and the execution that carried it out."""

    at_ms: int
    region: str
    verb: str
    execution: Execution | None


def executions(history: History) -> tuple[Execution, ...]:
    """Return the executions in the order in which they began."""
    by_name: dict[str, list[Event]] = {}
    for event in history.events:
        if event.source == "state machine" and event.detail.get("execution"):
            by_name.setdefault(str(event.detail["execution"]), []).append(event)
    return tuple(sorted((_execution(name, events) for name, events in by_name.items()), key=lambda each: each.began_ms))


def _execution(name: str, events: list[Event]) -> Execution:
    states = tuple(str(event.detail["state"]) for event in events if "state" in event.detail)
    last = next((event for event in events if "ended" in event.detail), None)
    first = events[0]
    if last is None:
        return Execution(name, first.region, first.at_ms, states)
    return Execution(name, first.region, first.at_ms, states, str(last.detail["ended"]), last.at_ms, last.cause)


def moves(history: History) -> tuple[Move, ...]:
    """Return the promotions in their order. verb is empty where no person asked for one since the one before."""
    found, since = [], history.began_ms
    every = executions(history)
    for event in promotions(history):
        asked = [
            e for e in history.events if typed(e) and e.detail["verb"] in MOVING and since <= e.at_ms <= event.at_ms
        ]
        own = [each for each in every if each.region == event.region and each.began_ms <= event.at_ms]
        verbs = [str(e.detail["verb"]) for e in asked if e.detail["verb"] != "approve"]
        verb = verbs[-1] if verbs else "approve" if asked else ""
        found.append(Move(event.at_ms, event.region, verb, own[-1] if own else None))
        since = event.at_ms
    return tuple(found)


def accepted_ms(history: History) -> int | None:
    """Return when the newest failover was assessed for the last time before its promotion; None when nobody saw it."""
    failovers = [move for move in moves(history) if move.verb not in ("switchover", "failback")]
    if not failovers:
        return None
    entered = [
        event.at_ms
        for event in history.events
        if event.detail.get("state") == "Assess" and event.at_ms <= failovers[-1].at_ms
    ]
    return max(entered, default=None)


def outcome(history: History) -> Literal["succeeded", "refused", "none"]:
    """Return how the recovery ended, in the words of a promise; ``refused`` also when a command was."""
    every = executions(history)
    if any(each.ended == "succeeded" for each in every):
        return "succeeded"
    refusals = [event for event in history.events if event.source == "person" and event.detail.get("code")]
    return "refused" if every or refusals else "none"


def messages(history: History) -> tuple[Event, ...]:
    """Return the messages to people since the disaster that are ours, and neither an alarm's nor RDS's own."""
    since = history.began_ms if history.disaster_ms is None else history.disaster_ms
    return tuple(event for event in history.events if ours(event) and event.at_ms >= since)


def text(event: Event) -> str:
    """Return a message's subject and words."""
    return f"{event.what}\n{event.cause}\n{event.detail.get('message', '')}"


def repeated(told: Iterable[Event], history: History) -> list[Event]:
    """Return the messages that say once more what was said, though nothing has happened in between.

    What counts as happening is a disaster (a killed execution is one) or a promotion.
    """
    turns = [event.at_ms for event in history.events if event.source == "disaster"]
    turns += [event.at_ms for event in promotions(history)]
    last: dict[tuple[str, str], int] = {}
    again = []
    for event in told:
        said = last.get((event.region, event.what))
        if said is not None and not any(said < at <= event.at_ms for at in turns):
            again.append(event)
        last[event.region, event.what] = event.at_ms
    return again
