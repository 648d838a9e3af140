"""What pydantic found, said in this project's words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel

from generator.config.model import Environment
from generator.config.parts import NAME_KEY, Region
from generator.config.problems import KeyPath
from generator.config.source import closest

_KINDS = {
    "string": ("must be text", "put it in quotes"),
    "int": ("must be a whole number", "write it without quotes or a fraction"),
    "float": ("must be a number", "write it without quotes"),
    "bool": ("must be true or false", "write true or false, without quotes"),
    "tuple": ("must be a list", "write [a, b], or one item a line after a dash"),
    "mapping": ("must be a mapping of keys", "see stacksets/example.yaml"),
    "model": ("must be a mapping of keys", "see stacksets/example.yaml"),
}
_PATTERNS = {
    "suffix": "lower-case letters and digits, a letter first",
    "workload": "twelve digits in quotes",
    "administration": "twelve digits in quotes",
    "account": "twelve digits in quotes",
    "organization": "such as o-a1b2c3d4e5",
    "organizational_units": "such as ou-ab12-cdef3456 or r-ab12",
    "external_id": "2 to 224 letters, digits and any of _+=,.@:/-",
    "domain": "such as db.example.com, lower case, without a dot at the end",
    "endpoint": "a host name such as app-1.example.com, lower case",
    "zone_id": "such as Z0123456789ABCDEFGHIJ",
    "engine_version": "such as 16.8",
    "name": "a lower-case letter, then letters, digits and underscores",
    "people": "an address such as oncall@example.com",
    "region": "a region such as eu-central-1",
    "home": "a region such as eu-west-1",
    "copy_to": "a region such as eu-central-1",
    "opted_in": "a region such as eu-south-2",
    "interface_endpoints": "a service such as logs or sts",
    "tags": "letters, digits, spaces and any of _.:/=+@-",
}


def complaint(error: Mapping[str, Any]) -> tuple[KeyPath, str, str]:
    """Return the path, the message and the hint of one of pydantic's errors."""
    place: KeyPath = tuple(part for part in error["loc"] if part not in ("[key]", NAME_KEY))
    kind, context = str(error["type"]), error.get("ctx", {})
    if kind == "missing":
        return place, "is missing", _description(place)
    if kind == "extra_forbidden":
        return place, "is an unknown key", closest(str(place[-1]), _fields(place[:-1]))
    if kind == "value_error":
        return place, str(context.get("error", error["msg"])), _description(place)
    return place, *_said(kind, context, place, error.get("input"))


def _said(kind: str, context: Mapping[str, Any], place: KeyPath, value: Any) -> tuple[str, str]:
    given = _shown(value)
    if kind == "literal_error":
        known = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ").split(", ")
        return f"{given} is none of {', '.join(known)}", closest(given, known)
    if kind == "string_pattern_mismatch":
        words = [_PATTERNS[part] for part in reversed(place) if part in _PATTERNS]
        return f"{given} does not have the right form", words[0] if words else f"the form is {context.get('pattern')}"
    for name, (message, hint) in _KINDS.items():
        if kind.startswith(name) and "_too_" not in kind:
            return message, hint
    return _beyond(kind, context, given) or f"is refused ({kind.replace('_', ' ')})", _description(place)


def _beyond(kind: str, context: Mapping[str, Any], given: str) -> str:
    """Return which limit a value is beyond, or an empty string."""
    limit = next(
        (context[name] for name in ("ge", "le", "max_length", "min_length", "multiple_of") if name in context), 0
    )
    return {
        "greater_than_equal": f"{given} is out of range: at least {limit:g}",
        "less_than_equal": f"{given} is out of range: at most {limit:g}",
        "multiple_of": f"{given} is no multiple of {limit:g}",
        "too_long": f"has {context.get('actual_length')} items: at most {limit:g}",
        "too_short": f"has {context.get('actual_length')} items: at least {limit:g}",
        "string_too_long": f"is too long: at most {limit:g} characters",
    }.get(kind, "")


def _shown(value: Any) -> str:
    """Return a value the way the file writes it, at most so much of it."""
    text = value if isinstance(value, str) and value else json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _model(place: KeyPath) -> type[BaseModel] | None:
    """Return the section that ``place`` leads to, or None where it leads to something else."""
    model: type[BaseModel] | None = Environment
    if place[:1] == ("regions",):
        if len(place) == 1:
            return None
        model, place = Region, place[2:]
    for part in place:
        info = model.model_fields.get(str(part)) if model else None
        found = (info.annotation, *get_args(info.annotation)) if info else ()
        model = next((each for each in found if isinstance(each, type) and issubclass(each, BaseModel)), None)
    return model


def _fields(place: KeyPath) -> list[str]:
    model = _model(place)
    return [name for name, info in model.model_fields.items() if info.validation_alias is None] if model else []


def _description(place: KeyPath) -> str:
    for end in range(len(place), 0, -1):
        model = _model(place[: end - 1])
        info = model.model_fields.get(str(place[end - 1])) if model else None
        if info and info.description:
            return info.description
    return "see stacksets/example.yaml"
