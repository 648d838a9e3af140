"""Trap 93: a template owns a log group that the whole region shares."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import AURORA, Finding, TrapRule, within
from generator.rules._reading import Reading
from generator.rules._values import text


class SharedLogGroup(TrapRule):
    """Finds where a template owns a log group that the whole region shares."""

    id = "E9093"
    shortdesc = "A template owns a log group that the whole region shares"
    description = (
        "Enhanced monitoring of all databases of an account and region writes to RDSOSMetrics. Two "
        "environments that declare it collide, and deleting one takes the other's log."
    )
    source_url = AURORA + "USER_Monitoring.OS.CloudWatchLogs.html"
    tags = ("trap 93", "rds", "logs")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return log groups called RDSOSMetrics."""
        for resource in template.resources("AWS::Logs::LogGroup"):
            for properties in resource.variants:
                if text(properties.get("LogGroupName")) == "RDSOSMetrics":
                    yield within(resource, "it belongs to the region; do not declare it", "LogGroupName")
