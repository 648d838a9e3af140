"""Trap 75: a policy names a secret without its six random characters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.rules._finding import SECRETS, Finding, TrapRule, within
from generator.rules._policies import identity_statements
from generator.rules._reading import Reading
from generator.rules._values import listed, text

_END = re.compile(r"(\*|-\?{6}|-[A-Za-z0-9]{6}|\})$")


class SecretSuffix(TrapRule):
    """Finds where a policy names a secret without its six random characters."""

    id = "E9075"
    shortdesc = "A policy names a secret without its six random characters"
    description = (
        "A secret's ARN ends in a hyphen and six random characters, which differ in each region. A "
        "policy that names it without them allows nothing. End it with -??????."
    )
    source_url = SECRETS + "auth-and-access_examples.html"
    tags = ("trap 75", "iam", "secretsmanager")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return resources of statements that can match no secret."""
        for statement in identity_statements(template):
            for index, name in enumerate(listed(statement.body.get("Resource"))):
                written = text(name)
                if ":secret:" in written and not _END.search(written):
                    message = f"{written} matches no secret; end it with -??????"
                    place = ("Resource", index) if isinstance(statement.body["Resource"], list) else ("Resource",)
                    yield within(statement.resource, message, *statement.path, *place)
