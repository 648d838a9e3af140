"""Trap 49a: a trust policy asks for the requested region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generator.rules._finding import IAM, Finding, TrapRule, within
from generator.rules._policies import trust_statements
from generator.rules._reading import Reading
from generator.rules._values import walk


class TrustedRegion(TrapRule):
    """Finds where a trust policy asks for the requested region."""

    id = "E9049"
    shortdesc = "A trust policy asks for the requested region"
    description = (
        "aws:RequestedRegion in a trust policy is the region of the STS endpoint that was called, not "
        "the one the caller works in. On the day the caller calls its own region's endpoint and is "
        "refused, or the condition means nothing."
    )
    source_url = IAM + "reference_policies_condition-keys.html"
    tags = ("trap 49a", "iam")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return trust statements with a condition on ``aws:RequestedRegion``."""
        for statement in trust_statements(template):
            for path, node in walk(statement.body.get("Condition")):
                if isinstance(node, Mapping):
                    for key in node:
                        if isinstance(key, str) and key.lower() == "aws:requestedregion":
                            message = "it sees the STS endpoint's region; use the account and aws:PrincipalArn"
                            yield within(statement.resource, message, *statement.path, "Condition", *path, key)
