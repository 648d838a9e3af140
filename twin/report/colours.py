"""The colours of the report in its two themes, and the rules of its drawings.

Every pair of ink and ground has a contrast of at least 4.5 (WCAG 2.2, "Contrast (Minimum)"); a test computes it.
Shapes differ in more than their colour: regions have patterns, states are filled or hollow, parts have their names.
"""

from __future__ import annotations

import re

LIGHT = {
    "ground": "#ffffff",
    "page": "#f5f7f9",
    "ink": "#16202a",
    "soft": "#55636f",
    "line": "#d5dce2",
    "faint": "#eaeef2",
    "good": "#0b6e4f",
    "good-ground": "#e3f4ec",
    "bad": "#b3261e",
    "bad-ground": "#fdeceb",
    "none-ground": "#edf0f3",
    "accent": "#1d5fbf",
    "region-0": "#2b6cc4",
    "region-1": "#0f8a6d",
    "region-2": "#a8650c",
    "region-3": "#7a4bb5",
    "texture": "#ffffff",
}

DARK = {
    "ground": "#141b22",
    "page": "#0c1116",
    "ink": "#e8edf2",
    "soft": "#9eacb8",
    "line": "#33404c",
    "faint": "#212b34",
    "good": "#56d3a4",
    "good-ground": "#10301f",
    "bad": "#ff8f86",
    "bad-ground": "#3b1715",
    "none-ground": "#222c35",
    "accent": "#7ab2ff",
    "region-0": "#5f9df0",
    "region-1": "#3cc49d",
    "region-2": "#e0a04a",
    "region-3": "#b493ea",
    "texture": "#141b22",
}

PARTS = {
    "noticing": "#2c62b8",
    "deciding": "#7447b8",
    "fencing": "#a5357f",
    "promoting": "#ad4a14",
    "dns": "#0d7268",
    "client": "#5f6a14",
    "outage": "#56616c",
}
"""The same in both themes: each carries white words."""

DRAWING = """
svg text { fill: var(--ink); font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
svg .soft { fill: var(--soft); }
svg .strong { font-weight: 600; }
svg .small { font-size: 11px; }
svg .end { text-anchor: end; }
svg .middle { text-anchor: middle; }
svg .grid { stroke: var(--faint); stroke-width: 1; }
svg .axis { stroke: var(--soft); stroke-width: 1; }
svg .mark { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 2 3; }
svg .dot { fill: var(--ground); stroke: var(--ink); stroke-width: 1.2; }
svg .span { stroke: var(--bad); stroke-width: 2; fill: none; }
svg .silence { fill: var(--bad); opacity: .07; }
svg .spoken { fill: var(--bad); font-weight: 600; }
svg .refused { fill: var(--bad); }
svg .unknown, svg .lost { fill: var(--ground); stroke: var(--bad); stroke-width: 1; }
svg .region-0 { fill: var(--region-0); } svg .region-1 { fill: var(--region-1); }
svg .region-2 { fill: var(--region-2); } svg .region-3 { fill: var(--region-3); }
svg .hollow { fill: var(--ground); stroke: var(--soft); stroke-width: 1; }
svg .step { fill: var(--faint); stroke: var(--soft); stroke-width: 1; }
svg .texture { stroke: var(--texture); stroke-width: 1.6; opacity: .55; fill: none; }
svg .speck { fill: var(--texture); opacity: .7; }
svg .onto { fill: #fff; font-weight: 600; }
svg .limit { stroke: var(--ink); stroke-width: 1.5; }
svg .ground { fill: var(--ground); }
"""


def variables() -> str:
    """Return the themes as CSS variables, dark where the reader prefers it and nothing is printed."""
    return f":root {{ {_set(LIGHT)} }}\n@media screen and (prefers-color-scheme: dark) {{ :root {{ {_set(DARK)} }} }}\n"


def part_rules() -> str:
    """Return the rules of the RTO's parts."""
    return "\n".join(f".part-{part} {{ fill: {colour}; background: {colour}; }}" for part, colour in PARTS.items())


def written_out() -> str:
    """Return the rules of the drawings with the colours in them: not every viewer of pictures knows variables."""
    dark = "\n".join(line for line in DRAWING.splitlines() if "var(" in line)
    return f"{_filled(DRAWING, LIGHT)}\n@media (prefers-color-scheme: dark) {{ {_filled(dark, DARK)} }}\n"


def _set(theme: dict[str, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in theme.items())


def _filled(rules: str, theme: dict[str, str]) -> str:
    return re.sub(r"var\(--([a-z0-9-]+)\)", lambda found: theme[found[1]], rules)
