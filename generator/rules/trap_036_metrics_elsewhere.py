"""Trap 36: metrics of Route 53 are asked for outside us-east-1."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import ROUTE53, Finding, TrapRule, within
from generator.rules._reading import Reading
from generator.rules._values import walk


class MetricsElsewhere(TrapRule):
    """Finds where metrics of Route 53 are asked for outside us-east-1."""

    id = "W9036"
    shortdesc = "Metrics of Route 53 are asked for outside us-east-1"
    description = (
        "Route 53 publishes its metrics in us-east-1 only. An alarm on them in another region never "
        "has data. Deploy it in us-east-1 or publish a mirror of the metric."
    )
    source_url = ROUTE53 + "monitoring-health-checks.html"
    tags = ("trap 36", "route53", "cloudwatch")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return alarms in the namespace AWS/Route53, unless the template is for us-east-1 alone."""
        if template.regions == {"us-east-1"}:
            return
        for resource in template.resources("AWS::CloudWatch::Alarm"):
            for properties in resource.variants:
                for path, node in walk(properties):
                    if path and path[-1] == "Namespace" and node == "AWS/Route53":
                        message = "these metrics exist in us-east-1 only; deploy it there or mirror the metric"
                        yield within(resource, message, *path)
