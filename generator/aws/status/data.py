"""The part of the verdict that is about data: the database, its proof, replication, and recoveries."""

from __future__ import annotations

from collections.abc import Iterator

from generator.aws.status import fresh
from generator.aws.status.regions import CLUSTER, PARTS
from generator.aws.status.report import Finding, RegionFacts, Report
from generator.aws.status.standing import ACTIVE, OUTSIDE, STANDBY, Standing, snapshot
from generator.config import Environment
from recovery import parity
from recovery.state import CONNECTED, IN_PROGRESS, View, violations

PROOF_MS = 180_000
"""A proof is published every few seconds, and CloudWatch shows it within a minute or two; older is silence."""


RTC_SECONDS = 900
"""Amazon S3 User Guide, "Meeting compliance requirements with S3 Replication Time Control": fifteen minutes."""


def database(environment: Environment, report: Report, standing: tuple[Standing, ...]) -> Iterator[Finding]:
    """Yield what is wrong with the global cluster and its members."""
    cluster = report.cluster
    if cluster is None:
        if any(each.role != "witness" and not each.dark for each in report.regions):
            yield Finding("database", "no region shows the global cluster")
        return
    if cluster.writer is None:
        yield Finding("database", "no member of the global cluster is the writer", "look at it in the RDS console")
    views = {each.region: writer.region for each in report.regions if each.cluster and (writer := each.cluster.writer)}
    if len(set(views.values())) > 1:
        said = ", ".join(f"{region} shows {writer}" for region, writer in views.items())
        yield Finding(
            "database", f"the regions do not agree on the writer: {said}", "a description may lag; look again"
        )
    if cluster.swap and cluster.swap.status in IN_PROGRESS:
        towards = cluster.region_of(cluster.swap.to_arn)
        yield Finding(
            "database", f"a {cluster.swap.verb} to {towards} is {cluster.swap.status}", "wait until it has ended"
        )
    for each in standing:
        yield from _member(environment, report, each)


def _member(environment: Environment, report: Report, standing: Standing) -> Iterator[Finding]:
    cluster, facts = report.cluster, report.of(standing.region)
    member = cluster.member(standing.region) if cluster else None
    if standing.role == OUTSIDE:
        yield Finding(standing.region, "it is not a member of the global cluster", "deploy database there")
    if member and not member.writer and member.synchronisation not in ("", CONNECTED):
        yield Finding(standing.region, f"it is {member.synchronisation}", "wait; if it stays, see its lag")
    if facts is None or facts.database is None:
        if member and facts and not facts.dark and PARTS[CLUSTER] not in {gap.part for gap in facts.gaps}:
            yield Finding(standing.region, "the global cluster lists its cluster, and the cluster is not there")
        return
    if facts.database.status != "available":
        yield Finding(standing.region, f"its cluster is {facts.database.status}", "wait until it is available")
    if facts.database.instances == 0:
        yield Finding(standing.region, "its cluster has no instance", "a cluster without one can't take over (trap 4)")
    if standing.parity and not standing.parity.compatible:
        yield Finding(standing.region, standing.parity.reason, "upgrade the standbys first, the active region last")
    wanted = parity.compare(facts.database.version, environment.database.engine_version)
    if not wanted.compatible:
        said = f"it runs {facts.database.version}, the environment file says {environment.database.engine_version}"
        yield Finding(standing.region, said, "python -m generator plan ENVIRONMENT shows the upgrade")


def proofs(report: Report, standing: tuple[Standing, ...]) -> Iterator[Finding]:
    """Yield regions whose writer proof does not fit their role, or is missing."""
    for each in standing:
        facts = report.of(each.region)
        if facts is None or facts.measured is None or each.role not in (ACTIVE, STANDBY):
            continue
        proof = facts.measured.proof
        reason, awaited = _said(facts), fresh.awaited(report, facts)
        if awaited:
            yield Finding(each.region, awaited, "look again then", coming=True)
        elif proof is None or report.at_ms - proof.at_ms > PROOF_MS:
            since = "for 15 minutes" if proof is None else f"for {(report.at_ms - proof.at_ms) // 1000} s"
            yield Finding(
                each.region, f"its probe has published no writer proof {since}", "look at prove-writer's logs"
            )
        elif each.role == ACTIVE and proof.value < 1:
            now = "; now it does" if _proves_now(report, facts) else reason
            said = f"it is the writer and did not always prove it within the last minute{now}"
            yield Finding(each.region, said, "look at prove-writer's logs")
        elif each.role == STANDBY and proof.value >= 1:
            yield Finding(each.region, "it takes writes and is not the writer of the global cluster", "fence it")
    yield from _votes(report)


