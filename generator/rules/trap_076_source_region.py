"""Trap 76: a standby's source follows the active region, or it has no key."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.rules._finding import Finding, TrapRule, within
from generator.rules._reading import Reading
from generator.rules._values import text, truth

_MOVES = re.compile(r"(?i)active|current|writer|primary")


class SourceRegion(TrapRule):
    """Finds where a standby's source follows the active region, or it has no key."""

    id = "E9076"
    shortdesc = "A standby's source follows the active region, or it has no key"
    description = (
        "SourceRegion and KmsKeyId are create-only: a value that follows the active region replaces "
        "the cluster, with its data, at the next update after a swap. An encrypted standby needs a "
        "key of its own region."
    )
    source_url = "https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/719"
    tags = ("trap 76", "rds", "kms")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return sources that move, and encrypted standbys without a key."""
        for resource in template.resources("AWS::RDS::DBCluster"):
            for properties in resource.variants:
                if "SourceRegion" not in properties:
                    continue
                written = text(properties["SourceRegion"])
                if _MOVES.search(written):
                    message = f"{written} would replace the cluster after a swap; record the region at birth"
                    yield within(resource, message, "SourceRegion")
                if "KmsKeyId" not in properties and truth(properties.get("StorageEncrypted")) is not False:
                    yield within(resource, "an encrypted standby needs its own region's KmsKeyId")
