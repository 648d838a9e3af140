"""Trap 39: a replication rule with a filter leaves delete markers behind."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import S3, Finding, TrapRule, within
from generator.rules._reading import Reading
from generator.rules._values import at, listed, mapping


class DeleteMarkers(TrapRule):
    """Finds where a replication rule with a filter leaves delete markers behind."""

    id = "E9039"
    shortdesc = "A replication rule with a filter leaves delete markers behind"
    description = (
        "With a Filter, delete markers are replicated only when DeleteMarkerReplication says so; what "
        "was deleted comes back to life in the other region."
    )
    source_url = S3 + "delete-marker-replication.html"
    tags = ("trap 39", "s3")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return replication rules with a filter and without delete markers."""
        for resource in template.resources("AWS::S3::Bucket"):
            for properties in resource.variants:
                for index, each in enumerate(listed(at(properties, "ReplicationConfiguration", "Rules"))):
                    status = at(each, "DeleteMarkerReplication", "Status")
                    if "Filter" in mapping(each) and status in (None, "Disabled"):
                        message = "say DeleteMarkerReplication: Enabled, or deleted objects come back"
                        yield within(resource, message, "ReplicationConfiguration", "Rules", index)
