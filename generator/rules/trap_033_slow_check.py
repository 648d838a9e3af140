"""Trap 33: a health check on an endpoint notices late or is left to defaults."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import ROUTE53, Finding, TrapRule, within
from generator.rules._reading import Reading
from generator.rules._values import mapping, number

ENDPOINT_TYPES = ("HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP")


class SlowCheck(TrapRule):
    """Finds where a health check on an endpoint notices late or is left to defaults."""

    id = "E9033"
    shortdesc = "A health check on an endpoint notices late or is left to defaults"
    description = (
        "Left out, the interval is 30 seconds and the threshold 3: a minute and a half before anybody "
        "notices. Interval and type can't be changed afterwards. Say RequestInterval 10 and a "
        "FailureThreshold of at most 3."
    )
    source_url = ROUTE53 + "health-checks-creating-values.html"
    tags = ("trap 33", "route53")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return endpoint checks whose interval or threshold is absent or too large."""
        for resource in template.resources("AWS::Route53::HealthCheck"):
            for properties in resource.variants:
                config = mapping(properties.get("HealthCheckConfig"))
                if config.get("Type") not in ENDPOINT_TYPES:
                    continue
                for key, most in (("RequestInterval", 10), ("FailureThreshold", 3)):
                    value = number(config.get(key))
                    if key not in config or (value is not None and value > most):
                        yield within(resource, f"say {key} {most} or less; it notices late", "HealthCheckConfig", key)
