"""Trap 34a: the two records of a failover pair are in separate resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator.rules._finding import RESOURCE, Finding, TrapRule, within
from generator.rules._reading import Reading, Resource
from generator.rules._values import listed, mapping, text


class SplitPair(TrapRule):
    """Finds where the two records of a failover pair are in separate resources."""

    id = "E9034"
    shortdesc = "The two records of a failover pair are in separate resources"
    description = (
        "Swapping PRIMARY and SECONDARY in two resources asks Route 53 for two of one kind in "
        "between, and it refuses. Keep the pair in one record set group, whose change is one batch."
    )
    source_url = RESOURCE + "aws-resource-route53-recordsetgroup.html"
    tags = ("trap 34a", "route53")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return failover records whose other half is not in the same record set group."""
        for resource in template.resources("AWS::Route53::RecordSet"):
            if any("Failover" in properties for properties in resource.variants):
                yield within(resource, "put both failover records into one AWS::Route53::RecordSetGroup", "Failover")
        for resource in template.resources("AWS::Route53::RecordSetGroup"):
            for properties in resource.variants:
                yield from _halves(resource, properties)


def _halves(resource: Resource, properties: Mapping[str, Any]) -> Iterator[Finding]:
    halves: dict[tuple[str, str], set[str]] = {}
    for record in map(mapping, listed(properties.get("RecordSets"))):
        if "Failover" in record:
            pair = text(record.get("Name")), text(record.get("Type"))
            halves.setdefault(pair, set()).add(text(record["Failover"]))
    for (name, _), roles in halves.items():
        if len(roles) == 1 and roles <= {"PRIMARY", "SECONDARY"}:
            yield within(resource, f"{name} has only its {min(roles)} record here", "RecordSets")
