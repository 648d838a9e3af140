"""Which stacks stand in which regions of an environment, and what they hand to each other."""

from __future__ import annotations

from dataclasses import dataclass

from generator.catalog import stack
from generator.config import Environment
from generator.placement import Instance, instances
from generator.sources import sources_of


@dataclass(frozen=True, order=True)
class Node:
    """A stack in a place; ``about`` are the other regions that it has an instance for."""

    stack: str
    place: str
    about: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Return what the node is called within its place."""
        return f"{self.stack} ({', '.join(self.about)})" if self.about else self.stack


@dataclass(frozen=True)
class Edge:
    """What one stack puts out and another takes in."""

    source: Node
    target: Node
    outputs: tuple[str, ...]

    @property
    def crosses(self) -> bool:
        """Tell whether the value travels from one region to another."""
        return self.source.place != self.target.place


@dataclass(frozen=True)
class Graph:
    """The picture's content: places in the environment's order, nodes in the catalogue's."""

    suffix: str
    places: tuple[tuple[str, str], ...]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def of(environment: Environment) -> Graph:
    """Return the graph of the stacks that this environment has; a stack's instances in one region are one node."""
    every = instances(environment)
    partners: dict[tuple[str, str], list[str]] = {}
    for each in every:
        partners.setdefault(_spot(each), []).extend([each.partner] if each.partner else [])
    nodes = {(name, place): Node(name, place, tuple(about)) for (name, place), about in partners.items()}
    links = {name: stack(name).links(environment.shape) for name, _ in nodes}
    outputs: dict[tuple[Node, Node], dict[str, None]] = {}
    for each in every:
        for link in links[each.stack]:
            for source in sources_of(environment, each, link):
                outputs.setdefault((nodes[_spot(source)], nodes[_spot(each)]), {})[link.output] = None
    return Graph(
        environment.suffix,
        tuple((region.name, region.role) for region in environment.all_regions),
        tuple(nodes.values()),
        tuple(Edge(source, target, tuple(names)) for (source, target), names in outputs.items()),
    )


def _spot(instance: Instance) -> tuple[str, str]:
    return instance.stack, instance.region


def mermaid(graph: Graph) -> str:
    """Return the graph as mermaid text; what travels between regions is dotted and named."""
    names = {node: f"n{index}" for index, node in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    for index, (place, role) in enumerate(graph.places):
        lines.append(f'  subgraph r{index}["{place} · {role}"]')
        lines += [f'    {names[node]}["{node.label}"]' for node in graph.nodes if node.place == place]
        lines.append("  end")
    for edge in graph.edges:
        arrow = f'-. "{", ".join(edge.outputs)}" .->' if edge.crosses else "-->"
        lines.append(f"  {names[edge.source]} {arrow} {names[edge.target]}")
    return "\n".join(lines) + "\n"


def svg(graph: Graph) -> str:
    """Return the graph as a picture."""
    from generator.drawing import draw

    return draw(graph)
