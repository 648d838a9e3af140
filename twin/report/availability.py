"""Writes a second over time: acknowledged upwards in each region's colour, refused downwards, events as marks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from twin.drill.acknowledgements import longest_silence
from twin.drill.record import History, Result
from twin.report.drawing import (
    LEFT,
    LETTER,
    RIGHT,
    Axis,
    axis_of,
    box,
    filled,
    fits,
    nice,
    shortened,
    text,
    textures,
    time_axis,
    wrapped,
)
from twin.report.moments import Moment, moments

NAME = "availability"
BARS = 240
DOT, ROW = 18, 21
HEIGHT = 210
"""Of the bars, up and down together."""

LOST = "lost"
OUTCOMES = ("acknowledged", "refused", "unknown")


@dataclass(frozen=True)
class Slice:
    """The writes that ended within a slice of time, by region and outcome; ``lost`` are among the acknowledged."""

    began_ms: int
    ended_ms: int
    counts: Counter[tuple[str, str]]

    def rate(self, outcome: str, region: str | None = None) -> float:
        """Return how many a second, of one region or of all."""
        count = sum(
            number for (where, kind), number in self.counts.items() if kind == outcome and region in (None, where)
        )
        return count * 1000 / (self.ended_ms - self.began_ms)


def slices(history: History, result: Result, most: int = BARS) -> list[Slice]:
    """Return the history in slices of equal, round length, at most so many."""
    axis = axis_of(history)
    step = int(nice((axis.ended_ms - axis.began_ms) / 1000 / most) * 1000)
    back = -(-(axis.zero_ms - axis.began_ms) // step)
    first = axis.zero_ms - back * step
    counts: dict[int, Counter[tuple[str, str]]] = {}
    for write in history.writes:
        counts.setdefault((write.ended_ms - first) // step, Counter())[write.region, write.outcome] += 1
    for row in result.lost:
        counts.setdefault((row.acknowledged_ms - first) // step, Counter())[row.region, LOST] += 1
    last = -(-(axis.ended_ms - first) // step)
    return [
        Slice(first + place * step, first + (place + 1) * step, counts.get(place, Counter())) for place in range(last)
    ]


def plot(history: History, result: Result, *, legend: bool = False) -> str:
    """Return the drawing as SVG text. legend: whether the marks are explained in it, as a picture alone needs."""
    axis, marked = axis_of(history), moments(history)
    rows = _rows(axis, marked)
    top = 12 + (max(rows, default=0) + 1) * ROW + 24
    shapes, zero, bottom = _bars(history, result, axis, top)
    marks = _marks(axis, marked, rows, bottom)
    words = _legend(axis, marked, bottom + 44) if legend else []
    height = bottom + 44 + (len(words) + 1) // 2 * 18 if legend else bottom + 30
    band, span = _silence(history, axis, top, bottom)
    below = [textures(NAME), *time_axis(axis, top, bottom), band, *shapes, *_keys(zero, bottom, top)]
    said = (f"Write availability of {history.scenario}", summary(history, result))
    return wrapped([*below, *marks, *span, *words], height, NAME, said)


def summary(history: History, result: Result) -> str:
    """Return what the plot shows, in a sentence."""
    regions = sorted({write.region for write in history.writes if write.outcome == "acknowledged"})
    where = " and ".join(regions) or "no region"
    silence = result.rto_seconds
    length = "" if silence is None else f"and the longest time without any was {silence:.1f} seconds"
    counts = f"{result.acknowledged} writes were acknowledged by {where}, {result.refused} were refused or unanswered"
    return f"{counts}, {length or 'and none were at the end'}."


def _bars(history: History, result: Result, axis: Axis, top: float) -> tuple[list[str], float, float]:
    """Return the bars, the height of the line between up and down, and the lower end."""
    cut = slices(history, result)
    up = max([1.0, *(each.rate("acknowledged") for each in cut)])
    down = max([1.0, *(each.rate("refused") + each.rate("unknown") for each in cut)])
    scale = HEIGHT / (up + down)
    zero, bottom = top + up * scale, top + HEIGHT
    shapes: list[str] = []
    for step in (up, up / 2, -down):
        y = zero - step * scale
        shapes.append(f'<line class="grid" x1="{LEFT}" x2="{RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        shapes.append(text(LEFT - 8, y + 4, f"{abs(step):.3g}/s", "soft small end"))
    for each in cut:
        shapes += _bar(history.regions, axis, each, (zero, scale))
    shapes.append(f'<line class="axis" x1="{LEFT}" x2="{RIGHT}" y1="{zero:.1f}" y2="{zero:.1f}"/>')
    return shapes, zero, bottom


def _bar(regions: tuple[str, ...], axis: Axis, each: Slice, place: tuple[float, float]) -> list[str]:
    zero, scale = place
    x = axis.x(each.began_ms)
    width = axis.x(each.ended_ms) - x
    width = max(0.8, width - 1 if width > 6 else width)
    when = f"{axis.seconds(each.began_ms):g} to {axis.seconds(each.ended_ms):g} s"
    shapes, y = [], zero
    for number, region in enumerate(regions):
        rate = each.rate("acknowledged", region)
        if rate:
            y -= rate * scale
            said = f"{when}: {rate:.3g} acknowledged a second by {region}"
            shapes.append(filled(x, y, (width, rate * scale), (number, NAME), said))
    if gone := each.rate(LOST) * scale:
        said = f"{when}: {each.rate(LOST):.3g} a second acknowledged and lost"
        shapes.append(box(x, zero - gone, (width, gone), "lost", said))
    y = zero
    for outcome, words in (("refused", "refused"), ("unknown", "without an answer")):
        if rate := each.rate(outcome):
            shapes.append(box(x, y, (width, rate * scale), outcome, f"{when}: {rate:.3g} a second {words}"))
            y += rate * scale
    return shapes


def _keys(zero: float, bottom: float, top: float) -> list[str]:
    """Return what stands beside the axis: which way is which."""
    return [
        text(8, top + 18, "acknowledged", "small strong") if zero - top > 30 else "",
        text(8, bottom - 6, "refused", "small strong") if bottom - zero > 20 else "",
    ]


def _silence(history: History, axis: Axis, top: float, bottom: float) -> tuple[str, list[str]]:
    """Return the band of the longest time without an acknowledgement, and the line above it that tells its length."""
    silence = longest_silence(history)
    began, ended = axis.x(silence.began_ms), axis.x(silence.ended_ms or history.ended_ms)
    if ended - began < 2:
        return "", []
    words = "writes did not come back" if silence.seconds is None else f"{silence.seconds:.1f} s without a write"
    y, wide = top - 10, len(words) * LETTER + 4
    line = f"M{began:.1f} {y - 5}V{y + 5}M{began:.1f} {y}H{ended:.1f}M{ended:.1f} {y - 5}V{y + 5}"
    x = (began + ended - wide) / 2 if fits(words, ended - began - 20) else ended + 4
    x = x if x + wide <= RIGHT else began - wide - 4
    plate = box(x, y - 9, (wide, 18), "ground")
    band = box(began, top, (ended - began, bottom - top), "silence")
    return band, [f'<path class="span" d="{line}"/>', plate, text(x + wide / 2, y + 4, words, "spoken middle")]


def _rows(axis: Axis, marked: tuple[Moment, ...]) -> list[int]:
    """Return the row of each mark's number: the first in which it does not touch the one before."""
    last: list[float] = []
    rows = []
    for moment in marked:
        x = axis.x(moment.event.at_ms)
        free = next((row for row, right in enumerate(last) if x - right >= DOT + 3), len(last))
        last[free : free + 1] = [x]
        rows.append(free)
    return rows


def _marks(axis: Axis, marked: tuple[Moment, ...], rows: list[int], bottom: float) -> list[str]:
    shapes = []
    for moment, row in zip(marked, rows, strict=True):
        x, y = axis.x(moment.event.at_ms), 12 + row * ROW
        shapes.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{bottom:.1f}"/>')
    for moment, row in zip(marked, rows, strict=True):
        x, y = axis.x(moment.event.at_ms), 12 + row * ROW
        circle = f'<circle class="dot" cx="{x:.1f}" cy="{y}" r="{DOT / 2}"/>'
        shapes.append(f"<g>{circle}{text(x, y + 4, str(moment.number), 'small strong middle')}</g>")
    return shapes


def _legend(axis: Axis, marked: tuple[Moment, ...], top: float) -> list[str]:
    half = (len(marked) + 1) // 2
    return [
        text(
            LEFT + place // half * (RIGHT - LEFT) / 2,
            top + place % half * 18,
            f"{moment.number}  +{axis.seconds(moment.event.at_ms):.1f} s  {shortened(moment.event.what, 52)}",
            "small",
        )
        for place, moment in enumerate(marked)
    ]
