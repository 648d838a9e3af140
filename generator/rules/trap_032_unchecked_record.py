"""Trap 32: a failover or weighted record has no health check."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import ROUTE53, Finding, TrapRule, within
from generator.rules._reading import Reading
from generator.rules._records import records
from generator.rules._values import at, truth


class UncheckedRecord(TrapRule):
    """Finds where a failover or weighted record has no health check."""

    id = "E9032"
    shortdesc = "A failover or weighted record has no health check"
    description = (
        "A record without a health check is always healthy for Route 53 and stays among the answers, "
        "whatever happened to its region."
    )
    source_url = ROUTE53 + "health-checks-how-route-53-chooses-records.html"
    tags = ("trap 32", "route53")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return failover and weighted records without a check or an evaluated alias target."""
        for record in records(template):
            evaluated = truth(at(record.body, "AliasTarget", "EvaluateTargetHealth"))
            chosen = record.body.keys() & {"Failover", "Weight", "MultiValueAnswer"}
            if chosen and "HealthCheckId" not in record.body and evaluated is not True:
                message = "a record without a health check is always healthy; give it a HealthCheckId"
                yield within(record.resource, message, *record.path)
