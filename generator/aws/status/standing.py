"""Where each region stands: its role now, its lag, and whether a takeover to it would be accepted.

Pure. The decisions are :mod:`recovery`'s, on the same facts that the deployed ``assess`` gathers in that region: its
own RDS and its own state table, and for a switchover the active region's account of its cluster.
"""

from __future__ import annotations

from dataclasses import dataclass

from generator.aws.status.regions import CLUSTER, PARTS, TABLE
from generator.aws.status.report import RegionFacts, Report
from generator.config import Environment
from recovery import failover, lag, parity, switchover
from recovery.decision import Decision
from recovery.lag import Lag
from recovery.parity import Parity
from recovery.state import Snapshot

ACTIVE = "active"
STANDBY = "standby"
WITNESS = "witness"
OUTSIDE = "no member"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Standing:
    """Where a region stands. Decisions are None where none can be made; ``unknown`` says why, or is empty.

    role: active, standby, witness, no member or unknown. superseded_by: the regions that took over from it.
    """

    region: str
    role: str
    superseded_by: tuple[str, ...] = ()
    parity: Parity | None = None
    lag: Lag | None = None
    failover: Decision | None = None
    switchover: Decision | None = None
    unknown: str = ""


def standings(environment: Environment, report: Report) -> tuple[Standing, ...]:
    """Return every region's standing, in the report's order."""
    return tuple(_standing(environment, report, each) for each in report.regions)


def snapshot(environment: Environment, report: Report, region: str) -> Snapshot:
    """Return the facts of a decision as that region has them."""
    facts = report.of(region)
    table = facts.table if facts else None
    active = facts.cluster.writer if facts and facts.cluster else None
    other = report.of(active.region) if active else None
    return Snapshot(
        region=region,
        data_regions=tuple(each.name for each in environment.data_regions),
        witness_regions=tuple(each.name for each in environment.witnesses),
        cluster=facts.cluster if facts else None,
        database=facts.database if facts else None,
        active_database=other.database if other else None,
        views=table.views if table else (),
        fences=table.fences if table else (),
        markers=table.markers if table else (),
        holder=table.holder if table else "",
    )


def role(report: Report, facts: RegionFacts) -> str:
    """Return the region's role now, which is not the one in the environment file."""
    if facts.role == WITNESS:
        return WITNESS
    if report.cluster is None:
        return UNKNOWN
    member = report.cluster.member(facts.region)
    if member is None:
        return OUTSIDE
    return ACTIVE if member.writer else STANDBY


def _standing(environment: Environment, report: Report, facts: RegionFacts) -> Standing:
    now = role(report, facts)
    versions = None
    if facts.database and report.cluster:
        versions = parity.compare(facts.database.version, report.cluster.version)
    plain = Standing(facts.region, now, _superseded_by(report, facts.region), versions)
    if now != STANDBY:
        return plain
    missing = [gap.reason for gap in facts.gaps if gap.part in (PARTS[CLUSTER], PARTS[TABLE])]
    if facts.dark or missing:
        return Standing(**{**vars(plain), "unknown": facts.dark or missing[0]})
    known, rpo_seconds = snapshot(environment, report, facts.region), environment.objectives.rpo_seconds
    return Standing(
        facts.region,
        now,
        plain.superseded_by,
        versions,
        lag.measure(known, known.active, report.at_ms),
        failover.decide(known, facts.region, failover.Terms(rpo_seconds), report.at_ms),
        switchover.decide(known, facts.region, rpo_seconds=rpo_seconds, now_ms=report.at_ms),
    )


def _superseded_by(report: Report, region: str) -> tuple[str, ...]:
    """Return who has taken over from the region: by their own tables, and by what they told the others."""
    own = {each.region for each in report.regions if each.table and any(m.region == region for m in each.table.markers)}
    answered = {each.region for each in report.regions if each.table}
    told = {
        view.voter
        for each in report.regions
        if each.table
        for view in each.table.views
        if view.voter not in answered and region in view.supersedes
    }
    return tuple(sorted(own | told))
