"""Trap B6: a policy has a wildcard without a reason and a condition."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import IAM, Finding, TrapRule, within
from generator.rules._policies import Statement, identity_statements
from generator.rules._reading import Reading
from generator.rules._values import listed, mapping, text


class Wildcards(TrapRule):
    """Finds where a policy has a wildcard without a reason and a condition."""

    id = "E9206"
    shortdesc = "A policy has a wildcard without a reason and a condition"
    description = (
        "A right on everything has to say why it can't name less, in the resource's Metadata (Wildcards: "
        "{SID: reason}), and a condition has to hold it in bounds. A wildcard among actions has to say why."
    )
    source_url = IAM + "best-practices.html"
    tags = ("trap B6", "iam")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return allowing statements with a wildcard that lack the reason, or the condition."""
        for statement in identity_statements(template):
            if not statement.allows:
                continue
            wild = _everything(statement)
            said = wild or _any_action(statement)
            if wild and not mapping(statement.body.get("Condition")):
                yield within(statement.resource, f"{wild} needs a Condition", *statement.path)
            reason = mapping(statement.resource.metadata.get("Wildcards")).get(statement.sid)
            if said and not (isinstance(reason, str) and reason.strip()):
                message = f"{said} needs a reason: Metadata: {{Wildcards: {{{statement.sid or 'SID'}: ...}}}}"
                yield within(statement.resource, message, *statement.path)


def _everything(statement: Statement) -> str | None:
    """Return what the statement says of all resources of a service, or of all services."""
    if "NotAction" in statement.body or "NotResource" in statement.body:
        return "everything but what is named"
    for resource in map(text, listed(statement.body.get("Resource"))):
        if resource == "*" or (resource.count(":") >= 5 and resource.split(":", 5)[5] == "*"):
            return f"resource {resource}"
    return None


def _any_action(statement: Statement) -> str | None:
    return next((f"action {each}" for each in statement.actions if "*" in each or "?" in each), None)
