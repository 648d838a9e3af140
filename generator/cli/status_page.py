"""A status report as a page of text: a table with a column a region, then DNS, objectives and findings."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from generator.aws.status.placing import settled
from generator.aws.status.report import Finding, RegionFacts, Report
from generator.aws.status.verdict import Verdict
from generator.cli import render
from generator.cli.status_cells import cells_of
from generator.config import Environment
from generator.config.checks.decisions import budget_of

LEAST_COLUMN = 26
"""Characters that a region's column needs; as many regions stand side by side as the width has room for."""


def page(environment: Environment, report: Report, verdict: Verdict, *, width: int = 100) -> str:
    """Return the report as text of at most ``width`` columns, as far as its words allow."""
    environment = settled(environment, report)
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
    cells = [cells_of(environment, report, verdict, each) for each in regions]
    rows: list[tuple[str, ...]] = []
    for name in cells[0]:
        wrapped = [textwrap.wrap(cell[name], column, break_on_hyphens=False) or [""] for cell in cells]
        for number in range(max(map(len, wrapped))):
            rest = (lines[number] if number < len(lines) else "" for lines in wrapped)
            rows.append((name if number == 0 else "", *rest))
    return render.columns(("", *(each.region for each in regions)), rows)


def _dns(report: Report, verdict: Verdict, width: int) -> Iterator[str]:
    answered = verdict.routes
    if any(gap.part == "DNS" for gap in report.gaps):
        said = "not read, see below; names are answered without the control plane, which is in us-east-1 alone"
        yield from (*_wrapped("DNS: ", said, width), "")
        return
    lines = [
        f"{name} is answered with {' or '.join(regions)}" + _resolved(report, name)
        for name, regions in answered.answers.items()
    ]
    if answered.unknown:
        lines.append(f"what is answered is not known: {answered.unknown}")
    if answered.answers and not (report.dns and report.dns.asked):
        lines.append("worked out from the records and their checks: Route 53 itself can't be asked here")
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
    wrong = [each for each in verdict.findings if not each.coming]
    coming = [each for each in verdict.findings if each.coming]
    if not verdict.findings:
        yield "all is as it should be\n"
    if wrong:
        one = len(wrong) == 1
        yield f"{len(wrong)} {'thing is' if one else 'things are'} not as {'it' if one else 'they'} should be:"
        yield from _listed(wrong, width)
    if coming:
        yield (
            "still to come, since the environment is new:" if wrong else "nothing is wrong, and this is still to come:"
        )
        yield from _listed(coming, width)


def _listed(findings: Sequence[Finding], width: int) -> Iterator[str]:
    for each in findings:
        yield from _wrapped("- ", f"{each.where}: {each.what}", width)
        if each.hint:
            yield from _wrapped("  hint: ", each.hint, width)
    yield ""


def _wrapped(first: str, text: str, width: int) -> list[str]:
    later = " " * len(first)
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=later, break_long_words=False, break_on_hyphens=False
    )
