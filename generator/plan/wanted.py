"""The value of every parameter that an instance is to have, and where each comes from.

The values themselves are :mod:`generator.values`'; here they meet what was seen: outputs that are there or are
waited for, what was recorded at birth, and, for a source in a dark region, what the taker was given before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from generator import intrinsics
from generator.config import Environment
from generator.inputs import Input
from generator.links import Computed, Observed, Output, Setting
from generator.placement import Instance
from generator.plan import recorded
from generator.plan.model import Origin, Seen, Value
from generator.plan.states import dark, made
from generator.sources import Placed, inputs_of
from generator.values import CODE, FIRST_PASS, given, linked


@dataclass(frozen=True)
class Facts:
    """What values are made of.

    packages: the key of each function's package. prefix_lists: ids by region and what is asked for, as
    :class:`~generator.links.Observed` says it. ``placed`` and the origin are as recorded, not as the file says.
    """

    environment: Environment
    seen: Seen
    packages: Mapping[str, str]
    prefix_lists: Mapping[tuple[str, str], str]

    @cached_property
    def placed(self) -> Placed:
        """Return the instances that are wanted, by what is recorded (:mod:`generator.plan.recorded`)."""
        return recorded.placed(self.environment, self.seen)


def wanted(facts: Facts, instance: Instance, *, final: bool) -> dict[str, Value]:
    """Return every parameter of the instance with its value, None while an output it takes in is missing."""
    born = recorded.born_with(facts.placed.environment, facts.seen, instance)
    return {
        each.name: Value(born[each.name], Origin("recorded", _RECORDED.get(each.name, "as deployed")))
        if each.name in born
        else _value(facts, instance, each, final=final)
        for each in inputs_of(instance.stack, facts.placed.shape)
    }


_RECORDED = {
    "Birth": "the region's role when its cluster was created",
    "SourceRegion": "the region that was active when the cluster was created",
    "EngineVersion": "as deployed: a minor version is raised on the clusters only (trap 15)",
}


def stackset_parameters(template_text: str, by_place: Mapping[Instance, Mapping[str, str]]) -> dict[str, str]:
    """Return the StackSet's own parameters: what all places share, else the template's default, else the first's.

    Every instance overrides every one of them, so these are what a new parameter is given in between (trap 44).
    """
    declared = parsed(template_text).get("Parameters") or {}
    found = {}
    for name, body in declared.items():
        values = [each[name] for each in by_place.values() if name in each]
        if values and len(set(values)) == 1:
            found[name] = values[0]
        elif "Default" in body:
            found[name] = str(body["Default"])
        elif values:
            found[name] = values[0]
    return found


@lru_cache(maxsize=128)
def parsed(template_text: str) -> dict[str, Any]:
    """Return the template's plain form. Raises UnresolvedError if it is none.

    Every JSON text is YAML as well, but a hundred times as long to read.
    """
    with suppress(json.JSONDecodeError):
        if template_text.startswith("{") and isinstance(plain := json.loads(template_text), dict):
            return plain
    return intrinsics.read(template_text)


def _value(facts: Facts, instance: Instance, each: Input, *, final: bool) -> Value:
    source = each.source
    if each.name in CODE:
        return Value(facts.packages.get(CODE[each.name]), Origin("package", f"package of {CODE[each.name]}"))
    if isinstance(source, Output):
        return _from_outputs(facts, instance, each.name, source)
    if isinstance(source, Observed):
        return Value(facts.prefix_lists.get((instance.region, source.what)), Origin("observed", source.what))
    environment = facts.placed.environment
    text = given(environment, instance, each.name, final=final)
    if not final and each.name in FIRST_PASS and text != given(environment, instance, each.name):
        return Value(text, Origin("waiting", "until every region has had its first pass"))
    return Value(text, _origin(source))


def _origin(source: Setting | Computed) -> Origin:
    return Origin("environment", source.key) if isinstance(source, Setting) else Origin("computed", source.what)


def _from_outputs(facts: Facts, instance: Instance, name: str, link: Output) -> Value:
    sources = facts.placed.sources(instance, link)
    origin = Origin("output", f"output {link.output} of {link.stack} in {_names(sources)}")
    found: list[tuple[str, str]] = []
    for source in sources:
        stack = facts.seen.stack_of(source)
        text = stack.outputs.get(link.output) if stack is not None and made(stack) else None
        if text is None:
            return _kept(facts, instance, name, sources) or Value(None, origin)
        found.append((source.region, text))
    return Value(linked(link, found), origin if sources else Origin("computed", f"no {link.stack} to take it from"))


def _kept(facts: Facts, instance: Instance, name: str, sources: Iterable[Instance]) -> Value | None:
    """Return what the instance was given before, when that can't be read again because a region is dark."""
    silent = [each.region for each in sources if dark(facts.seen, each)]
    before = recorded.deployed(facts.seen, instance, name)
    if not silent or not before:
        return None
    return Value(before, Origin("recorded", f"as deployed: {', '.join(silent)} does not answer"))


def _names(sources: Iterable[Instance]) -> str:
    return ", ".join(dict.fromkeys(each.region for each in sources)) or "no region"
