"""One region's column of a status report: what it said in a few words each, and "not read" where it did not say."""

from __future__ import annotations

from collections import Counter

from generator.aws.status import fresh
from generator.aws.status.placing import missing
from generator.aws.status.regions import CLUSTER, PARTS, SUBSCRIBERS, TABLE
from generator.aws.status.report import Datum, RegionFacts, Report
from generator.aws.status.standing import ACTIVE, STANDBY, Standing
from generator.aws.status.verdict import Verdict, news
from generator.config import Environment
from recovery.decision import Decision

NONE = "–"


def cells_of(environment: Environment, report: Report, verdict: Verdict, facts: RegionFacts) -> dict[str, str]:
    """Return a region's column, by row; of a dark one, what others say of it."""
    standing = verdict.of(facts.region)
    if facts.dark:
        others = {
            "role": _told(environment, standing),
            "health check": _health(verdict, facts),
            "superseded": _superseded(report, standing),
        }
        return dict.fromkeys(_ROWS, "") | {"stacks": facts.dark} | others
    cells = {
        "role": _role(environment, standing),
        "stacks": _stacks(environment, report, facts),
        "drift": _drift(facts),
        "database": _database(facts),
        "writer proof": _proof(report, facts),
        "lag": _lag(facts, standing),
        "objects": _objects(facts),
        "health check": _health(verdict, facts),
        "superseded": _superseded(report, standing),
        "failover here": _decision(standing.failover, standing),
        "switchover": _decision(standing.switchover, standing),
        "recovery": _recovery(facts),
        "pre-flight": _preflight(report, facts),
        "alarms": _alarms(facts),
        "people": _people(facts),
    }
    if facts.role == "witness":
        cells |= dict.fromkeys(("database", "writer proof", "lag", "objects", "health check", "superseded"), NONE)
    return cells


_ROWS = (
    "role", "stacks", "drift", "database", "writer proof", "lag", "objects", "health check", "superseded",
    "failover here", "switchover", "recovery", "pre-flight", "alarms", "people",
)  # fmt: skip


def _role(environment: Environment, standing: Standing) -> str:
    born = " (born as the origin)" if standing.region == environment.origin.name else ""
    return f"{standing.role}{born if standing.role == STANDBY else ''}"


def _told(environment: Environment, standing: Standing) -> str:
    """Return a dark region's role: what the regions that answer say of it."""
    known = standing.role in (ACTIVE, STANDBY)
    return f"{_role(environment, standing)}{', the others say' if known else ''}"


def _unread(facts: RegionFacts, part: str) -> bool:
    return PARTS[part] in {gap.part for gap in facts.gaps}


def _superseded(report: Report, standing: Standing) -> str:
    """Return who took over from the region; each region tells of itself, and a dark one by its last view."""
    if standing.superseded_by:
        return f"by {', '.join(standing.superseded_by)}"
    voters = {view.voter for each in report.regions if each.table for view in each.table.views}
    silent = [
        each.region
        for each in report.regions
        if each.role != "witness" and each.region != standing.region and not each.table and each.region not in voters
    ]
    return f"not known: {', '.join(silent)} can't say" if silent else "no"


def _stacks(environment: Environment, report: Report, facts: RegionFacts) -> str:
    if facts.stacks is None:
        return "not read"
    counted = []
    listed = report.stacksets.instances if report.stacksets else ()
    names = report.stacksets.names if report.stacksets else ()
    plain = sum(each.stackset not in names and each.settled for each in facts.stacks) if names else 0
    for status in ("CURRENT", "OUTDATED", "INOPERABLE"):
        number = sum(each.region == facts.region and each.status == status for each in listed)
        number += plain if status == "CURRENT" else 0  # a plain stack is as it was last deployed
        if number or (status == "CURRENT" and listed):
            counted.append(f"{number} {status.lower()}")
    failed = sum(each.failed for each in facts.stacks)
    counted += [f"{failed} failed"] if failed else []
    moving = sum(not each.failed and not each.settled for each in facts.stacks)
    counted += [f"{moving} in progress"] if moving else []
    counted += ["current or not is not known"] if report.stacksets is None else []
    gone = len(missing(environment, report, facts.region))
    counted += [f"{gone} missing"] if gone else []
    return f"{len(facts.stacks)}{': ' if counted else ''}{', '.join(counted)}"


