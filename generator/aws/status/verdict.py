"""What is not as it should be, each with what to do: the exit code of ``status`` is whether there is any.

Pure, and nothing else judges: the facts are :mod:`generator.aws.status.report`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from generator.aws.status import data, fresh
from generator.aws.status.names import names
from generator.aws.status.placing import settled
from generator.aws.status.regions import PARTS, STACKS, SUBSCRIBERS, TABLE
from generator.aws.status.report import Finding, RegionFacts, Report
from generator.aws.status.routes import Routes, routes
from generator.aws.status.stacks import stacks
from generator.aws.status.standing import Standing, standings
from generator.config import Environment

PREFLIGHT_MS = 2 * 3_600_000
"""The pre-flight runs every hour; one that is older than two has been missed."""

NOT_NEWS = (
    "writer-changed",
    "writer-proof-",
    "superseded-",
    "not-writer",
    "no-heartbeat",
    "aurora-lag",
    "heartbeat-age",
)
"""Alarms that are in alarm when all is well (a standby is not the writer), or whose news comes by another one."""


@dataclass(frozen=True)
class Verdict:
    """The report judged: where each region stands, what DNS would answer, and every finding."""

    standings: tuple[Standing, ...]
    routes: Routes
    findings: tuple[Finding, ...]

    def of(self, region: str) -> Standing:
        """Return that region's standing. Raises KeyError when there is no such region."""
        return {each.region: each for each in self.standings}[region]


def news(alarm: str) -> bool:
    """Return whether it is news that the alarm of that name is in alarm."""
    return not any(quiet in alarm for quiet in NOT_NEWS)


def judge(environment: Environment, report: Report) -> Verdict:
    """Return the verdict; with no findings all is as it should be. The recorded origin counts, not the file's."""
    environment = settled(environment, report)
    standing, answered = standings(environment, report), routes(report)
    if _nothing_there(report):
        where = "everywhere" if not any(each.dark for each in report.regions) else "every region that answers"
        hint = "python -m generator deploy ENVIRONMENT"
        nothing = Finding(where, f"nothing of the environment {environment.suffix} is deployed", hint)
        return Verdict(standing, answered, (nothing, *_reach(report)))
    findings = (
        *_reach(report),
        *stacks(environment, report),
        *data.database(environment, report, standing),
        *data.proofs(report, standing),
        *data.replication(environment, report, standing),
        *names(environment, report, answered),
        *data.recovery(environment, report, standing),
        *_watch(report),
    )
    return Verdict(standing, answered, findings)


def _nothing_there(report: Report) -> bool:
    answered = [each for each in report.regions if not each.dark]
    unread = [gap for each in answered for gap in each.gaps if gap.part == PARTS[STACKS]]
    return bool(answered) and not unread and not any(each.stacks for each in answered) and report.cluster is None


def _reach(report: Report) -> Iterator[Finding]:
    for each in report.regions:
        if each.dark:
            yield Finding(each.region, each.dark, "look at the AWS Health Dashboard; the rest is shown without it")
        for gap in each.gaps:
            yield Finding(each.region, f"{gap.part} could not be read: {gap.reason}", _hint(gap.reason))
    for gap in report.gaps:
        yield Finding(gap.part, f"could not be read: {gap.reason}", _hint(gap.reason))


def _hint(reason: str) -> str:
    denied = "AccessDenied" in reason or "Unauthorized" in reason
    return "docs/deploying.md lists the rights that status needs" if denied else ""


def _watch(report: Report) -> Iterator[Finding]:
    for each in report.regions:
        yield from _absent(each)
        people = each.subscribers
        if people and people.pending:
            hint = 'open the message with the subject "AWS Notification - Subscription Confirmation"'
            yield Finding(each.region, f"not confirmed yet: {', '.join(people.pending)}", hint)
        elif people and not people.confirmed:
            yield Finding(each.region, "nobody is told of what happens", "name people in the environment file")
        yield from _preflight(report, each)
        ringing = Counter(alarm.name for alarm in each.alarms or () if alarm.state == "ALARM")
        for name in sorted(ringing):
            if news(name) and not fresh.rings_from_birth(report, each, name):
                yield Finding(each.region, f"in alarm: {name}")


def _absent(facts: RegionFacts) -> Iterator[Finding]:
    """Yield what answered that it does not exist, though the region's stacks are there."""
    unread = {gap.part for gap in facts.gaps}
    if facts.dark or not facts.stacks:
        return
    if facts.table is None and PARTS[TABLE] not in unread:
        yield Finding(facts.region, "its state table is not there", "nobody can take over there without it")
    if facts.subscribers is None and PARTS[SUBSCRIBERS] not in unread:
        yield Finding(facts.region, "its topic is not there", "nobody is told of what happens there")


def _preflight(report: Report, facts: RegionFacts) -> Iterator[Finding]:
    if facts.table is None:
        return
    flight, logs = facts.table.preflight, "look at preflight's logs"
    if flight is None:
        age = fresh.age_ms(report, facts, "recovery")
        if age is None or age > PREFLIGHT_MS:
            yield Finding(facts.region, "its hourly pre-flight has never reported", logs)
        return
    late = report.at_ms - flight.at_ms
    if late > PREFLIGHT_MS:
        yield Finding(facts.region, f"its pre-flight is {late // 3_600_000} hours old", logs)
    for found in flight.findings:
        yield Finding(facts.region, f"pre-flight: {found}")
