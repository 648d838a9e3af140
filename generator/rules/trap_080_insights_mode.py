"""Trap 80: performance Insights is on without a mode of Database Insights."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import AURORA, Finding, TrapRule, within
from generator.rules._reading import Reading
from generator.rules._values import truth


class InsightsMode(TrapRule):
    """Finds where performance Insights is on without a mode of Database Insights."""

    id = "E9080"
    shortdesc = "Performance Insights is on without a mode of Database Insights"
    description = (
        "The console of Performance Insights ended on 31 July 2026 and its place is taken by Database "
        "Insights, whose mode a cluster takes by default. Say DatabaseInsightsMode, so that what is "
        "kept and paid for is written down."
    )
    source_url = AURORA + "USER_PerfInsights.Overview.Engines.html"
    tags = ("trap 80", "rds")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return clusters with Performance Insights and no ``DatabaseInsightsMode``."""
        for resource in template.resources("AWS::RDS::DBCluster"):
            for properties in resource.variants:
                on = truth(properties.get("PerformanceInsightsEnabled"))
                if on and "DatabaseInsightsMode" not in properties:
                    yield within(
                        resource,
                        "say DatabaseInsightsMode (standard or advanced)",
                        "PerformanceInsightsEnabled",
                    )
