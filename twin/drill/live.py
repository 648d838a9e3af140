"""A drill as it is played: a view that moves on a terminal, a line for each event elsewhere, JSON lines for programs.

Seconds are counted from the first disaster or request; before that, from the beginning, in brackets.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol

from twin.drill.record import Event, Sample

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

EVENTS = 12
SPARKS = "▁▂▃▄▅▆▇█"
HISTORY = 48
"""Samples that the sparklines show."""

STYLES = {"disaster": "red", "people": "cyan", "person": "cyan", "database": "green", "application": "green"}

Put = Callable[[str], None]


class View(Protocol):
    """Who is shown what happens."""

    def event(self, event: Event) -> None:
        """Show an event."""

    def sample(self, sample: Sample) -> None:
        """Show how everything is."""

    def note(self, text: str) -> None:
        """Show what the drill itself is doing."""


@contextmanager
def live(console: Console, title: str, put: Put | None = None) -> Iterator[View]:
    """Give the view that fits: JSON lines when there is a ``put`` to take them, else what the console can show.

    A console that is no terminal, or a dumb one, gets lines. ``NO_COLOR`` is the console's own matter.
    """
    if put is not None:
        yield _Lines(put, as_json=True)
    elif console.is_terminal and not console.is_dumb_terminal:
        with _moving(console, title) as view:
            yield view
    else:
        yield _Lines(lambda text: console.print(text, markup=False, highlight=False, soft_wrap=True))


class _Clock:
    """When it began, and when the disaster struck."""

    def __init__(self) -> None:
        self._began_ms = int(time.time() * 1000)
        self._zero_ms: int | None = None

    def strike(self, event: Event) -> None:
        if self._zero_ms is None and (event.source == "disaster" or "verb" in event.detail):
            self._zero_ms = event.at_ms

    def since(self, at_ms: int) -> str:
        if self._zero_ms is None:
            return f"({(at_ms - self._began_ms) / 1000:.1f} s)"
        return f"{(at_ms - self._zero_ms) / 1000:+.1f} s"


class _Lines:
    """A line for each event and each note."""

    def __init__(self, put: Put, *, as_json: bool = False) -> None:
        self._put, self._as_json, self._clock, self._lock = put, as_json, _Clock(), threading.Lock()

    def event(self, event: Event) -> None:
        with self._lock:
            self._clock.strike(event)
            if self._as_json:
                self._put(_json("event", asdict(event)))
            else:
                self._put(f"{self._clock.since(event.at_ms):>10}  {line(event)}")

    def sample(self, sample: Sample) -> None:
        if self._as_json:
            with self._lock:
                self._put(_json("sample", asdict(sample)))

    def note(self, text: str) -> None:
        with self._lock:
            self._put(_json("note", {"at_ms": int(time.time() * 1000), "text": text}) if self._as_json else text)


def line(event: Event) -> str:
    """Return an event in a line: who, where, what, and why."""
    where = f" {event.region}" if event.region and event.region not in event.what else ""
    why = " ".join(event.cause.split())
    return f"{event.source}{where}: {' '.join(event.what.split())}" + (f" ({why[:160]})" if why else "")


def _json(kind: str, said: dict[str, Any]) -> str:
    return json.dumps({"kind": kind, **said}, ensure_ascii=False, default=str)


class Board:
    """What the moving view shows; any thread may change it."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._lock = threading.Lock()
        self._clock = _Clock()
        self._note = ""
        self._sample: Sample | None = None
        self._events: deque[tuple[str, Event]] = deque(maxlen=EVENTS)
        self._rates: deque[tuple[float, float]] = deque(maxlen=HISTORY)

    def event(self, event: Event) -> None:
        """Take an event in."""
        with self._lock:
            self._clock.strike(event)
            self._events.append((self._clock.since(event.at_ms), event))

    def sample(self, sample: Sample) -> None:
        """Take a sample in; its writes become rates by the time since the one before."""
        with self._lock:
            if self._sample is not None and sample.at_ms > self._sample.at_ms:
                seconds = (sample.at_ms - self._sample.at_ms) / 1000
                self._rates.append((sample.acknowledged / seconds, sample.refused / seconds))
            self._sample = sample

    def note(self, text: str) -> None:
        """Take in what the drill itself is doing."""
        with self._lock:
            self._note = text

    def drawn(self) -> RenderableType:
        """Return the board as it is now."""
        from rich.console import Group
        from rich.text import Text

        with self._lock:
            head = Text(self.title, "bold")
            if self._sample is None:
                return Group(head, Text(self._note, "dim"))
            parts = [self._regions(self._sample), self._writes(), Text(), *self._lines()]
            return Group(self._heading(head, self._sample), *parts)

    def _heading(self, head: Any, sample: Sample) -> Any:
        head.append(f"  {self._clock.since(sample.at_ms)}", "bold cyan")
        head.append(f"  {sample.step or self._note}", "dim" if not sample.step else "yellow")
        return head

    def _regions(self, sample: Sample) -> Any:
        from rich.table import Table
        from rich.text import Text

        table = Table("region", "database", "lag", "health check", "DNS", box=None, pad_edge=False, header_style="dim")
        for name, seen in sample.regions.items():
            health = {True: Text("● healthy", "green"), False: Text("○ unhealthy", "dim"), None: Text("–", "dim")}
            roles = {
                "writer": Text("● writer", "green"),
                "replica": Text("○ replica"),
                "none": Text("✗ no answer", "red"),
            }
            lag = "" if seen.lag_seconds is None else f"{seen.lag_seconds:.1f} s"
            answered = Text("◀ answered", "cyan") if name in sample.answers else Text("")
            table.add_row(Text(name), roles[seen.role], lag, health[seen.healthy], answered)
        return table

    def _writes(self) -> Any:
        from rich.text import Text

        most = max((max(rates) for rates in self._rates), default=0.0)
        shown = Text()
        for place, (word, style) in enumerate((("acknowledged", "green"), ("refused", "red"))):
            values = [rates[place] for rates in self._rates]
            shown.append(f"{word:<13}{values[-1] if values else 0:6.1f}/s ")
            shown.append(sparkline(values, most), style)
            shown.append("" if place else "\n")
        return shown

    def _lines(self) -> Iterator[Any]:
        from rich.text import Text

        for since, event in self._events:
            said = Text(f"{since:>10}  ", "dim", no_wrap=True, overflow="ellipsis")
            yield said.append(line(event), STYLES.get(event.source, ""))


def sparkline(values: list[float], most: float) -> str:
    """Return values as blocks up to ``most``; nothing at all is the lowest, so that time goes on."""
    if not most:
        return SPARKS[0] * len(values)
    return "".join(SPARKS[round(min(1.0, value / most) * (len(SPARKS) - 1))] for value in values)


@contextmanager
def _moving(console: Console, title: str) -> Iterator[Board]:
    from rich.live import Live

    board = Board(title)
    with Live(get_renderable=board.drawn, console=console, refresh_per_second=4, transient=True):
        yield board
