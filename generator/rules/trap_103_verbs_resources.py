"""Trap 103: a right to fail over names too little."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import Finding, TrapRule, within
from generator.rules._policies import identity_statements
from generator.rules._reading import Reading
from generator.rules._values import listed, text


class VerbsResources(TrapRule):
    """Finds where a right to fail over names too little."""

    id = "E9103"
    shortdesc = "A right to fail over names too little"
    description = (
        "SwitchoverGlobalCluster and FailoverGlobalCluster are checked against the global cluster, "
        "whose ARN has no region, and against the member clusters. A policy that names one of them "
        "only is refused on the day."
    )
    source_url = "https://docs.aws.amazon.com/r53recovery/latest/dg/security_iam_region_switch_aurora.html"
    tags = ("trap 103", "iam", "rds")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return statements with a verb that name no global cluster or no member."""
        for statement in identity_statements(template):
            verbs = {"rds:switchoverglobalcluster", "rds:failoverglobalcluster"}
            if not statement.allows or not verbs & {each.lower() for each in statement.actions}:
                continue
            named = [text(each) for each in listed(statement.body.get("Resource"))]
            for kind, least in (
                (":global-cluster:", "arn:aws:rds::ACCOUNT:global-cluster:ID"),
                (":cluster:", "each member"),
            ):
                if not any(kind in each or each == "*" or "${" in each.split(":")[0] for each in named):
                    yield within(statement.resource, f"name {least} too", *statement.path, "Resource")
