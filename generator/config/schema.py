"""The JSON schema of the environment file, which editors use to complete, explain and check it."""

from __future__ import annotations

import json
from typing import Any

from generator.config.model import Environment
from generator.config.regions import REGIONS

FILE = "environment.schema.json"


def schema() -> str:
    """Return the schema as text, the same bytes every time."""
    made = Environment.model_json_schema(mode="validation")
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    regions = made["properties"]["regions"]
    regions["propertyNames"] = {"enum": list(REGIONS)}
    return json.dumps(_without_titles(made), indent=2, ensure_ascii=False) + "\n"


def _without_titles(part: Any, named: bool = False) -> Any:
    """Return the schema without pydantic's titles, which repeat the keys; a key called title stays."""
    if isinstance(part, list):
        return [_without_titles(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {
        key: _without_titles(value, named=key in ("properties", "$defs"))
        for key, value in part.items()
        if named or key != "title" or not isinstance(value, str)
    }
