"""The availability plot as a picture of its own, for a page that is not the report."""

from __future__ import annotations

from twin.drill.record import History, Result
from twin.report.availability import plot
from twin.report.colours import written_out


def picture(history: History, result: Result) -> str:
    """Return an SVG file's text; it can be read in a light and a dark theme, and explains its own marks."""
    drawn = plot(history, result, legend=True)
    head, _, rest = drawn.partition(">")
    ground = '<rect class="ground" width="100%" height="100%" rx="8"/>'
    return f'{head} width="1000"><style>{written_out()}</style>{ground}{rest}\n'
