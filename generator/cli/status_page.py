"""A status report as a page of text: a table with a column a region, then DNS, objectives and findings."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from generator.aws.status.report import Datum, RegionFacts, Report
from generator.aws.status.standing import ACTIVE, STANDBY, Standing
from generator.aws.status.verdict import Verdict, missing
from generator.cli import render
from generator.config import Environment
from generator.config.checks.decisions import budget_of
from recovery.decision import Decision

LEAST_COLUMN = 26
"""Characters that a region's column needs; as many regions stand side by side as the width has room for."""

NONE = "–"


def page(environment: Environment, report: Report, verdict: Verdict, *, width: int = 100) -> str:
    """Return the report as text of at most ``width`` columns, as far as its words allow."""
    moment = datetime.fromtimestamp(report.at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    lines = [f"{environment.suffix}, {moment}\n"]
    side_by_side = max(1, (width - 15) // (LEAST_COLUMN + 2))
    for first in range(0, len(report.regions), side_by_side):
        chosen = report.regions[first : first + side_by_side]
        column = max(LEAST_COLUMN, min(44, (width - 15) // len(chosen) - 2))
        lines.append(_columns(environment, report, verdict, chosen, column))
    lines.extend(_dns(report, verdict, width))
    lines.extend(_objectives(environment, verdict, width))
    lines.extend(_findings(verdict, width))
    return "\n".join(lines)


def _columns(
    environment: Environment, report: Report, verdict: Verdict, regions: Sequence[RegionFacts], column: int
) -> str:
    cells = [_cells(environment, report, verdict, each) for each in regions]
    rows: list[tuple[str, ...]] = []
    for name in cells[0]:
        wrapped = [textwrap.wrap(cell[name], column, break_on_hyphens=False) or [""] for cell in cells]
        for number in range(max(map(len, wrapped))):
            rest = (lines[number] if number < len(lines) else "" for lines in wrapped)
            rows.append((name if number == 0 else "", *rest))
    return render.columns(("", *(each.region for each in regions)), rows)


def _cells(environment: Environment, report: Report, verdict: Verdict, facts: RegionFacts) -> dict[str, str]:
    """Return a region's column, by row."""
    standing = verdict.of(facts.region)
    if facts.dark:
        return dict.fromkeys(_ROWS, "") | {"role": _role(facts, standing), "stacks": facts.dark}
    cells = {
        "role": _role(facts, standing),
        "stacks": _stacks(environment, report, facts),
        "drift": _drift(facts),
        "database": _database(facts),
        "writer proof": _proof(report, facts),
        "lag": _lag(facts, standing),
        "objects": _objects(facts),
        "health check": _health(verdict, facts),
        "superseded": f"by {', '.join(standing.superseded_by)}" if standing.superseded_by else "no",
        "failover here": _decision(standing.failover, standing),
        "switchover": _decision(standing.switchover, standing),
        "recovery": _recovery(facts),
        "pre-flight": _preflight(report, facts),
        "people": _people(facts),
    }
    if facts.role == "witness":
        cells |= dict.fromkeys(("database", "writer proof", "lag", "objects", "health check", "superseded"), NONE)
    return cells


_ROWS = (
    "role", "stacks", "drift", "database", "writer proof", "lag", "objects", "health check", "superseded",
    "failover here", "switchover", "recovery", "pre-flight", "people",
)  # fmt: skip


def _role(facts: RegionFacts, standing: Standing) -> str:
    born = {"origin": " (born as the origin)", "standby": ""}.get(facts.role, "")
    return f"{standing.role}{born if standing.role == STANDBY else ''}"


def _stacks(environment: Environment, report: Report, facts: RegionFacts) -> str:
    if facts.stacks is None:
        return "not read"
    counted = []
    listed = report.stacksets.instances if report.stacksets else ()
    names = report.stacksets.names if report.stacksets else ()
    plain = sum(each.stackset not in names and not each.failed for each in facts.stacks) if names else 0
    for status in ("CURRENT", "OUTDATED", "INOPERABLE"):
        number = sum(each.region == facts.region and each.status == status for each in listed)
        number += plain if status == "CURRENT" else 0  # a plain stack is as it was last deployed
        if number or (status == "CURRENT" and listed):
            counted.append(f"{number} {status.lower()}")
    failed = sum(each.failed for each in facts.stacks)
    counted += [f"{failed} failed"] if failed else []
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
        return "none"
    one = facts.database
    return f"{one.status} {one.version}, {one.instances} instance{'' if one.instances == 1 else 's'}"


def _proof(report: Report, facts: RegionFacts) -> str:
    proof = facts.measured.proof if facts.measured else None
    if proof is None:
        return "nothing published" if facts.measured else "not read"
    return f"{'proved' if proof.value >= 1 else 'not the writer'}, {_ago(report, proof)}"


def _ago(report: Report, datum: Datum) -> str:
    return f"{max(0, report.at_ms - datum.at_ms) // 1000} s ago"


def _lag(facts: RegionFacts, standing: Standing) -> str:
    if standing.role == ACTIVE or facts.measured is None:
        return NONE
    heartbeat, aurora = facts.measured.heartbeat, facts.measured.aurora_lag
    said = [f"{heartbeat.value:.1f} s"] if heartbeat else []
    said += [f"Aurora {aurora.value:.0f} ms"] if aurora else []
    return ", ".join(said) or "nothing published"


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
        return "no state table"
    if facts.table.holder:
        return f"runs: {facts.table.holder.rsplit(':', 1)[-1]}"
    if facts.table.incidents:
        return f"loss of {', '.join(each.about for each in facts.table.incidents)} noticed"
    return "none"


def _preflight(report: Report, facts: RegionFacts) -> str:
    flight = facts.table.preflight if facts.table else None
    if flight is None:
        return "none yet"
    minutes = max(0, report.at_ms - flight.at_ms) // 60_000
    number = len(flight.findings)
    return f"{number or 'no'} finding{'' if number == 1 else 's'}, {minutes} min ago"


def _people(facts: RegionFacts) -> str:
    if facts.subscribers is None:
        return "no topic"
    pending = len(facts.subscribers.pending)
    return f"{facts.subscribers.confirmed} confirmed" + (f", {pending} pending" if pending else "")


def _dns(report: Report, verdict: Verdict, width: int) -> Iterator[str]:
    answered = verdict.routes
    if any(gap.part == "DNS" for gap in report.gaps):
        said = "not read; Route 53's control plane is in us-east-1 alone, and names are answered without it"
        yield from (*_wrapped("DNS: ", said, width), "")
        return
    lines = [
        f"{name} is answered with {' or '.join(regions)}" + _resolved(report, name)
        for name, regions in answered.answers.items()
    ]
    if answered.unknown:
        lines.append(f"what is answered is not known: {answered.unknown}")
    if answered.by:
        lines.append(f"health of the checks: by {answered.by}")
    if answered.home:
        lines.append(f"home is {answered.home}, active is {report.active or 'not known'}")
    for number, line in enumerate(lines):
        yield from _wrapped("DNS: " if number == 0 else "     ", line, width)
    yield ""


def _resolved(report: Report, name: str) -> str:
    told = report.dns.resolved.get(f"{name}.") if report.dns else None
    return f" (Route 53 says {', '.join(told)})" if told else ""


def _objectives(environment: Environment, verdict: Verdict, width: int) -> Iterator[str]:
    objectives, sums = environment.objectives, budget_of(environment)
    lags = [
        f"{each.region} {each.lag.seconds:.1f} s behind"
        for each in verdict.standings
        if each.lag and each.lag.seconds is not None
    ]
    behind = "; ".join(lags) or "how far the standbys are behind is not known"
    yield from _wrapped("RTO: ", f"at most {objectives.rto_seconds} s; configured {sums.addends()}", width)
    yield from _wrapped("RPO: ", f"at most {objectives.rpo_seconds} s; {behind}", width)
    yield ""


def _findings(verdict: Verdict, width: int) -> Iterator[str]:
    number = len(verdict.findings)
    if not number:
        yield "all is as it should be\n"
        return
    yield f"{number} {'thing is' if number == 1 else 'things are'} not as {'it' if number == 1 else 'they'} should be:"
    for each in verdict.findings:
        yield from _wrapped("- ", f"{each.where}: {each.what}", width)
        if each.hint:
            yield from _wrapped("  hint: ", each.hint, width)
    yield ""


def _wrapped(first: str, text: str, width: int) -> list[str]:
    later = " " * len(first)
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=later, break_long_words=False, break_on_hyphens=False
    )
