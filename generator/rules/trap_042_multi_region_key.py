"""Trap 42: a multi-Region key is used."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import KMS, Finding, TrapRule, beside, within
from generator.rules._reading import Reading
from generator.rules._values import truth


class MultiRegionKey(TrapRule):
    """Finds where a multi-Region key is used."""

    id = "E9042"
    shortdesc = "A multi-Region key is used"
    description = (
        "Policies, aliases and grants of a replica key are not synchronised, and S3 treats such keys "
        "as single-Region ones. Make one key per region with a policy of its own."
    )
    source_url = KMS + "multi-region-keys-overview.html"
    tags = ("trap 42", "kms")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return replica keys and keys with ``MultiRegion``."""
        for resource in template.resources("AWS::KMS::ReplicaKey"):
            yield beside(resource, "its policy is not kept equal; make a key in each region", "Type")
        for resource in template.resources("AWS::KMS::Key"):
            for properties in resource.variants:
                if truth(properties.get("MultiRegion")):
                    yield within(resource, "make a key in each region", "MultiRegion")
