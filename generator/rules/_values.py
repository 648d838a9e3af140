"""What is known of a value in a template: its text, number or truth, and what it refers to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

DEEPEST = 60
"""Deeper nesting than this is left unread: no template that means something has it."""

_HOLE = re.compile(r"\$\{([^!}][^}]*)\}")


def mapping(node: Any) -> Mapping[str, Any]:
    """Return ``node`` when it is a mapping, else an empty one."""
    return node if isinstance(node, Mapping) else {}


def listed(node: Any) -> list[Any]:
    """Return ``node`` as a list: itself, one element, or nothing."""
    if node is None:
        return []
    return node if isinstance(node, list) else [node]


def at(node: Any, *keys: str) -> Any:
    """Return the value under ``keys``, or None when there is none."""
    for key in keys:
        node = mapping(node).get(key)
    return node


def known(value: Any) -> bool:
    """Return whether ``value`` is a literal: text, a number or a truth value."""
    return isinstance(value, (str, int, float, bool))


def truth(value: Any) -> bool | None:
    """Return a literal truth value (CloudFormation takes the text too), or None when it isn't known."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


def number(value: Any) -> float | None:
    """Return a literal number (CloudFormation takes the text too), or None when it isn't known."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def text(value: Any, depth: int = 0) -> str:
    """Return the text that ``value`` makes, with ``${...}`` for what is not known.

    ``Ref`` and ``Fn::GetAtt`` give ``${Name}`` and ``${Name.Attribute}``, ``Fn::Sub`` its own pattern with
    its variables put in, ``Fn::Join`` its parts; any other function ``${Fn::...}``.
    """
    if known(value):
        return str(value)
    if not isinstance(value, Mapping) or len(value) != 1 or depth > DEEPEST:
        return "${}"
    key, inside = next(iter(value.items()))
    if key == "Fn::Sub":
        return _substituted(inside, depth)
    if key == "Fn::Join" and isinstance(inside, list) and len(inside) == 2:
        return text(inside[0], depth + 1).join(text(each, depth + 1) for each in listed(inside[1]))
    return "${" + _hole(key, inside) + "}"


def _hole(key: Any, inside: Any) -> str:
    if key == "Ref":
        return inside if isinstance(inside, str) else ""
    if key == "Fn::GetAtt":
        return inside if isinstance(inside, str) else ".".join(map(text, listed(inside)))
    return str(key)


def _substituted(inside: Any, depth: int) -> str:
    if isinstance(inside, str):
        return inside
    if not isinstance(inside, list) or not inside or not isinstance(inside[0], str):
        return "${}"
    variables = mapping(inside[1]) if len(inside) > 1 else {}

    def fill(hole: re.Match[str]) -> str:
        return text(variables[hole[1]], depth + 1) if hole[1] in variables else hole[0]

    return _HOLE.sub(fill, inside[0])


def holes(value: Any) -> tuple[str, ...]:
    """Return what the text of ``value`` leaves open: ``AWS::Region``, ``Database.Arn`` and so on."""
    return tuple(_HOLE.findall(text(value)))


def target(value: Any) -> str | None:
    """Return the logical id that ``value`` as a whole refers to, or None."""
    whole = _HOLE.fullmatch(text(value))
    return whole[1].split(".")[0] if whole else None


def walk(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Return every node below ``node`` with its path, ``node`` first."""
    if len(path) > DEEPEST:
        return
    yield path, node
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from walk(value, (*path, key if isinstance(key, (str, int)) else str(key)))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from walk(value, (*path, index))
