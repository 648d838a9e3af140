"""Trap 49a: a trust policy names a role that may not exist yet."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import IAM, Finding, TrapRule, within
from generator.rules._policies import trust_statements
from generator.rules._reading import Reading
from generator.rules._values import listed, mapping, text


class TrustedRole(TrapRule):
    """Finds where a trust policy names a role that may not exist yet."""

    id = "W9049"
    shortdesc = "A trust policy names a role that may not exist yet"
    description = (
        "IAM refuses a trust policy whose principal does not exist, so two regions that trust each "
        "other's roles can't be created in any order, and a role that is deleted leaves a dead id "
        "behind. Trust the account, with a condition on aws:PrincipalArn."
    )
    source_url = IAM + "reference_policies_elements_principal.html"
    tags = ("trap 49a", "iam")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return trusted principals that are roles by name, and not of this template."""
        for statement in trust_statements(template):
            principals = listed(mapping(statement.body.get("Principal")).get("AWS"))
            for principal in principals:
                if ":role/" in text(principal):
                    message = "it must exist before; trust the account, with a condition on aws:PrincipalArn"
                    yield within(statement.resource, message, *statement.path, "Principal", "AWS")
