"""What CloudFormation itself knows of a resource type: its properties, and which of them replace the resource.

The schemas are those that cfn-lint brings along, which are AWS's own (CloudFormation CLI guide, "Resource type
schema"). They are read as files, since importing cfn-lint would take each server half a second. CloudFormation
refuses what a schema does not know before a resource's handler is called at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

Properties = Mapping[str, Any]

_ANY_REGION = "eu-west-1"


class InvalidPropertiesError(ValueError):
    """Properties that CloudFormation would refuse before it makes anything."""


@cache
def schema(kind: str) -> Mapping[str, Any]:
    """Return the type's schema, or an empty one for a type that has none."""
    kind = "AWS::CloudFormation::CustomResource" if kind.startswith("Custom::") else kind
    name = _names().get(kind)
    return _read(f"resources/{name}.json") if name else {}


@cache
def _names() -> Mapping[str, str]:
    """Return the name of each type's schema."""
    return _read(f"providers/{_ANY_REGION}.json")


def _read(name: str) -> Mapping[str, Any]:
    spec = find_spec("cfnlint")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("cfn-lint is not installed, and its schemas are needed")
    path = Path(spec.submodule_search_locations[0]) / "data" / "schemas" / name
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def create_only(kind: str) -> tuple[str, ...]:
    """Return the properties whose change replaces the resource, nested ones with slashes."""
    return tuple(path.removeprefix("/properties/") for path in schema(kind).get("createOnlyProperties", ()))


def name_property(kind: str) -> str:
    """Return the property that names the resource and can't change, or an empty text."""
    known = schema(kind)
    identifiers = known.get("primaryIdentifier", ())
    fixed = [each for each in identifiers if each in known.get("createOnlyProperties", ())]
    return fixed[0].removeprefix("/properties/") if len(identifiers) == len(fixed) == 1 else ""


def tag_property(kind: str) -> tuple[str, bool]:
    """Return the property that holds tags, and whether CloudFormation adds its own; both empty without tags."""
    tagging = schema(kind).get("tagging") or {}
    if not (tagging.get("taggable") and tagging.get("tagProperty")):
        return "", False
    return tagging["tagProperty"].removeprefix("/properties/"), bool(tagging.get("cloudFormationSystemTags", True))


def replaces(kind: str, old: Properties, new: Properties) -> bool:
    """Tell whether the change needs a new resource."""
    return any(_at(old, path) != _at(new, path) for path in create_only(kind))


def _at(properties: Any, path: str) -> Any:
    for part in path.split("/"):
        properties = properties.get(part) if isinstance(properties, Mapping) else None
    return properties


def check(kind: str, properties: Properties) -> None:
    """Raise :class:`InvalidPropertiesError` for what CloudFormation would refuse: it says all of it at once."""
    known = schema(kind)
    complaints = [*_unresolved(properties, "#"), *(_extraneous(known, known, properties, "#") if known else ())]
    complaints += [
        f"#: required key [{name}] not found" for name in known.get("required", ()) if name not in properties
    ]
    if complaints:
        raise InvalidPropertiesError("Properties validation failed with message: " + ", ".join(complaints))


def _extraneous(root: Properties, part: Properties, value: Any, path: str) -> Iterator[str]:
    part = _resolved(root, part)
    if isinstance(value, Mapping):
        known, patterns = part.get("properties", {}), part.get("patternProperties")
        for name, each in value.items():
            if name in known:
                yield from _extraneous(root, known[name], each, f"{path}/{name}")
            elif known and not patterns and part.get("additionalProperties") is False:
                yield f"{path}: extraneous key [{name}] is not permitted"
    elif isinstance(value, list) and isinstance(part.get("items"), Mapping):
        for index, each in enumerate(value):
            yield from _extraneous(root, part["items"], each, f"{path}/{index}")


def _resolved(root: Properties, part: Properties) -> Properties:
    while "$ref" in part:
        found: Any = root
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        part = found
    return part


def _unresolved(value: Any, path: str) -> Iterator[str]:
    """Name the functions that no one has resolved (trap 63)."""
    if isinstance(value, Mapping):
        only = next(iter(value)) if len(value) == 1 else ""
        if isinstance(only, str) and (only.startswith("Fn::") or (only == "Ref" and path != "#")):
            yield f"{path}: {only} is not resolved"
        for name, each in value.items():
            yield from _unresolved(each, f"{path}/{name}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _unresolved(each, f"{path}/{index}")
    elif isinstance(value, str) and value.startswith("{{resolve:"):
        yield f"{path}: a dynamic reference is not resolved"
