"""Trap 28: a health check stands on an alarm that Route 53 can't read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator.rules._finding import ROUTE53, Finding, TrapRule, within
from generator.rules._reading import Reading, Resource
from generator.rules._values import at, number, target, text


class UnreadableAlarm(TrapRule):
    """Finds where a health check stands on an alarm that Route 53 can't read."""

    id = "E9028"
    shortdesc = "A health check stands on an alarm that Route 53 can't read"
    description = (
        "Route 53 reads an alarm's data stream by itself: one standard-resolution metric of the same "
        "account with a basic statistic. High resolution, metric math, percentiles and M out of N are "
        "not supported."
    )
    source_url = ROUTE53 + "health-checks-creating-values.html"
    tags = ("trap 28", "route53", "cloudwatch")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return what is unreadable in alarms that a health check of the same template names."""
        named = set(_named_alarms(template))
        for alarm in template.resources("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
            for properties in alarm.variants:
                name = properties.get("AlarmName")
                if alarm.name not in named and (name is None or text(name) not in named):
                    continue
                if alarm.type == "AWS::CloudWatch::CompositeAlarm":
                    yield within(alarm, "a health check can't read a composite alarm", "AlarmRule")
                else:
                    yield from _unreadable(alarm, properties)


def _named_alarms(template: Reading) -> Iterator[str]:
    for resource in template.resources("AWS::Route53::HealthCheck"):
        for properties in resource.variants:
            name = at(properties, "HealthCheckConfig", "AlarmIdentifier", "Name")
            if name is not None:
                yield target(name) or text(name)


def _unreadable(alarm: Resource, properties: Mapping[str, Any]) -> Iterator[Finding]:
    for key in ("Metrics", "ThresholdMetricId"):
        if key in properties:
            yield within(alarm, "a health check can't read metric math; name one metric", key)
    if "ExtendedStatistic" in properties:
        yield within(alarm, "a health check can't read percentiles; use a basic statistic", "ExtendedStatistic")
    period = number(properties.get("Period"))
    if period is not None and period % 60:
        yield within(alarm, f"a period of {period:g} seconds is high resolution; use a multiple of 60", "Period")
    wanted, looked = (number(properties.get(key)) for key in ("DatapointsToAlarm", "EvaluationPeriods"))
    if wanted is not None and wanted != looked:
        yield within(alarm, "a health check knows no M out of N; leave it out", "DatapointsToAlarm")
