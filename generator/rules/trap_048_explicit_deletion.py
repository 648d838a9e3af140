"""Trap 48: what a deletion does to data is left to a default."""

from __future__ import annotations

from collections.abc import Iterator

from generator.holding import TYPES
from generator.rules._finding import CLOUDFORMATION, Finding, TrapRule, beside
from generator.rules._reading import Reading, Resource


class ExplicitDeletion(TrapRule):
    """Finds where what a deletion does to data is left to a default."""

    id = "E9048"
    shortdesc = "What a deletion does to data is left to a default"
    description = (
        "Defaults differ by type and by property, and members of a cluster never get a snapshot of "
        "their own. DeletionPolicy and UpdateReplacePolicy have to be written on everything that "
        "holds data."
    )
    source_url = CLOUDFORMATION + "UserGuide/aws-attribute-deletionpolicy.html"
    tags = ("trap 48", "data")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return resources with data that lack a policy, and members that wait for a snapshot."""
        for resource in template.resources(*TYPES):
            for key in ("DeletionPolicy", "UpdateReplacePolicy"):
                if key not in resource.body:
                    yield beside(resource, f"say {key}: Retain, Snapshot or (when disposable) Delete")
                elif resource.body[key] == "Snapshot" and _member(resource):
                    message = "a member of a cluster gets no snapshot; say Retain or Delete"
                    yield beside(resource, message, key)


def _member(resource: Resource) -> bool:
    instance = resource.type == "AWS::RDS::DBInstance"
    return instance and any("DBClusterIdentifier" in each for each in resource.variants)
