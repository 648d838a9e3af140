"""Trap 100: a schedule or function may replay what was asked hours ago."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator.rules._finding import LAMBDA, Finding, TrapRule, beside, within
from generator.rules._reading import Reading, Resource
from generator.rules._values import listed, mapping, target

LIMITS = {
    "AWS::Lambda::EventInvokeConfig": {"MaximumRetryAttempts", "MaximumEventAgeInSeconds"},
    "AWS::Scheduler::Schedule": {"MaximumRetryAttempts", "MaximumEventAgeInSeconds"},
    "AWS::Events::Rule": {"MaximumRetryAttempts", "MaximumEventAgeInSeconds"},
}


class StaleRetries(TrapRule):
    """Finds where a schedule or function may replay what was asked hours ago."""

    id = "E9100"
    shortdesc = "A schedule or function may replay what was asked hours ago"
    description = (
        "Asynchronous calls are kept for up to 24 hours and tried again when a region comes back: old "
        "probes and old orders run then. Say how often and how long, on the schedule and on the "
        "function."
    )
    source_url = LAMBDA + "invocation-async-configuring.html"
    tags = ("trap 100", "lambda", "scheduler", "events")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return schedules and rules without limits, and their functions without limits."""
        limited = {
            target(properties.get("FunctionName"))
            for config in template.resources("AWS::Lambda::EventInvokeConfig")
            for properties in config.variants
            if LIMITS["AWS::Lambda::EventInvokeConfig"] <= properties.keys()
        }
        for resource, path, called in _targets(template):
            if not LIMITS[resource.type] <= mapping(called.get("RetryPolicy")).keys():
                message = "say RetryPolicy with MaximumRetryAttempts and MaximumEventAgeInSeconds"
                yield within(resource, message, *path)
            function = template.resource(target(called.get("Arn")), "AWS::Lambda::Function")
            if function and function.name not in limited:
                message = "give it an AWS::Lambda::EventInvokeConfig with retries and age"
                yield beside(function, message)


def _targets(template: Reading) -> Iterator[tuple[Resource, tuple[str | int, ...], Mapping[str, Any]]]:
    for resource in template.resources("AWS::Scheduler::Schedule"):
        for properties in resource.variants:
            yield resource, ("Target",), mapping(properties.get("Target"))
    for resource in template.resources("AWS::Events::Rule"):
        for properties in resource.variants:
            for index, called in enumerate(listed(properties.get("Targets"))):
                yield resource, ("Targets", index), mapping(called)
