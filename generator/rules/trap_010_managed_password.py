"""Trap 10: a member of a global database wants a managed master password."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import AURORA, Finding, TrapRule, within
from generator.rules._reading import Reading
from generator.rules._values import truth


class ManagedPassword(TrapRule):
    """Finds where a member of a global database wants a managed master password."""

    id = "E9010"
    shortdesc = "A member of a global database wants a managed master password"
    description = (
        "Passwords managed by RDS in Secrets Manager are not supported for clusters of a global "
        "database. Keep the password in a secret of your own and replicate it."
    )
    source_url = AURORA + "rds-secrets-manager.html"
    tags = ("trap 10", "rds", "secretsmanager")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return global clusters' members with ``ManageMasterUserPassword``."""
        for resource in template.resources("AWS::RDS::DBCluster"):
            for properties in resource.variants:
                managed = properties.get("ManageMasterUserPassword")
                if "GlobalClusterIdentifier" in properties and managed is not None and truth(managed) is not False:
                    message = "a managed master password is not supported in a global database; use a secret"
                    yield within(resource, message, "ManageMasterUserPassword")
