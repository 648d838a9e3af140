"""Trap 53: a StackSet is left to defaults that stop in a disaster."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import CLOUDFORMATION, Finding, TrapRule, within
from generator.rules._reading import Reading
from generator.rules._values import at, mapping, truth


class OperationPreferences(TrapRule):
    """Finds where a StackSet is left to defaults that stop in a disaster."""

    id = "E9053"
    shortdesc = "A StackSet is left to defaults that stop in a disaster"
    description = (
        "By default one region follows the other with no tolerance: when the first fails the rest is "
        "not tried. Say RegionConcurrencyType, or RegionOrder where the order matters, and let "
        "ManagedExecution queue what conflicts."
    )
    source_url = CLOUDFORMATION + "APIReference/API_StackSetOperationPreferences.html"
    tags = ("trap 53", "stacksets")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return StackSets without a stated concurrency or without managed execution."""
        for resource in template.resources("AWS::CloudFormation::StackSet"):
            for properties in resource.variants:
                preferences = mapping(properties.get("OperationPreferences"))
                if not preferences.keys() & {"RegionConcurrencyType", "RegionOrder"}:
                    message = "say RegionConcurrencyType: PARALLEL, or RegionOrder"
                    yield within(resource, message, "OperationPreferences")
                if truth(at(properties, "ManagedExecution", "Active")) in (None, False):
                    yield within(resource, "say ManagedExecution: {Active: true}", "ManagedExecution")
