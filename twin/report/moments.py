"""The events that deserve a mark in the plots: what happened to the region, and each turn of the way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from twin.drill.record import Event, History
from twin.drill.shares import answers, typed

MOST = 18
"""Marks that a plot has room for; all events are in the time line."""

STATES = ("AskApproval", "Fence", "Promote")


@dataclass(frozen=True)
class Moment:
    """A numbered event of the plots."""

    number: int
    event: Event


def moments(history: History) -> tuple[Moment, ...]:
    """Return the marked events in their order, numbered from 1."""
    moved = {id(event) for event in answers(history)}
    since = history.began_ms if history.disaster_ms is None else history.disaster_ms
    chosen = [event for event in history.events if event.at_ms >= since and (_matters(event) or id(event) in moved)]
    chosen.sort(key=lambda event: event.at_ms)
    return tuple(Moment(number, event) for number, event in enumerate(chosen[:MOST], 1))


def _matters(event: Event) -> bool:
    choice = _CHOICES.get(event.source)
    return choice is not None and choice(event)


_CHOICES: Mapping[str, Callable[[Event], bool]] = {
    "disaster": lambda event: event.cause == "",  # the faults that it is made of have one
    "people": lambda _: True,
    "person": typed,
    "state machine": lambda event: event.detail.get("state") in STATES or "ended" in event.detail,
    "database": lambda event: bool(event.detail.get("promoted")),
    "probe": lambda event: bool(event.detail.get("proof")),
    "application": lambda event: bool(event.detail.get("acknowledged")),
}
