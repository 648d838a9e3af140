"""The properties that can't be changed in place, taken from the resource providers' schemas.

``python -m generator.plan.schemas`` writes ``create_only.json``, for the types that the library uses: what a schema
calls ``createOnlyProperties`` and ``conditionalCreateOnlyProperties`` (CloudFormation CLI User Guide, "Resource type
schema"). The schemas are the ones that cfn-lint carries; they are read as files, so that nothing of cfn-lint is
imported, and only here, so that planning needs nothing but the result.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from generator.catalog import STACKS
from generator.shape import Shape

FILE = Path(__file__).with_name("create_only.json")

_REGION = "us-east-1"
_SHAPES = (Shape(), Shape(probe="endpoint", visibility="private", checker_ranges=("192.0.2.0/24",)))
"""Shapes that between them use every type."""

Properties = dict[str, dict[str, list[str]]]


def extracted() -> Properties:
    """Return, by type, the paths that always and those that sometimes replace the resource."""
    schemas = _folder()
    index = json.loads((schemas / "providers" / f"{_REGION}.json").read_text(encoding="utf-8"))
    found = {}
    for name in sorted(_types()):
        schema = json.loads((schemas / "resources" / f"{index[name]}.json").read_text(encoding="utf-8"))
        found[name] = {
            "always": _paths(schema, "createOnlyProperties"),
            "sometimes": _paths(schema, "conditionalCreateOnlyProperties"),
        }
    return found


def written(properties: Properties) -> str:
    """Return the file's text."""
    return json.dumps(properties, indent=1, sort_keys=True) + "\n"


def _paths(schema: dict[str, Any], key: str) -> list[str]:
    return sorted(path.removeprefix("/properties/").replace("/properties/", "/") for path in schema.get(key, ()))


def _types() -> set[str]:
    resources = (each for shape in _SHAPES for stack in STACKS for each in stack.build(shape).resources.values())
    return {str(each.resource_type) for each in resources}


def _folder() -> Path:
    spec = find_spec("cfnlint")
    assert spec is not None and spec.origin is not None, "cfn-lint is among the requirements"
    return Path(spec.origin).parent / "data" / "schemas"


if __name__ == "__main__":
    FILE.write_text(written(extracted()), encoding="utf-8")
