"""A template as YAML text: short-form functions, nothing folded, the same bytes every time.

PyYAML's C emitter writes when there is one (every wheel has it), the pure one otherwise; a test holds that
both write the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

TOP = (
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Mappings",
    "Conditions",
    "Rules",
    "Resources",
    "Outputs",
)
ATTRIBUTES = (
    "Type",
    "Condition",
    "DependsOn",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "CreationPolicy",
    "UpdatePolicy",
    "Metadata",
    "Properties",
)

_WIDTH = 1_000_000
_STR, _INT, _FLOAT, _BOOL, _NULL, _MAP, _SEQ = (
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")
)
_NUMBER_LIKE = re.compile(r"^[-+.]?\d")
_BLOCK_BREAKERS = re.compile(r" \n|^[ \n].*\n|\n\Z(?<=\n\n)", re.DOTALL)
_SCALAR_FUNCTIONS = ("Ref", "Condition")


class _PureDumper(yaml.SafeDumper):
    """The pure emitter, taught to leave a tagged scalar plain, as the C one does."""

    def choose_scalar_style(self) -> Any:
        event: Any = self.event
        if event.tag and event.tag.startswith("!") and event.style is None:
            self.analysis = self.analysis or self.analyze_scalar(event.value)
            allowed = self.analysis.allow_flow_plain if self.flow_level else self.analysis.allow_block_plain
            return "" if allowed else "'"
        return super().choose_scalar_style()


def text(template: Mapping[str, Any], *, pure: bool = False) -> str:
    """Return the template's YAML; ``pure`` asks for the emitter that is written in Python."""
    dumper = _PureDumper if pure else _dumper()
    ordered = _ordered(template, TOP)
    if "Resources" in ordered:
        ordered["Resources"] = {
            title: _ordered(resource, ATTRIBUTES) for title, resource in ordered["Resources"].items()
        }
    written: str = yaml.serialize(_node(ordered), Dumper=dumper, width=_WIDTH, allow_unicode=True)
    return written


@cache
def _dumper() -> Any:
    return getattr(yaml, "CSafeDumper", _PureDumper)


def _ordered(part: Mapping[str, Any], order: tuple[str, ...]) -> dict[str, Any]:
    known = {key: part[key] for key in order if key in part}
    return {**known, **{key: value for key, value in part.items() if key not in known}}


def _node(value: Any) -> yaml.Node:
    if isinstance(value, str):
        return _words(_STR, value)
    if isinstance(value, Mapping):
        return _function(value) or yaml.MappingNode(
            _MAP, [(_words(_STR, str(key)), _node(each)) for key, each in value.items()], flow_style=False
        )
    if isinstance(value, list | tuple):
        return _sequence(_SEQ, value)
    return _plain(value)


def _plain(value: Any) -> yaml.Node:
    if value is None:
        return yaml.ScalarNode(_NULL, "null")
    if isinstance(value, bool):
        return yaml.ScalarNode(_BOOL, "true" if value else "false")
    if isinstance(value, int):
        return yaml.ScalarNode(_INT, str(value))
    if isinstance(value, float):
        return yaml.ScalarNode(_FLOAT, f"{value:.6f}".rstrip("0") + ("0" if value == int(value) else ""))
    raise TypeError(f"a template holds {type(value).__name__}: {value!r}")


def _sequence(tag: str, values: list[Any] | tuple[Any, ...]) -> yaml.Node:
    return yaml.SequenceNode(tag, [_node(each) for each in values], flow_style=not values)


def _words(tag: str, value: str) -> yaml.Node:
    """Return a scalar whose quotes no parser can mistake: AWS's reads YAML 1.1, editors read 1.2."""
    if not value.replace("\n", "").isprintable() or _BLOCK_BREAKERS.search(value):
        style: str | None = '"'
    elif "\n" in value:
        style = "|"
    else:
        style = "'" if not value or _NUMBER_LIKE.match(value) else None
    return yaml.ScalarNode(tag, value, style=style)


def _function(value: Mapping[str, Any]) -> yaml.Node | None:
    """Return the short form of an intrinsic function, or None for a mapping that is none.

    A function whose one argument is itself a function keeps its long form: YAML gives a node one tag.
    """
    if len(value) != 1:
        return None
    ((name, argument),) = value.items()
    if name not in _SCALAR_FUNCTIONS and not str(name).startswith("Fn::"):
        return None
    tag = "!" + str(name).removeprefix("Fn::")
    if name == "Fn::GetAtt" and isinstance(argument, list) and all(isinstance(part, str) for part in argument):
        argument = ".".join(argument)
    if isinstance(argument, str):
        return _words(tag, argument)
    if isinstance(argument, list | tuple) and name not in _SCALAR_FUNCTIONS:
        return _sequence(tag, argument)
    return None
