"""A drill's history and result as one JSON document."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from twin.drill.acknowledgements import connections, final_writer
from twin.drill.record import History, Result

SCHEMA = 1
"""Counted up when a reader of the document would have to be changed."""


def document(history: History, result: Result) -> dict[str, Any]:
    """Return everything that the report is made of, and what it concludes, as JSON would show it.

    Keys: ``schema``, ``verdict``, ``command``, ``result``, ``history``, ``writer`` (the region at the end) and
    ``connections``. Times are milliseconds since 1970, durations seconds.
    """
    return {
        "schema": SCHEMA,
        "held": result.held,
        "verdict": result.verdict,
        "command": command(history),
        "writer": final_writer(history),
        "result": asdict(result),
        "connections": [asdict(each) for each in connections(history)],
        "history": asdict(history),
    }


def command(history: History) -> str:
    """Return the command that plays the drill again."""
    asked = history.asked or history.scenario
    return f"python -m generator drill {asked} --speed {history.speed:g} --seed {history.seed}"
