"""Route 53 records in templates, standing alone or in a group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator.rules._reading import Reading, Resource
from generator.rules._values import listed


@dataclass(frozen=True)
class Record:
    """One record: its resource, its path below the resource's properties, and its properties."""

    resource: Resource
    path: tuple[str | int, ...]
    body: Mapping[str, Any]


def records(template: Reading) -> Iterator[Record]:
    """Return the records of the template in each of their variants."""
    for resource in template.resources("AWS::Route53::RecordSet"):
        for properties in resource.variants:
            yield Record(resource, (), properties)
    for resource in template.resources("AWS::Route53::RecordSetGroup"):
        for properties in resource.variants:
            for index, body in enumerate(listed(properties.get("RecordSets"))):
                if isinstance(body, Mapping):
                    yield Record(resource, ("RecordSets", index), body)
