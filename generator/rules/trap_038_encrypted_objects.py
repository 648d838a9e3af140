"""Trap 38: replication leaves objects encrypted with KMS behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator.rules._finding import S3, Finding, TrapRule, within
from generator.rules._reading import Reading
from generator.rules._values import at, listed, mapping


class EncryptedObjects(TrapRule):
    """Finds where replication leaves objects encrypted with KMS behind."""

    id = "E9038"
    shortdesc = "Replication leaves objects encrypted with KMS behind"
    description = (
        "Objects encrypted with a KMS key are replicated only when SourceSelectionCriteria asks for "
        "SseKmsEncryptedObjects and the destination names its own key."
    )
    source_url = S3 + "replication-config-for-kms-objects.html"
    tags = ("trap 38", "s3", "kms")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return replication rules of KMS-encrypted buckets that leave the objects out."""
        for resource in template.resources("AWS::S3::Bucket"):
            for properties in resource.variants:
                if not _encrypted(properties):
                    continue
                for index, each in enumerate(listed(at(properties, "ReplicationConfiguration", "Rules"))):
                    place = "ReplicationConfiguration", "Rules", index
                    if mapping(each).get("Status") == "Disabled":
                        continue
                    if at(each, "SourceSelectionCriteria", "SseKmsEncryptedObjects", "Status") in (
                        None,
                        "Disabled",
                    ):
                        yield within(resource, "say SseKmsEncryptedObjects: Enabled", *place)
                    if at(each, "Destination", "EncryptionConfiguration", "ReplicaKmsKeyID") is None:
                        yield within(resource, "name the destination's key (ReplicaKmsKeyID)", *place)


def _encrypted(properties: Mapping[str, Any]) -> bool:
    rules = listed(at(properties, "BucketEncryption", "ServerSideEncryptionConfiguration"))
    algorithms = (at(each, "ServerSideEncryptionByDefault", "SSEAlgorithm") for each in rules)
    return any(each in ("aws:kms", "aws:kms:dsse") for each in algorithms)
