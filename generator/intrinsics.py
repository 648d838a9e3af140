"""Templates as CloudFormation would read them: intrinsic functions answered for given parameters.

:func:`read` takes a template's YAML or JSON with short forms, :func:`deploy` answers its functions in one
region and account and gives back resources and outputs as plain values. What only AWS can know (a made
id, an ARN) becomes a text of its own, ``STACK/REGION/LogicalId`` with the attribute after a dot, or what
``attributes`` says. Source: CloudFormation Template Reference, "Intrinsic function reference" and
"Pseudo parameters reference".
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from generator.reader import Loader

_HOLE = re.compile(r"\$\{([^}]*)\}")
_NOTHING = object()


_NAMED = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::S3::Bucket": "BucketName",
}
"""Types whose ``Ref`` is the name that a property gives (Template Reference, "Return values" of each)."""

_IDENTITY = {"AWS::Route53::HealthCheck": "HealthCheckId", "AWS::KMS::Key": "KeyId"}
"""Attributes that give what ``Ref`` gives."""


class UnresolvedError(ValueError):
    """A function that can't be answered: an unknown name, a missing parameter, a wrong shape."""


class _Loader(Loader):  # type: ignore[misc] # which of the two is known when it runs
    """YAML with CloudFormation's tags; a class of its own, so that no other reader gets them."""


def _tagged(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _tagged)


def read(text: str) -> dict[str, Any]:
    """Return a template's plain form, each tag as its long function. Raises UnresolvedError if it is none."""
    try:
        template = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise UnresolvedError(f"not YAML: {error}") from error
    if not isinstance(template, dict):
        raise UnresolvedError("not a template: no mapping at the top")
    return template


@dataclass(frozen=True)
class Resource:
    """A resource of a deployed stack: its type, its answered properties, and what ``Ref`` gives for it."""

    type: str
    properties: Mapping[str, Any]
    id: str


@dataclass(frozen=True)
class Stack:
    """A template deployed in one region: resources by logical id, outputs by name, and its parameters."""

    region: str
    resources: Mapping[str, Resource]
    outputs: Mapping[str, Any]
    parameters: Mapping[str, Any]

    def of(self, *types: str) -> dict[str, Resource]:
        """Return the resources of these types."""
        return {name: each for name, each in self.resources.items() if each.type in types}


def deploy(  # noqa: PLR0913 - what surrounds a stack, each by name
    template: Mapping[str, Any],
    parameters: Mapping[str, Any] | None = None,
    *,
    stack: str = "stack",
    region: str = "eu-west-1",
    account: str = "111122223333",
    attributes: Mapping[str, Any] | None = None,
) -> Stack:
    """Return the template as a stack of that name in ``region``, with every function answered.

    ``attributes`` gives what AWS would: ``Name`` for a ``Ref``, ``Name.Attribute`` for a ``GetAtt``. A
    parameter without a value takes its default. Raises UnresolvedError for one that has neither, and for
    any function that can't be answered.
    """
    scope = _Scope(template, _parameters(template, parameters or {}), stack, region, account, attributes or {})
    resources = {}
    for name, body in (template.get("Resources") or {}).items():
        if "Condition" not in body or scope.condition(body["Condition"]):
            properties = scope.value(body.get("Properties") or {})
            resources[name] = Resource(body["Type"], properties, scope.reference(name))
    outputs = {
        name: scope.value(body["Value"])
        for name, body in (template.get("Outputs") or {}).items()
        if "Condition" not in body or scope.condition(body["Condition"])
    }
    return Stack(region, resources, outputs, scope.parameters)


