"""Trap 73: a log group has no key or no retention."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import LOGS, Finding, TrapRule, within
from generator.rules._reading import Reading


class LogGroups(TrapRule):
    """Finds where a log group has no key or no retention."""

    id = "E9073"
    shortdesc = "A log group has no key or no retention"
    description = "Logs are kept for ever, encrypted with a key that nobody controls, unless the group says otherwise."
    source_url = LOGS + "encrypt-log-data-kms.html"
    tags = ("trap 73", "logs", "kms")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return log groups without ``KmsKeyId`` or ``RetentionInDays``."""
        for resource in template.resources("AWS::Logs::LogGroup"):
            for properties in resource.variants:
                for key in ("KmsKeyId", "RetentionInDays"):
                    if key not in properties:
                        yield within(resource, f"say {key}")