def _drift(facts: RegionFacts) -> str:
    """Return the drift as last detected: CloudFormation looks only when it is asked to."""
    if not facts.stacks:
        return NONE
    drifted = sum(each.drift == "DRIFTED" for each in facts.stacks)
    unknown = sum(each.drift not in ("DRIFTED", "IN_SYNC") for each in facts.stacks)
    if unknown == len(facts.stacks):
        return "never looked for"
    return f"{drifted or 'none'} drifted" + (f", {unknown} never looked at" if unknown else "")


def _database(facts: RegionFacts) -> str:
    if facts.database is None:
        return "not read" if _unread(facts, CLUSTER) else "none"
    one = facts.database
    return f"{one.status} {one.version}, {one.instances} instance{'' if one.instances == 1 else 's'}"


def _proof(report: Report, facts: RegionFacts) -> str:
    proof = facts.measured.proof if facts.measured else None
    if proof is None:
        if fresh.awaited(report, facts):
            return "the first is still to come"
        return "nothing published" if facts.measured else "not read"
    return f"{'proved' if proof.value >= 1 else 'not the writer'}, {_ago(report, proof)}"


def _ago(report: Report, datum: Datum) -> str:
    return f"{max(0, report.at_ms - datum.at_ms) // 1000} s ago"


def _lag(facts: RegionFacts, standing: Standing) -> str:
    if standing.role == ACTIVE:
        return NONE
    heartbeat, aurora = (facts.measured.heartbeat, facts.measured.aurora_lag) if facts.measured else (None, None)
    said = [f"at most {standing.lag.seconds:.1f} s"] if standing.lag and standing.lag.seconds is not None else []
    said += [f"heartbeat {heartbeat.value:.1f} s"] if heartbeat else []
    said += [f"Aurora {aurora.value:.0f} ms"] if aurora else []
    return ", ".join(said) or ("nothing published" if facts.measured else "not read")


def _objects(facts: RegionFacts) -> str:
    if facts.measured is None:
        return "not read"
    said = []
    for each in facts.measured.inbound:
        if each.operations or each.size or each.latency:
            parts = [f"{each.operations.value:.0f} pending"] if each.operations else []
            parts += [_bytes(each.size.value)] if each.size else []
            parts += [f"{each.latency.value:.0f} s late"] if each.latency else []
            said.append(f"from {each.source}: {', '.join(parts)}")
    failed = [f"{facts.measured.failed:.0f} failed outwards"] if facts.measured.failed else []
    return "; ".join(said + failed) or "nothing published"


def _bytes(size: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def _health(verdict: Verdict, facts: RegionFacts) -> str:
    healthy = verdict.routes.healthy.get(facts.region)
    return "not known" if healthy is None else "healthy" if healthy else "unhealthy"


def _decision(decision: Decision | None, standing: Standing) -> str:
    if standing.unknown:
        return "not known"
    if decision is None:
        return NONE
    return "would be accepted" if decision.accepted else "would be refused"


def _recovery(facts: RegionFacts) -> str:
    if facts.table is None:
        return "not read" if _unread(facts, TABLE) else "no state table"
    if facts.table.holder:
        return f"runs: {facts.table.holder.rsplit(':', 1)[-1]}"
    if facts.table.incidents:
        return f"loss of {', '.join(each.about for each in facts.table.incidents)} noticed"
    return "none"


def _preflight(report: Report, facts: RegionFacts) -> str:
    flight = facts.table.preflight if facts.table else None
    if flight is None:
        return "not read" if _unread(facts, TABLE) else "none yet"
    minutes = max(0, report.at_ms - flight.at_ms) // 60_000
    number = len(flight.findings)
    return f"{number or 'no'} finding{'' if number == 1 else 's'}, {minutes} min ago"


def _alarms(facts: RegionFacts) -> str:
    if facts.alarms is None:
        return "not read"
    words = {"OK": "OK", "ALARM": "in alarm", "INSUFFICIENT_DATA": "without data"}
    states = Counter(
        "in alarm by its role" if each.state == "ALARM" and not news(each.name) else words.get(each.state, each.state)
        for each in facts.alarms
    )
    return ", ".join(f"{number} {state}" for state, number in sorted(states.items())) or "none"


def _people(facts: RegionFacts) -> str:
    if facts.subscribers is None:
        return "not read" if _unread(facts, SUBSCRIBERS) else "no topic"
    pending = len(facts.subscribers.pending)
    return f"{facts.subscribers.confirmed} confirmed" + (f", {pending} pending" if pending else "")
