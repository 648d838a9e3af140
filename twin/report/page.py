"""The report: one HTML file that needs nothing else.

It opens offline, follows the reader's light or dark theme, prints, works without a script (it has none), and asks for
nothing: a policy in its head forbids every request. Each plot is there as a table too.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from importlib import resources

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from twin.drill.acknowledgements import connections, final_writer
from twin.drill.record import History, Result
from twin.report import availability, bars, lanes
from twin.report.colours import DRAWING, part_rules, variables
from twin.report.document import SCHEMA, command
from twin.report.drawing import Axis, axis_of, filled
from twin.report.moments import moments

TABLE_SLICES = 40
MOST_LOST = 200
"""Lost rows that are listed; a reader learns nothing from the thousands after them."""


def page(history: History, result: Result) -> str:
    """Return the report's HTML. All that a drill has seen is escaped: it comes from servers and people."""
    axis = axis_of(history)
    templates = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    templates.filters["since"] = lambda at_ms: _since(axis, at_ms)
    templates.filters["duration"] = _duration
    return templates.from_string(_text("report.html.j2")).render(
        history=history,
        result=result,
        schema=SCHEMA,
        style=Markup("\n".join((variables(), _text("report.css"), part_rules(), DRAWING))),
        when=datetime.fromtimestamp(history.began_ms / 1000, UTC).strftime("%-d %B %Y, %H:%M UTC"),
        zero="the beginning"
        if history.disaster_ms is None
        else "the disaster"
        if history.kind != "switchover"
        else "the request",
        writer=final_writer(history),
        command=command(history),
        gauge=_gauge,
        swatch=_swatch,
        **_figures(history, result),
        **_plots(history, result),
        **_time_line(history),
    )


def _figures(history: History, result: Result) -> dict[str, object]:
    measured, limit = result.rto_seconds, result.limit_seconds
    allowed = f"allowed {_duration(limit)}"
    if history.speed != 1:
        allowed += f" at speed {history.speed:g}, which is {_duration(result.objective_rto)} in real time"
    oldest = f"the oldest {_duration(result.rpo_seconds)} old; " if result.rpo_rows else ""
    return {
        "verdict": result.verdict.removeprefix("held: ").removeprefix("broken "),
        "rto_share": None if measured is None or not limit else measured / limit,
        "rto_note": allowed if measured is not None else f"no write was acknowledged again; {allowed}",
        "rpo_share": result.rpo_seconds / result.objective_rpo
        if result.objective_rpo
        else float(bool(result.rpo_rows)),
        "rpo_note": f"{oldest}objective {_duration(result.objective_rpo)}",
        "ratio": None if measured is None or not result.floor_seconds else measured / result.floor_seconds,
        "measured_sum": sum(share.measured or 0.0 for share in result.shares),
        "connections": connections(history),
        "most_lost": MOST_LOST,
    }


def _plots(history: History, result: Result) -> dict[str, object]:
    cut = availability.slices(history, result, TABLE_SLICES)
    return {
        "availability": Markup(availability.plot(history, result)),
        "lanes": Markup(lanes.plot(history)),
        "parts": Markup(bars.plot(result)),
        "lane_rows": lanes.rows(history),
        "marks": moments(history),
        "slices": cut,
        "slice_seconds": (cut[0].ended_ms - cut[0].began_ms) // 1000 if cut else 0,
    }


def _time_line(history: History) -> dict[str, object]:
    places = {id(event): place for place, event in enumerate(history.events)}
    counts = dict(Counter(event.source for event in history.events).most_common())
    return {
        "sources": counts,
        "source_numbers": {source: number for number, source in enumerate(counts, 1)},
        "numbers": {places[id(moment.event)]: moment.number for moment in moments(history)},
    }


def _since(axis: Axis, at_ms: int | None) -> str:
    return "" if at_ms is None else f"{axis.seconds(at_ms):+.1f} s"


def _duration(seconds: float) -> str:
    """Return seconds as they are, in minutes too where they are many."""
    if seconds < 600:
        return f"{seconds:.1f} s" if seconds % 1 else f"{seconds:.0f} s"
    return f"{seconds:.0f} s ({seconds / 60:.0f} min)"


def _gauge(share: float | None) -> str:
    return "100" if share is None else f"{min(1.0, share) * 100:.1f}"


def _swatch(place: int) -> Markup:
    return Markup(filled(0, 0, (22, 14), (place, availability.NAME), ""))


def _text(name: str) -> str:
    return resources.files("twin.report").joinpath(name).read_text(encoding="utf-8")
