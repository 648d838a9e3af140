"""Trap 88: advanced Database Insights lacks what it needs."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import AURORA, Finding, TrapRule, within
from generator.rules._reading import Reading
from generator.rules._values import number, truth


class AdvancedInsights(TrapRule):
    """Finds where advanced Database Insights lacks what it needs."""

    id = "E9088"
    shortdesc = "Advanced Database Insights lacks what it needs"
    description = (
        "The advanced mode needs Performance Insights switched on and kept for at least 465 days; "
        "else the cluster is refused."
    )
    source_url = AURORA + "USER_DatabaseInsights.Considerations.html"
    tags = ("trap 88", "rds")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return clusters in advanced mode without Performance Insights for 465 days."""
        for resource in template.resources("AWS::RDS::DBCluster"):
            for properties in resource.variants:
                if properties.get("DatabaseInsightsMode") != "advanced":
                    continue
                on = properties.get("PerformanceInsightsEnabled")
                days = properties.get("PerformanceInsightsRetentionPeriod")
                short = days is None or (number(days) or 465) < 465
                if on is None or truth(on) is False or short:
                    message = "advanced needs PerformanceInsightsEnabled and a retention of 465 days"
                    yield within(resource, message, "DatabaseInsightsMode")
