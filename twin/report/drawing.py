"""What the drawings share: a time axis in seconds since the disaster, ticks, shapes as SVG text, escaped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from twin.drill.record import History

WIDTH, LEFT, RIGHT = 1000, 112, 976
LETTER = 6.6
"""Units that a letter of 12 pixels takes at most on average; what does not fit into a shape is not written there."""


@dataclass(frozen=True)
class Axis:
    """The seconds of a history across the width of a drawing. Milliseconds since 1970; zero_ms is the disaster."""

    began_ms: int
    ended_ms: int
    zero_ms: int

    def x(self, at_ms: float) -> float:
        """Return where a moment is; what lies outside is put at the edge."""
        share = (at_ms - self.began_ms) / max(1, self.ended_ms - self.began_ms)
        return LEFT + min(1.0, max(0.0, share)) * (RIGHT - LEFT)

    def seconds(self, at_ms: float) -> float:
        """Return how long after the disaster a moment is."""
        return (at_ms - self.zero_ms) / 1000

    def ticks(self) -> list[tuple[float, str]]:
        """Return where ticks are, and what stands at them."""
        step = nice((self.ended_ms - self.began_ms) / 1000 / 10)
        first = math.ceil(self.seconds(self.began_ms) / step)
        last = math.floor(self.seconds(self.ended_ms) / step)
        return [(self.x(self.zero_ms + place * step * 1000), f"{place * step:g} s") for place in range(first, last + 1)]


def axis_of(history: History) -> Axis:
    """Return the axis that all drawings of a history share."""
    zero = history.began_ms if history.disaster_ms is None else history.disaster_ms
    return Axis(history.began_ms, max(history.ended_ms, history.began_ms + 1), zero)


def nice(least: float) -> float:
    """Return the smallest of 1, 2, 5, 10, 20, 30, 60 … that is at least so many."""
    if least > 60:
        return 60.0 * math.ceil(least / 60)
    return next((step for step in (1.0, 2.0, 5.0, 10.0, 20.0, 30.0) if step >= least), 60.0)


def time_axis(axis: Axis, top: float, bottom: float) -> list[str]:
    """Return the grid and the seconds below it."""
    shapes = []
    for x, words in axis.ticks():
        shapes.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{top:g}" y2="{bottom:g}"/>')
        shapes.append(text(x, bottom + 16, words, "soft small middle"))
    return shapes


def text(x: float, y: float, words: str, style: str = "") -> str:
    """Return words at a place."""
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'


def box(x: float, y: float, size: tuple[float, float], style: str, said: str = "") -> str:
    """Return a rectangle of that width and height; ``said`` is shown when it is pointed at."""
    width, height = size
    told = f"<title>{escape(said)}</title>" if said else ""
    return (
        f'<rect class="{style}" x="{x:.1f}" y="{y:.1f}" width="{max(0.0, width):.1f}" height="{max(0.0, height):.1f}">'
        f"{told}</rect>"
    )


def textures(name: str) -> str:
    """Return the definition of the patterns that tell regions apart without their colour."""
    return (
        f'<defs><pattern id="{name}-1" width="6" height="6" patternUnits="userSpaceOnUse">'
        '<path class="texture" d="M-1 7L7 -1M-1 1L1 -1M5 7L7 5"/></pattern>'
        f'<pattern id="{name}-2" width="6" height="6" patternUnits="userSpaceOnUse">'
        '<circle class="speck" cx="3" cy="3" r="1.3"/></pattern>'
        f'<pattern id="{name}-3" width="6" height="6" patternUnits="userSpaceOnUse">'
        '<path class="texture" d="M0 3H6"/></pattern></defs>'
    )


def filled(x: float, y: float, size: tuple[float, float], paint: tuple[int, str], said: str) -> str:
    """Return a rectangle in a region's colour and pattern. paint: its place among them, and the drawing's name."""
    place, name = paint
    shape = box(x, y, size, f"region-{place % 4}", said)
    width, height = size
    if place % 4 == 0:
        return shape
    over = f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0.0, width):.1f}" height="{max(0.0, height):.1f}"'
    return f'<g>{shape}{over} fill="url(#{name}-{place % 4})" pointer-events="none"/></g>'


def wrapped(shapes: Sequence[str], height: float, name: str, said: tuple[str, str]) -> str:
    """Return the drawing whole; ``said`` is its title and what it shows, for whoever does not see it."""
    title, shown = said
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" role="img"'
        f" aria-labelledby={quoteattr(f'{name}-title')} aria-describedby={quoteattr(f'{name}-desc')}>"
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(shown)}</desc>'
        + "".join(shapes)
        + "</svg>"
    )


def fits(words: str, width: float) -> bool:
    """Tell whether words can be read in a shape of that width."""
    return len(words) * LETTER + 8 <= width


def shortened(words: str, length: int) -> str:
    """Return words cut to a length, with a sign that they were."""
    return words if len(words) <= length else words[: length - 1].rstrip() + "…"
