"""The graph as an SVG picture: a column a region, a row a stack, an arrow a link.

No program is needed to draw it, and it follows the reader's light or dark theme.
"""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from generator.graph import Edge, Graph, Node

BOX_WIDTH, BOX_HEIGHT = 190, 30
ROW, COLUMN = 44, 330
LEFT, TOP = 40, 96
MOST_ABOUT = 24
"""Characters of a node's second line."""

_LIGHT = {"ground": "#fff", "ink": "#1c2733", "soft": "#5c6b7a", "line": "#b9c4cf", "box": "#f4f7fa", "far": "#c2410c"}
_DARK = {
    "ground": "#10161d",
    "ink": "#e6edf3",
    "soft": "#9aa7b4",
    "line": "#3d4a57",
    "box": "#1b2530",
    "far": "#fb923c",
}

_SHAPES = """
  svg { font: 13px system-ui, sans-serif; } .soft { font-size: 11px; } .title { font-size: 17px; font-weight: 600; }
  .head { font-weight: 600; } .near, .far { fill: none; } .near { stroke-width: 1.2; marker-end: url(#near); }
  .far { stroke-width: 1.4; opacity: .75; marker-end: url(#far); } path:hover { stroke-width: 3; opacity: 1; }
"""


def _colours(theme: dict[str, str]) -> str:
    """Return the rules of one theme; written out, since not every viewer knows CSS variables."""
    return (
        ".ground {{ fill: {ground}; }} text {{ fill: {ink}; }} .soft {{ fill: {soft}; }}"
        " .box {{ fill: {box}; stroke: {line}; }} .near {{ stroke: {line}; }} .far {{ stroke: {far}; }}"
        " .n {{ fill: {line}; }} .f {{ fill: {far}; }}"
    ).format(**theme)


_STYLE = f"{_SHAPES}  {_colours(_LIGHT)}\n  @media (prefers-color-scheme: dark) {{ {_colours(_DARK)} }}\n"


def draw(graph: Graph) -> str:
    """Return the picture; every arrow tells the outputs that it stands for when pointed at."""
    stacks = list(dict.fromkeys(node.stack for node in graph.nodes))
    columns = {place: index for index, (place, _) in enumerate(graph.places)}
    spots = {node: (LEFT + columns[node.place] * COLUMN, TOP + stacks.index(node.stack) * ROW) for node in graph.nodes}
    width = LEFT * 2 + (len(columns) - 1) * COLUMN + BOX_WIDTH + 70
    height = TOP + len(stacks) * ROW + 24
    title = f"Stacks and links of the environment {graph.suffix}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' role="img" aria-label={quoteattr(title)}>',
        f"<style>{_STYLE}</style>",
        "<defs>" + _head("near", "n") + _head("far", "f") + "</defs>",
        '<rect class="ground" width="100%" height="100%"/>',
        f'<text class="title" x="{LEFT}" y="30">{escape(title)}</text>',
        f'<text class="soft" x="{LEFT}" y="50">An arrow is a value that one stack puts out and another takes in;'
        " orange ones travel between regions.</text>",
        *(
            f'<text class="head" x="{LEFT + index * COLUMN}" y="{TOP - 14}">{escape(place)}'
            f'<tspan class="soft" dx="8">{escape(role)}</tspan></text>'
            for index, (place, role) in enumerate(graph.places)
        ),
        *(_arrow(edge, spots) for edge in sorted(graph.edges, key=lambda edge: edge.crosses)),
        *(_box(node, *spots[node]) for node in graph.nodes),
        "</svg>\n",
    ]
    return "\n".join(parts)


def _head(name: str, style: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path class="{style}" d="M0 0L8 4L0 8z"/></marker>'
    )


def _box(node: Node, x: int, y: int) -> str:
    about = ", ".join(node.about)
    shown = about if len(about) <= MOST_ABOUT else f"{len(node.about)} regions"
    second = f'<tspan class="soft" dx="6">{escape(shown)}</tspan>' if about else ""
    return (
        f"<g><title>{escape(f'{node.label} in {node.place}')}</title>"
        f'<rect class="box" x="{x}" y="{y}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6"/>'
        f'<text x="{x + 10}" y="{y + 20}">{escape(node.stack)}{second}</text></g>'
    )


def _arrow(edge: Edge, spots: dict[Node, tuple[int, int]]) -> str:
    (x1, y1), (x2, y2) = spots[edge.source], spots[edge.target]
    middle = BOX_HEIGHT // 2
    if not edge.crosses:
        side = x1 + BOX_WIDTH
        bulge = side + 14 + abs(y2 - y1) // 9
        path = f"M{side} {y1 + middle}C{bulge} {y1 + middle} {bulge} {y2 + middle} {side} {y2 + middle}"
    elif x1 < x2:
        path = _across(x1 + BOX_WIDTH, y1 + middle - 5, x2, y2 + middle - 5, 60)
    else:
        path = _across(x1, y1 + middle + 5, x2 + BOX_WIDTH, y2 + middle + 5, -60)
    tip = f"{edge.source.stack} in {edge.source.place} to {edge.target.stack} in {edge.target.place}: "
    style = "far" if edge.crosses else "near"
    return f'<path class="{style}" d="{path}"><title>{escape(tip + ", ".join(edge.outputs))}</title></path>'


def _across(x1: int, y1: int, x2: int, y2: int, pull: int) -> str:
    return f"M{x1} {y1}C{x1 + pull} {y1} {x2 - pull} {y2} {x2} {y2}"
