"""Trap 86: a replicated secret leaves its replica's key to a default."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import RESOURCE, Finding, TrapRule, within
from generator.rules._reading import Reading
from generator.rules._values import listed, mapping


class ReplicaKey(TrapRule):
    """Finds where a replicated secret leaves its replica's key to a default."""

    id = "E9086"
    shortdesc = "A replicated secret leaves its replica's key to a default"
    description = (
        "Without KmsKeyId a replica is encrypted with the region's service key; a wrong one fails "
        "without the stack noticing. Name the key of the replica's region."
    )
    source_url = RESOURCE + "aws-properties-secretsmanager-secret-replicaregion.html"
    tags = ("trap 86", "secretsmanager", "kms")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return replica regions without a key."""
        for resource in template.resources("AWS::SecretsManager::Secret"):
            for properties in resource.variants:
                for index, replica in enumerate(listed(properties.get("ReplicaRegions"))):
                    if "Region" in mapping(replica) and "KmsKeyId" not in replica:
                        yield within(resource, "say KmsKeyId, a key of that region", "ReplicaRegions", index)
