"""Templates as rules read them: any template, any intrinsic function in any place, never an exception.

A :class:`Reading` is made from a template's plain form. Each resource is looked at in its *variants*: the
property sets that its ``Fn::If`` can give, one for each combination of conditions, so that a rule sees
plain mappings and two properties under the same condition stay together. Other functions stay as they
are; :mod:`generator.rules._values` says what is known of such a value.

Up to :data:`MOST_CONDITIONS` comparisons that decide one resource are combined; further ones are all true
or all false together, because combinations grow without bound (trap 55).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from generator.rules._values import DEEPEST, listed, mapping

MOST_CONDITIONS = 6
MOST_NESTED = 10

_NOTHING = object()


@dataclass(frozen=True)
class Resource:
    """One resource of a template: its logical id, type, body, and the property sets it can have."""

    name: str
    type: str
    body: Mapping[str, Any]
    variants: tuple[Mapping[str, Any], ...] = field(compare=False)

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Return the resource's ``Metadata``; empty when it has none."""
        return mapping(self.body.get("Metadata"))

    @property
    def depends_on(self) -> frozenset[str]:
        """Return the logical ids of the resource's explicit dependencies."""
        return frozenset(name for name in listed(self.body.get("DependsOn")) if isinstance(name, str))

    @property
    def place(self) -> list[str | int]:
        """Return the path of the resource in its template."""
        return ["Resources", self.name]


