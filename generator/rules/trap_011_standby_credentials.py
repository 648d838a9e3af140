"""Trap 11: a standby cluster brings master credentials or a database name."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import Finding, TrapRule, within
from generator.rules._reading import Reading

FIRST_WRITER_ONLY = frozenset({"MasterUsername", "MasterUserPassword", "DatabaseName"})


class StandbyCredentials(TrapRule):
    """Finds where a standby cluster brings master credentials or a database name."""

    id = "E9011"
    shortdesc = "A standby cluster brings master credentials or a database name"
    description = (
        "A cluster that joins a global database as a standby takes users and databases from the "
        "writer; MasterUsername, MasterUserPassword or DatabaseName beside SourceRegion is refused at "
        "creation."
    )
    source_url = "https://github.com/crossplane-contrib/provider-aws/issues/1668"
    tags = ("trap 11", "rds")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return standby clusters with what only a first writer may have."""
        for resource in template.resources("AWS::RDS::DBCluster"):
            for properties in resource.variants:
                joins = properties.keys() & {"SourceRegion", "ReplicationSourceIdentifier"}
                if not joins or "GlobalClusterIdentifier" not in properties:
                    continue
                for key in sorted(properties.keys() & FIRST_WRITER_ONLY):
                    yield within(resource, f"a standby is refused with {key}; give it in the origin alone", key)
