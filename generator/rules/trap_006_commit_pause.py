"""Trap 6: a parameter lets a new writer pause its commits."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import AURORA, Finding, TrapRule, within
from generator.rules._reading import Reading
from generator.rules._values import mapping


class CommitPause(TrapRule):
    """Finds where a parameter lets a new writer pause its commits."""

    id = "E9006"
    shortdesc = "A parameter lets a new writer pause its commits"
    description = (
        "rds.global_db_rpo makes a writer pause commits while no standby is within the limit. After a "
        "failover there may be no standby at all, and the new writer stands still."
    )
    source_url = AURORA + "aurora-global-database-disaster-recovery.html"
    tags = ("trap 6", "rds")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return parameter groups that set ``rds.global_db_rpo``."""
        for resource in template.resources("AWS::RDS::DBClusterParameterGroup", "AWS::RDS::DBParameterGroup"):
            for properties in resource.variants:
                if "rds.global_db_rpo" in mapping(properties.get("Parameters")):
                    message = "rds.global_db_rpo stops a new writer's commits until it has a standby; leave it out"
                    yield within(resource, message, "Parameters", "rds.global_db_rpo")
