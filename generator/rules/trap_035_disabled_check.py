"""Trap 35: a health check is disabled."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import ROUTE53_API, Finding, TrapRule, within
from generator.rules._reading import Reading
from generator.rules._values import at, truth


class DisabledCheck(TrapRule):
    """Finds where a health check is disabled."""

    id = "E9035"
    shortdesc = "A health check is disabled"
    description = (
        "A disabled health check counts as healthy, so disabling it does not take a region out. Invert it for that."
    )
    source_url = ROUTE53_API + "API_HealthCheckConfig.html"
    tags = ("trap 35", "route53")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return health checks with ``Disabled`` true, or free to become so."""
        for resource in template.resources("AWS::Route53::HealthCheck"):
            for properties in resource.variants:
                disabled = at(properties, "HealthCheckConfig", "Disabled")
                if disabled is not None and truth(disabled) is not False:
                    message = "a disabled check counts as healthy; use Inverted to force a region off"
                    yield within(resource, message, "HealthCheckConfig", "Disabled")
