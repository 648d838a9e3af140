"""The RTO's parts as three bars on one scale: what was measured, the floor, and the budget."""

from __future__ import annotations

from twin.drill.record import Result
from twin.report.drawing import LEFT, RIGHT, box, fits, nice, text, wrapped

NAME = "parts"
BAR, ROW, TOP = 30, 44, 30


def plot(result: Result) -> str:
    """Return the drawing as SVG text."""
    bars = (
        ("measured", [(share.part, share.measured or 0.0) for share in result.shares]),
        ("floor", [(share.part, share.floor) for share in result.shares]),
        ("budget", [(share.part, share.budget) for share in result.shares]),
    )
    longest = max([1.0, result.limit_seconds, *(sum(seconds for _, seconds in parts) for _, parts in bars)])
    scale = (RIGHT - LEFT) / longest
    bottom = TOP + len(bars) * ROW
    shapes = _grid(longest, scale, bottom)
    for place, (label, parts) in enumerate(bars):
        shapes += _bar(label, parts, scale, TOP + place * ROW)
    limit = LEFT + result.limit_seconds * scale
    shapes.append(f'<line class="limit" x1="{limit:.1f}" x2="{limit:.1f}" y1="{TOP - 8}" y2="{bottom}"/>')
    shapes.append(text(limit, TOP - 14, f"objective {result.limit_seconds:.0f} s", "small strong end"))
    return wrapped(shapes, bottom + 24, NAME, ("The parts of the RTO", summary(result)))


def summary(result: Result) -> str:
    """Return what the bars show, in a sentence."""
    parts = [f"{share.part} {share.measured:.1f} s" for share in result.shares if share.measured is not None]
    beside = f"Budget {result.budget_seconds:.0f} s, floor {result.floor_seconds:.1f} s."
    return f"Measured: {', '.join(parts) or 'nothing'}. {beside}"


def _grid(longest: float, scale: float, bottom: float) -> list[str]:
    step, shapes = nice(longest / 10), []
    for place in range(int(longest / step) + 1):
        x = LEFT + place * step * scale
        shapes.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 4}" y2="{bottom}"/>')
        shapes.append(text(x, bottom + 16, f"{place * step:g} s", "soft small middle"))
    return shapes


def _bar(label: str, parts: list[tuple[str, float]], scale: float, y: float) -> list[str]:
    total = sum(seconds for _, seconds in parts)
    shapes = [text(LEFT - 10, y + 13, label, "strong end"), text(LEFT - 10, y + 27, f"{total:.1f} s", "soft small end")]
    x = float(LEFT)
    for part, seconds in parts:
        width = seconds * scale
        if not width:
            continue
        shapes.append(box(x, y, (max(1.0, width - 1), BAR), f"part-{part}", f"{part}: {seconds:.1f} s"))
        if fits(part, width):
            shapes.append(text(x + width / 2, y + BAR / 2 + 4, part, "onto small middle"))
        x += width
    return shapes
