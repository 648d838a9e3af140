"""What a deployed resource says of itself over its service's own API, in the words of its template's properties.

``reader`` registers how one type is read back; :mod:`resources_readers` has them all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Properties = dict[str, Any]


@dataclass(frozen=True)
class Record:
    """A resource of a stack: ``wanted`` are its properties, resolved; ``client`` gives clients of its place."""

    account: str
    region: str
    type: str
    id: str
    wanted: Properties
    stack: str
    logical: str
    client: Callable[[str], Any]


READERS: dict[str, Callable[[Record], Properties]] = {}


def reader(kind: str) -> Callable[[Callable[[Record], Properties]], Callable[[Record], Properties]]:
    """Register how resources of a type are read back."""

    def register(function: Callable[[Record], Properties]) -> Callable[[Record], Properties]:
        READERS[kind] = function
        return function

    return register


def document(text: Any) -> Any:
    """Return a JSON document, parsed if it is still a text."""
    return json.loads(text) if isinstance(text, str) else text


def picked(found: Mapping[str, Any], *names: str, **renamed: str) -> Properties:
    """Return the named fields, and those under another name (property=field); what is not there is left out."""
    pairs = {**{name: name for name in names}, **renamed}
    return {name: found[field] for name, field in pairs.items() if field in found and found[field] is not None}


def upper(value: Any) -> Any:
    """Return nested dictionaries whose keys begin with capitals, as templates write them."""
    if isinstance(value, dict):
        return {name[:1].upper() + name[1:]: upper(each) for name, each in value.items()}
    return [upper(each) for each in value] if isinstance(value, list) else value


def named_tags(tags: Any, wanted: Properties, name: str = "Tags") -> Properties:
    """Return those of a resource's tags that its own properties name: CloudFormation adds others."""
    keys = [each["Key"] for each in wanted.get(name) or ()]
    found = {each["Key"]: each["Value"] for each in tags or ()}
    return {name: [{"Key": key, "Value": found[key]} for key in keys if key in found]} if keys else {}


def differences(wanted: Any, read: Any, path: str = "") -> Iterator[str]:
    """Return the paths of what does not read back; of a list, its members share one path."""
    if isinstance(wanted, str) and isinstance(read, (dict, list)):
        wanted = _parsed(wanted)
    if isinstance(read, str) and isinstance(wanted, (dict, list)):
        read = _parsed(read)
    if isinstance(wanted, dict) and isinstance(read, dict):
        for name, each in wanted.items():
            yield from differences(each, read.get(name, _MISSING), f"{path}.{name}" if path else name)
    elif isinstance(wanted, list) and isinstance(read, list) and len(wanted) == len(read):
        pairs = zip(_sorted(wanted), _sorted(read), strict=True)
        for one, other in pairs:
            yield from differences(one, other, path)
    elif isinstance(wanted, dict) and read is _MISSING:
        for name, each in wanted.items():
            yield from differences(each, _MISSING, f"{path}.{name}" if path else name)
    elif _plain(wanted) != _plain(read):
        yield path


_MISSING: Any = object()


def leaves(wanted: Any, path: str = "") -> Iterator[str]:
    """Return the path of every value that a resource is deployed with."""
    if isinstance(wanted, dict) and wanted:
        for name, each in wanted.items():
            yield from leaves(each, f"{path}.{name}" if path else name)
    elif isinstance(wanted, list) and wanted and isinstance(wanted[0], dict):
        for each in wanted:
            yield from leaves(each, path)
    else:
        yield path


def _sorted(values: list[Any]) -> list[Any]:
    """Return plain values in an order of their own: services keep sets, not lists."""
    return values if any(isinstance(each, (dict, list)) for each in values) else sorted(values, key=str)


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value.lower() if value.lower() in ("true", "false") else value
    if isinstance(value, list):
        return sorted(map(str, map(_plain, value)))
    return value


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
