"""Trap 27: a health check on an alarm stays healthy when its region falls silent."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import ROUTE53, Finding, TrapRule, within
from generator.rules._reading import Reading
from generator.rules._values import mapping


class Silence(TrapRule):
    """Finds where a health check on an alarm stays healthy when its region falls silent."""

    id = "E9027"
    shortdesc = "A health check on an alarm stays healthy when its region falls silent"
    description = (
        "Without InsufficientDataHealthStatus Route 53 keeps the last known status, which for a dying "
        "region is healthy, for ever; the alarm's TreatMissingData does not count. Say Unhealthy; "
        "LastKnownStatus only with the reason in the resource's Metadata, under Silence."
    )
    source_url = ROUTE53 + "health-checks-creating-values.html"
    tags = ("trap 27", "route53")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return alarm health checks that take silence for health."""
        for resource in template.resources("AWS::Route53::HealthCheck"):
            for properties in resource.variants:
                config = mapping(properties.get("HealthCheckConfig"))
                if config.get("Type") != "CLOUDWATCH_METRIC":
                    continue
                silence = config.get("InsufficientDataHealthStatus")
                if silence is None:
                    yield within(resource, "silence keeps the last status; say Unhealthy", "HealthCheckConfig")
                elif silence == "Healthy" or (silence == "LastKnownStatus" and not resource.metadata.get("Silence")):
                    message = f"{silence}: a region that falls silent stays healthy; say Unhealthy"
                    yield within(resource, message, "HealthCheckConfig", "InsufficientDataHealthStatus")
