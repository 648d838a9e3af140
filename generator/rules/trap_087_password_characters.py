"""Trap 87: a generated password may be one that RDS refuses."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import AURORA, Finding, TrapRule, within
from generator.rules._reading import Reading
from generator.rules._values import mapping, number, text, truth

REFUSED = "/\"@'\\"


class PasswordCharacters(TrapRule):
    """Finds where a generated password may be one that RDS refuses."""

    id = "E9087"
    shortdesc = "A generated password may be one that RDS refuses"
    description = (
        "RDS refuses some printable characters in a master password, and Aurora PostgreSQL takes at "
        "most 99. Exclude slash, quotation marks, at, backslash and space, and stay within 41, which "
        "every engine takes."
    )
    source_url = AURORA + "Aurora.CreateInstance.html"
    tags = ("trap 87", "rds", "secretsmanager")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return generated passwords of a user that are too long or too free."""
        for resource in template.resources("AWS::SecretsManager::Secret"):
            for properties in resource.variants:
                asked = mapping(properties.get("GenerateSecretString"))
                if (
                    "username" not in text(asked.get("SecretStringTemplate"))
                    and asked.get("GenerateStringKey") != "password"
                ):
                    continue
                length = number(asked.get("PasswordLength"))
                if length is not None and length > 41:
                    yield within(resource, "at most 41 characters", "GenerateSecretString", "PasswordLength")
                allowed = set(REFUSED) - set(text(asked.get("ExcludeCharacters")))
                if allowed and not truth(asked.get("ExcludePunctuation")):
                    message = f"exclude {' '.join(sorted(allowed))} too; RDS refuses them"
                    yield within(resource, message, "GenerateSecretString", "ExcludeCharacters")
                if truth(asked.get("IncludeSpace")):
                    yield within(resource, "a space is refused", "GenerateSecretString", "IncludeSpace")