def _parameters(template: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    declared = template.get("Parameters") or {}
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise UnresolvedError(f"no such parameters: {', '.join(unknown)}")
    values = {}
    for name, body in declared.items():
        value = given.get(name, body.get("Default"))
        if value is None:
            raise UnresolvedError(f"parameter {name} has neither a value nor a default")
        listed = "List" in body["Type"] and not isinstance(value, list)
        values[name] = [part.strip() for part in str(value).split(",")] if listed else value
    return values


@dataclass(frozen=True)
class _Scope:
    template: Mapping[str, Any]
    parameters: Mapping[str, Any]
    stack: str
    region: str
    account: str
    attributes: Mapping[str, Any]
    _truths: dict[str, bool] = field(default_factory=dict)

    def value(self, node: Any) -> Any:
        """Return ``node`` with every function answered and ``AWS::NoValue`` taken out."""
        answered = self._value(node)
        return None if answered is _NOTHING else answered

    def _value(self, node: Any) -> Any:
        if isinstance(node, list):
            return [each for each in map(self._value, node) if each is not _NOTHING]
        if not isinstance(node, Mapping):
            return node
        if len(node) == 1:
            key, inside = next(iter(node.items()))
            if key == "Ref":
                return self.reference(inside)
            if key == "Condition" and isinstance(inside, str):
                return self.condition(inside)
            if isinstance(key, str) and key.startswith("Fn::"):
                return self._function(key, inside)
        pairs = ((key, self._value(each)) for key, each in node.items())
        return {key: each for key, each in pairs if each is not _NOTHING}

    def reference(self, name: str) -> Any:
        """Return what ``Ref`` gives."""
        pseudo = {
            "AWS::Region": self.region,
            "AWS::AccountId": self.account,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": self.stack,
            "AWS::StackId": f"arn:aws:cloudformation:{self.region}:{self.account}:stack/{self.stack}/1",
            "AWS::NotificationARNs": [],
            "AWS::NoValue": _NOTHING,
        }
        for known in (pseudo, self.parameters, self.attributes):
            if name in known:
                return known[name]
        body = (self.template.get("Resources") or {}).get(name)
        if body is None:
            raise UnresolvedError(f"Ref {name}: no such parameter or resource")
        given = (body.get("Properties") or {}).get(_NAMED.get(body["Type"], ""))
        if given is not None:
            return self.value(given)
        return f"{self.stack}/{self.region}/{name}"

    def attribute(self, name: str, attribute: str) -> Any:
        """Return what ``GetAtt`` gives."""
        if f"{name}.{attribute}" in self.attributes:
            return self.attributes[f"{name}.{attribute}"]
        if name not in (self.template.get("Resources") or {}):
            raise UnresolvedError(f"GetAtt {name}.{attribute}: no such resource")
        if attribute == _IDENTITY.get(self.template["Resources"][name]["Type"]):
            return self.reference(name)
        return f"{self.stack}/{self.region}/{name}.{attribute}"

    def condition(self, name: str) -> bool:
        """Return whether the condition holds."""
        if name not in self._truths:
            rules = self.template.get("Conditions") or {}
            if name not in rules:
                raise UnresolvedError(f"no such condition: {name}")
            self._truths[name] = bool(self._value(rules[name]))
        return self._truths[name]

    def _function(self, key: str, inside: Any) -> Any:
        answer = _FUNCTIONS.get(key)
        if answer is None:
            raise UnresolvedError(f"{key} can't be answered here")
        try:
            return answer(self, inside)
        except UnresolvedError:
            raise
        except (TypeError, KeyError, IndexError, AttributeError, ValueError) as error:
            raise UnresolvedError(f"{key} {inside!r}: {error}") from error


def _sub(scope: _Scope, inside: Any) -> str:
    pattern, given = (inside, {}) if isinstance(inside, str) else (inside[0], inside[1])

    def fill(hole: re.Match[str]) -> str:
        name = hole[1].strip()
        if name.startswith("!"):
            return "${" + name[1:] + "}"
        if name in given:
            return str(scope.value(given[name]))
        if "." in name:
            return str(scope.attribute(*name.split(".", 1)))
        return str(scope.reference(name))

    return _HOLE.sub(fill, pattern)


def _getatt(scope: _Scope, inside: Any) -> Any:
    name, attribute = inside.split(".", 1) if isinstance(inside, str) else inside
    return scope.attribute(name, attribute)


def _select(scope: _Scope, inside: Any) -> Any:
    index, elements = int(scope.value(inside[0])), scope.value(inside[1])
    if not 0 <= index < len(elements):
        raise IndexError(f"index {index} of {len(elements)}")
    return elements[index]


def _if(scope: _Scope, inside: Any) -> Any:
    name, yes, no = inside
    return scope._value(yes if scope.condition(name) else no)


def _same(scope: _Scope, inside: Any) -> bool:
    one, other = map(scope.value, inside)
    return str(one) == str(other)


def _mapped(scope: _Scope, inside: Any) -> Any:
    return scope.template["Mappings"][scope.value(inside[0])][scope.value(inside[1])][scope.value(inside[2])]


_FUNCTIONS: dict[str, Callable[[_Scope, Any], Any]] = {
    "Fn::Sub": _sub,
    "Fn::GetAtt": _getatt,
    "Fn::Select": _select,
    "Fn::If": _if,
    "Fn::Equals": _same,
    "Fn::FindInMap": _mapped,
    "Fn::Join": lambda scope, inside: scope.value(inside[0]).join(map(str, scope.value(inside[1]))),
    "Fn::Split": lambda scope, inside: scope.value(inside[1]).split(scope.value(inside[0])),
    "Fn::Not": lambda scope, inside: not scope._value(inside[0]),
    "Fn::And": lambda scope, inside: all(scope._value(each) for each in inside),
    "Fn::Or": lambda scope, inside: any(scope._value(each) for each in inside),
    "Fn::Base64": lambda scope, inside: base64.b64encode(scope.value(inside).encode()).decode(),
    "Fn::GetAZs": lambda scope, inside: [f"{scope.value(inside) or scope.region}{zone}" for zone in "abc"],
    "Fn::Length": lambda scope, inside: len(scope.value(inside)),
}
