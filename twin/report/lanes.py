"""What each region was over time: its database's role, its health check, whether DNS answered it; and the recovery."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from functools import partial
from itertools import groupby

from twin.drill.record import History, Sample
from twin.report.drawing import LEFT, RIGHT, Axis, axis_of, box, filled, fits, text, textures, time_axis, wrapped

NAME = "lanes"
BAR, ROW, GROUP = 15, 20, 34
"""Heights: of a bar, from one to the next, and of a region's heading."""

Span = tuple[int, int, Hashable]


def spans(history: History, value: Callable[[Sample], Hashable]) -> Iterator[Span]:
    """Yield for how long something was the same in the samples: from, to, what."""
    for what, group in groupby(enumerate(history.samples), key=lambda each: value(each[1])):
        places = [place for place, _ in group]
        after = places[-1] + 1
        last = history.samples[after].at_ms if after < len(history.samples) else history.ended_ms
        yield history.samples[places[0]].at_ms, last, what


def plot(history: History) -> str:
    """Return the drawing as SVG text."""
    axis = axis_of(history)
    shapes, y = [textures(NAME)], 8.0
    for number, region in enumerate(history.regions):
        shapes += _region(history, axis, (number, region), y)
        y += GROUP + 3 * ROW
    shapes.append(text(8, y + 14, "recovery", "strong"))
    shapes += _steps(history, axis, y + 3)
    bottom = y + 26
    grid = time_axis(axis, 4, bottom)
    return wrapped([*grid, *shapes], bottom + 24, NAME, ("What each region was", summary(history)))


def summary(history: History) -> str:
    """Return what the lanes show, in sentences."""
    axis = axis_of(history)
    said = []
    for region in history.regions:
        roles = spans(history, partial(_role, region=region))
        words = ", ".join(f"{role} from {axis.seconds(began):.0f} s" for began, _, role in roles)
        said.append(f"{region}: {words or 'not looked at'}")
    answers = [f"{answer} from {axis.seconds(began):.0f} s" for began, _, answer in spans(history, _answered)]
    return f"{'. '.join(said)}. DNS answers {', '.join(answers) or 'nobody'}."


def rows(history: History) -> list[tuple[str, str, str, str]]:
    """Return the lanes as rows: from, to (seconds), whose, and what it was."""
    axis = axis_of(history)
    found = []
    for region in history.regions:
        for about, value in (("database", _role), ("health check", _health)):
            for began, ended, what in spans(history, partial(value, region=region)):
                found.append((_said(axis, began), _said(axis, ended), f"{about} of {region}", str(what)))
    for began, ended, what in spans(history, _answered):
        found.append((_said(axis, began), _said(axis, ended), "DNS answers", str(what)))
    for began, ended, what in spans(history, lambda sample: sample.step):
        if what:
            found.append((_said(axis, began), _said(axis, ended), "recovery", str(what)))
    return found


def _said(axis: Axis, at_ms: int) -> str:
    return f"{axis.seconds(at_ms):.1f}"


def _role(sample: Sample, region: str) -> str:
    seen = sample.regions.get(region)
    return {"writer": "writer", "replica": "replica", "none": "no answer"}[seen.role if seen else "none"]


def _health(sample: Sample, region: str) -> str:
    seen = sample.regions.get(region)
    healthy = seen.healthy if seen else None
    return "no check" if healthy is None else "healthy" if healthy else "unhealthy"


def _answer(sample: Sample, region: str) -> str:
    return "answered" if region in sample.answers else ""


def _answered(sample: Sample) -> str:
    return " or ".join(sample.answers) or "nobody"


def _region(history: History, axis: Axis, which: tuple[int, str], top: float) -> list[str]:
    number, region = which
    shapes = [text(8, top + 16, region, "strong")]
    y = top + GROUP - 10
    for label, value in (
        ("database", partial(_role, region=region)),
        ("health", partial(_health, region=region)),
        ("DNS", partial(_answer, region=region)),
    ):
        shapes.append(text(LEFT - 10, y + 12, label, "soft small end"))
        shapes.append(f'<line class="grid" x1="{LEFT}" x2="{RIGHT}" y1="{y + BAR}" y2="{y + BAR}"/>')
        for began, ended, what in spans(history, value):
            shapes += _span(axis, (began, ended, what), number, y)
        y += ROW
    return shapes


def _span(axis: Axis, span: Span, number: int, y: float) -> list[str]:
    """Return a bar: filled where the region is what it should be to take writes, hollow where not, none at silence."""
    began, ended, what = span
    words = str(what)
    if words in ("", "no check", "no answer"):
        return []
    x, width = axis.x(began), axis.x(ended) - axis.x(began) - 1
    said = f"{words} from {axis.seconds(began):.1f} to {axis.seconds(ended):.1f} s"
    full = words in ("writer", "healthy", "answered")
    shape = filled(x, y, (width, BAR), (number, NAME), said) if full else box(x, y, (width, BAR), "hollow", said)
    if not fits(words, width):
        return [shape]
    plate = box(x + 3, y + 2, (len(words) * 6.2 + 6, BAR - 4), "ground")
    return [shape, plate if full else "", text(x + 6, y + 11.5, words, "small")]


def _steps(history: History, axis: Axis, y: float) -> list[str]:
    shapes = []
    for began, ended, what in spans(history, lambda sample: sample.step):
        words = str(what)
        if words:
            x, width = axis.x(began), axis.x(ended) - axis.x(began) - 1
            said = f"{words} from {axis.seconds(began):.1f} to {axis.seconds(ended):.1f} s"
            shapes.append(box(x, y, (max(width, 1.5), BAR), "step", said))
            shapes.append(text(x + 4, y + 11.5, words, "small") if fits(words, width) else "")
    return shapes