def _proves_now(report: Report, facts: RegionFacts) -> bool:
    """Tell whether the region's own view, which is newer than the metric's whole minute, says that it took a write."""
    own = _own(facts)
    return own is not None and own.writer and own.fresh(report.at_ms)


def _said(facts: RegionFacts) -> str:
    own = _own(facts)
    return f": {own.reason}" if own else ""


def _own(facts: RegionFacts) -> View | None:
    """Return the region's view of itself, None when its table holds none."""
    views = facts.table.views if facts.table else ()
    return next((view for view in views if view.voter == view.about == facts.region), None)


def _votes(report: Report) -> Iterator[Finding]:
    """Yield witnesses whose word no data region has: votes are pushed into their tables."""
    tables = [each.table for each in report.regions if each.table and each.role != "witness"]
    for each in report.regions:
        if each.role == "witness" and tables:
            votes = [view for table in tables for view in table.views if view.voter == each.region]
            if not any(view.fresh(report.at_ms) for view in votes):
                coming = fresh.new(report, each)
                hint = f"its first one comes within {fresh.FIRST_MINUTES} minutes" if coming else "look at vote's logs"
                yield Finding(each.region, "no data region has a fresh vote of this witness", hint, coming)


def replication(environment: Environment, report: Report, standing: tuple[Standing, ...]) -> Iterator[Finding]:
    """Yield what is further behind than the objectives allow: the database, and objects."""
    rpo_seconds = environment.objectives.rpo_seconds
    for each in standing:
        facts = report.of(each.region)
        if each.role == STANDBY and each.lag and each.lag.seconds is not None and each.lag.seconds > rpo_seconds:
            yield Finding(each.region, f"{each.lag.reason}: more than the objective of {rpo_seconds} s (RPO)")
        if facts is None or facts.measured is None:
            continue
        lag = facts.measured.aurora_lag
        if each.role == STANDBY and lag and lag.value > rpo_seconds * 1000:
            said = f"Aurora says that it is {lag.value / 1000:.1f} s behind, the objective is {rpo_seconds} s (RPO)"
            yield Finding(each.region, said)
        for inbound in facts.measured.inbound:
            if inbound.latency and inbound.latency.value > RTC_SECONDS:
                said = f"objects from {inbound.source} arrive {inbound.latency.value:.0f} s late"
                yield Finding(each.region, said, "S3 promises 900 s; look at the replication rule and the keys")
        if facts.measured.failed:
            said = f"{facts.measured.failed:.0f} objects could not be replicated from here in the last hour"
            yield Finding(each.region, said, "look at the bucket's replication events, and at the key's rights")


def _follow(region: str) -> str:
    return f"python -m generator follow ENVIRONMENT --to {region}; nothing else may start"


def recovery(environment: Environment, report: Report, standing: tuple[Standing, ...]) -> Iterator[Finding]:
    """Yield recoveries and incidents that are under way, markers, and takeovers that would be refused."""
    for each in report.regions:
        if each.table is None:
            continue
        if each.table.holder:
            yield Finding(each.region, f"a recovery runs: {each.table.holder}", _follow(each.region))
        for incident in each.table.incidents:
            ago = (report.at_ms - incident.since_ms) // 1000
            yield Finding(each.region, f"it has noticed the loss of {incident.about}, {ago} s ago", "see its notice")
        if each.role != "witness":
            for broken in violations(snapshot(environment, report, each.region), report.at_ms):
                yield Finding(each.region, broken, "a person has to decide")
    for stand in standing:
        if stand.superseded_by:
            hint = "it is lifted when the region is a confirmed replica again"
            yield Finding(stand.region, f"it is marked superseded by {', '.join(stand.superseded_by)}", hint)
        if stand.failover and not stand.failover.accepted:
            facts = report.of(stand.region)
            coming = bool(facts and fresh.awaited(report, facts))
            said = f"a failover to it would be refused: {stand.failover.reason}"
            hint = "its reports come with the first proofs" if coming else stand.failover.hint
            yield Finding(stand.region, said, hint, coming)
