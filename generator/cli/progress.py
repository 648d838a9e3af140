"""What happens, as it happens: a table that moves on a terminal, lines elsewhere, JSON lines for programs."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from generator.aws.events import (
    Checked,
    Event,
    Fault,
    Looked,
    OperationBegan,
    OperationEnded,
    OperationMoved,
    ResourceMoved,
    Said,
    Sink,
    Uploaded,
    WaveBegan,
    WorkBegan,
    WorkEnded,
    plain,
)
from generator.cli import render

_ROWS = 24
"""Rows of the moving table: what is at work is shown, what is done is counted."""


def line(event: Event) -> tuple[str, str]:
    """Return the event in a line, and the kind of line that it is; nothing for what is too small for one."""
    told = _LINES.get(type(event))
    return told(event) if told else ("", "")


def _looked(event: Looked) -> tuple[str, str]:
    active = f"{event.active} is active" if event.active else "no region is active yet"
    return f"looked: account {event.account}, {event.stacksets} StackSets, {active}", ""


def _began(event: OperationBegan) -> tuple[str, str]:
    return (f"  {event.stackset}: waiting for what was begun before", "") if event.joined else ("", "")


def _ended(event: OperationEnded) -> tuple[str, str]:
    fine = event.status in ("SUCCEEDED", "CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE")
    return ("", "") if fine else (f"  {event.stackset}: {event.status} after {event.seconds:.0f} s", "")


def _work(event: WorkEnded) -> tuple[str, str]:
    return f"  {event.work}: {'done' if event.changed else 'nothing to do'} after {event.seconds:.0f} s", ""


def _places(regions: tuple[str, ...]) -> str:
    return ", ".join(dict.fromkeys(regions)) or "its region"


def _checked(event: Checked) -> tuple[str, str]:
    if not event.problem:
        return f"checked: {event.about}", ""
    said = f"{event.about}: {event.problem}"
    return said + (f" ({event.hint})" if event.hint else ""), "error" if event.failing else "warning"


_LINES: Mapping[type[Event], Callable[[Any], tuple[str, str]]] = {
    Said: lambda event: (event.text, event.level),
    Looked: _looked,
    WaveBegan: lambda event: (f"wave {event.number} of {event.of}: {', '.join(event.works)}", ""),
    WorkBegan: lambda event: (
        f"  {event.work} in {_places(event.regions)}: {'; '.join(dict.fromkeys(event.doing))}",
        "",
    ),
    OperationBegan: _began,
    OperationEnded: _ended,
    WorkEnded: _work,
    Fault: lambda event: (str(event), "error"),
    Checked: _checked,
}


@contextmanager
def shown(*, as_json: bool) -> Iterator[Sink]:
    """Yield the sink that shows events: JSON lines on stdout, or for people on stderr."""
    if as_json:
        yield _json_lines()
    elif sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        with _moving() as sink:
            yield sink
    else:
        yield _lines()


def moving(*, as_json: bool) -> bool:
    """Tell whether a person looks on, so that the resources' own events are worth their calls."""
    return not as_json and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _json_lines() -> Sink:
    lock = threading.Lock()

    def sink(event: Event) -> None:
        with lock:
            render.data(json.dumps({"time": round(time.time(), 3), **plain(event)}, ensure_ascii=False) + "\n")
            sys.stdout.flush()

    return sink


def _lines() -> Sink:
    lock = threading.Lock()

    def sink(event: Event) -> None:
        text, kind = line(event)
        if text:
            with lock:
                render.say(text, kind)

    return sink


class Table:
    """What is at work now: a row for each StackSet and region, with the newest event of its resources."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[tuple[str, str], tuple[str, str]] = {}
        self.wave = ""

    def take(self, event: Event) -> None:
        """Take an event in."""
        with self._lock:
            match event:
                case WaveBegan():
                    self.wave = f"wave {event.number} of {event.of}"
                    self._rows.clear()
                case OperationBegan():
                    for region in event.regions or ("",):
                        self._rows[event.stackset, region] = (event.action, "")
                case OperationMoved() | OperationEnded():
                    for name, region in self._rows:
                        if name == event.stackset:
                            self._rows[name, region] = (event.status, self._rows[name, region][1])
                case ResourceMoved():
                    status = self._rows.get((event.stackset, event.region), ("", ""))[0]
                    self._rows[event.stackset, event.region] = (status, f"{event.resource} {event.status}")
                case Uploaded():
                    self._rows["packages", event.region] = ("UPLOADED", event.key)
                case _:
                    return

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Return the rows: StackSet, region, status, and what its resources do; the newest at the end."""
        with self._lock:
            return [(name, region, *rest) for (name, region), rest in self._rows.items()][-_ROWS:]


@contextmanager
def _moving() -> Iterator[Sink]:
    from rich.console import Console
    from rich.live import Live

    table, console = Table(), Console(stderr=True)

    def drawn() -> Any:
        from rich.table import Table as Drawn

        drawing = Drawn("StackSet", "region", "status", "resource", title=table.wave, title_justify="left", box=None)
        for row in table.rows():
            drawing.add_row(*row)
        return drawing

    with Live(get_renderable=drawn, console=console, refresh_per_second=6, transient=True):

        def sink(event: Event) -> None:
            table.take(event)
            text, kind = line(event)
            if text and not isinstance(event, WorkBegan):
                console.print(
                    f"{kind}: {text}" if kind in ("error", "warning") else text, markup=False, style=_STYLES.get(kind)
                )

        yield sink


_STYLES = {"error": "red", "warning": "yellow", "fine": "green", "hint": "cyan"}
