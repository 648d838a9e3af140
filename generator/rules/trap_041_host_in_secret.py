"""Trap 41: a replicated secret names a host."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.rules._finding import SECRETS, Finding, TrapRule, within
from generator.rules._reading import Reading
from generator.rules._values import at, target, text

_HOST = re.compile(r"""["']host["']\s*:""")


class HostInSecret(TrapRule):
    """Finds where a replicated secret names a host."""

    id = "E9041"
    shortdesc = "A replicated secret names a host"
    description = (
        "A replica holds the source's text, so it names the source region's host, and after a "
        "failover everybody who reads it connects to the lost region. Keep hosts out of replicated "
        "secrets; an attachment writes one in."
    )
    source_url = SECRETS + "replicate-secrets.html"
    tags = ("trap 41", "secretsmanager")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return replicated secrets that hold a host or are attached to a database."""
        for resource in template.resources("AWS::SecretsManager::Secret"):
            for properties in resource.variants:
                if "ReplicaRegions" not in properties:
                    continue
                for path in (("SecretString",), ("GenerateSecretString", "SecretStringTemplate")):
                    if _HOST.search(text(at(properties, *path))):
                        yield within(resource, "the replica would name this region's host", *path)
        for attachment in template.resources("AWS::SecretsManager::SecretTargetAttachment"):
            for properties in attachment.variants:
                secret = template.resource(target(properties.get("SecretId")), "AWS::SecretsManager::Secret")
                if secret and any("ReplicaRegions" in each for each in secret.variants):
                    yield within(attachment, "an attachment writes the host into a replicated secret", "SecretId")