class Reading:
    """A template: its resources by type, its parameters, and where a path really ends in it.

    ``regions`` are those that the template is looked at for; none when that is not known.
    """

    def __init__(self, template: Any, regions: Iterable[str] = ()) -> None:
        self.regions = frozenset(regions)
        self.template: Mapping[str, Any] = mapping(template)
        self.parameters: Mapping[str, Any] = mapping(self.template.get("Parameters"))
        self._conditions = mapping(self.template.get("Conditions"))
        self._resources = tuple(self._read())

    def _read(self) -> Iterator[Resource]:
        for name, body in mapping(self.template.get("Resources")).items():
            if isinstance(name, str) and isinstance(body, Mapping) and isinstance(body.get("Type"), str):
                yield Resource(name, str(body["Type"]), body, tuple(self._variants(body)))

    def resources(self, *types: str) -> Iterator[Resource]:
        """Return the resources of these types, or all of them."""
        return (each for each in self._resources if not types or each.type in types)

    def resource(self, name: str | None, *types: str) -> Resource | None:
        """Return the resource with this logical id, if there is one of these types."""
        return next((each for each in self.resources(*types) if each.name == name), None)

    def default(self, value: Any) -> Any:
        """Return what ``value`` is without an override: a parameter's default, or the value itself."""
        if isinstance(value, Mapping) and set(value) == {"Ref"} and isinstance(value["Ref"], str):
            parameter = mapping(self.parameters.get(value["Ref"]))
            return parameter.get("Default", value)
        return value

    def locate(self, path: list[str | int]) -> list[str | int]:
        """Return the longest beginning of ``path`` that exists in the template."""
        node: Any = self.template
        for depth, step in enumerate(path):
            if isinstance(node, list):
                if not isinstance(step, int) or step >= len(node):
                    return path[:depth]
            elif not isinstance(node, Mapping) or step not in node:
                return path[:depth]
            node = node[step]
        return path

    def _variants(self, body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        properties, own = body.get("Properties"), body.get("Condition")
        asked = set(_conditions(properties)) | ({own} if isinstance(own, str) else set())
        seen: list[Any] = []
        for truths in _combinations(sorted(set().union(*map(self._questions, asked)))):
            if isinstance(own, str) and not self._holds(own, truths):
                continue
            resolved = _resolve(properties, partial(self._holds, truths=truths))
            if resolved not in seen:
                seen.append(resolved)
                yield mapping(resolved)

    def _questions(self, name: str, depth: int = 0) -> set[str]:
        """Return what has to be known to say whether the condition holds: its comparisons, as text."""
        rule = self._conditions.get(name)
        if rule is None or depth > MOST_NESTED:
            return {_asked(name)}
        return self._questions_of(rule, depth)

    def _questions_of(self, rule: Any, depth: int) -> set[str]:
        key, parts = _operation(rule)
        if key == "Condition":
            return self._questions(parts[0], depth + 1)
        if key is None or depth > MOST_NESTED:
            return {_asked(rule)}
        return set().union(*(self._questions_of(each, depth + 1) for each in parts))

    def _holds(self, name: str, truths: Mapping[str, bool], depth: int = 0) -> bool:
        rule = self._conditions.get(name)
        if rule is None or depth > MOST_NESTED:
            return truths.get(_asked(name), True)
        return self._says(rule, truths, depth)

    def _says(self, rule: Any, truths: Mapping[str, bool], depth: int) -> bool:
        key, parts = _operation(rule)
        if key == "Condition":
            return self._holds(parts[0], truths, depth + 1)
        if key is None or depth > MOST_NESTED:
            return truths.get(_asked(rule), True)
        said = [self._says(each, truths, depth + 1) for each in parts]
        return not said[0] if key == "Fn::Not" else all(said) if key == "Fn::And" else any(said)


def _operation(rule: Any) -> tuple[str | None, list[Any]]:
    """Return what a condition does with which parts; None for a comparison."""
    if isinstance(rule, Mapping) and len(rule) == 1:
        key, parts = next(iter(rule.items()))
        if key == "Condition" and isinstance(parts, str):
            return key, [parts]
        if key in ("Fn::Not", "Fn::And", "Fn::Or") and isinstance(parts, list) and parts:
            return key, parts
    return None, []


def _asked(rule: Any) -> str:
    return json.dumps(rule, sort_keys=True, default=str)


def _combinations(questions: list[str]) -> Iterator[dict[str, bool]]:
    """Return the answers that can come together; one parameter can't equal two literals."""
    few, rest = questions[:MOST_CONDITIONS], questions[MOST_CONDITIONS:]
    for choice in itertools.product((True, False), repeat=len(few) + bool(rest)):
        truths = dict(zip(few, choice, strict=False)) | dict.fromkeys(rest, bool(choice and choice[-1]))
        compared = [_compared(question) for question in few if truths[question]]
        names = [name for name, _ in filter(None, compared)]
        if len(names) == len(set(names)):
            yield truths


def _compared(question: str) -> tuple[str, str] | None:
    """Return the parameter and the literal that a comparison is of, when it is of such."""
    equal = mapping(json.loads(question)).get("Fn::Equals")
    if not isinstance(equal, list) or len(equal) != 2:
        return None
    left, right = equal if isinstance(equal[0], Mapping) else equal[::-1]
    return (_asked(left), right) if isinstance(left, Mapping) and isinstance(right, str) else None


def _conditions(node: Any, depth: int = 0) -> Iterator[str]:
    """Return the names of the conditions that ``Fn::If`` asks for below ``node``."""
    if depth > DEEPEST:
        return
    if isinstance(node, Mapping):
        choice = node.get("Fn::If")
        if isinstance(choice, list) and choice and isinstance(choice[0], str):
            yield choice[0]
        for each in node.values():
            yield from _conditions(each, depth + 1)
    elif isinstance(node, list):
        for each in node:
            yield from _conditions(each, depth + 1)


def _resolve(node: Any, holds: Callable[[str], bool], depth: int = 0) -> Any:
    """Return ``node`` with each ``Fn::If`` answered and each ``AWS::NoValue`` taken out."""
    if depth > DEEPEST:
        return None
    if isinstance(node, Mapping):
        choice = node.get("Fn::If")
        if len(node) == 1 and isinstance(choice, list) and len(choice) == 3 and isinstance(choice[0], str):
            return _resolve(choice[1] if holds(choice[0]) else choice[2], holds, depth + 1)
        if len(node) == 1 and node.get("Ref") == "AWS::NoValue":
            return _NOTHING
        pairs = ((key, _resolve(value, holds, depth + 1)) for key, value in node.items())
        return {key: value for key, value in pairs if value is not _NOTHING}
    if isinstance(node, list):
        return [each for each in (_resolve(part, holds, depth + 1) for part in node) if each is not _NOTHING]
    return node
