"""What is not as it should be, each with what to do: the exit code of ``status`` is whether there is any.

Pure, and nothing else judges: the facts are :mod:`generator.aws.status.report`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from generator.aws.status import data
from generator.aws.status.regions import PARTS, STACKS
from generator.aws.status.report import Finding, Report
from generator.aws.status.routes import Routes, routes
from generator.aws.status.standing import Standing, standings
from generator.config import Environment
from generator.placement import instances

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


def judge(environment: Environment, report: Report) -> Verdict:
    """Return the verdict; with no findings all is as it should be."""
    standing, answered = standings(environment, report), routes(report)
    if _nothing_there(report):
        where = "everywhere" if not any(each.dark for each in report.regions) else "every region that answers"
        hint = "python -m generator deploy ENVIRONMENT"
        nothing = Finding(where, f"nothing of the environment {environment.suffix} is deployed", hint)
        return Verdict(standing, answered, (nothing, *_reach(report)))
    findings = (
        *_reach(report),
        *_stacks(environment, report),
        *data.database(environment, report, standing),
        *data.proofs(report, standing),
        *data.replication(environment, report, standing),
        *_dns(environment, report, answered),
        *data.recovery(environment, report, standing),
        *_watch(report),
    )
    return Verdict(standing, answered, findings)


def missing(environment: Environment, report: Report, region: str) -> tuple[str, ...]:
    """Return the stacks that should be in the region and are not; none where it is not known."""
    facts = report.of(region)
    if facts is None or facts.stacks is None:
        return ()
    there = {each.stackset for each in facts.stacks}
    return tuple(
        dict.fromkeys(
            each.stackset
            for each in instances(environment)
            if each.region == region and each.stackset not in there and _seen_account(environment, report, each.account)
        )
    )


def _seen_account(environment: Environment, report: Report, account: str) -> bool:
    unread = any("administration" in gap.part for gap in report.gaps)
    return account == environment.accounts.workload or not unread


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


def _stacks(environment: Environment, report: Report) -> Iterator[Finding]:
    again = "python -m generator deploy ENVIRONMENT"
    for each in report.regions:
        gone = missing(environment, report, each.region)
        if gone:
            yield Finding(each.region, f"{len(gone)} of its stacks are not there: {', '.join(gone)}", again)
        for stack in each.stacks or ():
            if stack.failed:
                yield Finding(each.region, f"{stack.stackset} is {stack.status}: {stack.reason}".rstrip(": "), again)
            if stack.drift == "DRIFTED":
                hint = "see what was changed by hand in the CloudFormation console; deploy does not undo drift"
                yield Finding(each.region, f"{stack.stackset} has drifted", hint)
    if report.stacksets is None:
        return
    for instance in report.stacksets.instances:
        if instance.status != "CURRENT":
            said = f"{instance.stackset} is {instance.status}: {instance.reason}".rstrip(": ")
            yield Finding(instance.region, said, again)
    for busy in report.stacksets.busy:
        yield Finding("StackSets", f"{busy}", "wait until it has ended; deploy joins it")


def _dns(environment: Environment, report: Report, answered: Routes) -> Iterator[Finding]:
    if any(gap.part == "DNS" for gap in report.gaps):
        return
    if answered.unknown:
        yield Finding("DNS", f"what is answered is not known: {answered.unknown}")
    active, home = report.active, answered.home
    for name, regions in answered.answers.items():
        if active and regions != (active,):
            said = f"{name} is answered with {' or '.join(regions)}, the writer is {active}"
            yield Finding(
                "DNS", said, "names follow the writer proof within minutes; if not, look at the health checks"
            )
    if active and home and home != active:
        said = (
            f"home is {home}, active is {active}: until dns.home follows, {home} is answered when no region is healthy"
        )
        hint = f"when the event is over, set dns.home to {active} and deploy"
        yield Finding("DNS", said, hint)
    if home and home != environment.home:
        said = f"the records say that home is {home}, the environment file says {environment.home}"
        yield Finding("DNS", said, "python -m generator deploy ENVIRONMENT")
    for check in report.dns.checks if report.dns else ():
        if str(check.config.get("Disabled", False)).lower() == "true":
            hint = "switch it on; use Inverted to force a region off (trap 35)"
            yield Finding("DNS", f"the health check {check.id} is switched off, so it always counts as healthy", hint)
    for record in report.dns.records if report.dns else ():
        if not record.check:
            said = f"{record.name} {record.set_identifier} has no health check, so it always counts as healthy"
            yield Finding("DNS", said, "deploy the records again (trap 32)")


def _watch(report: Report) -> Iterator[Finding]:
    for each in report.regions:
        people = each.subscribers
        if people and people.pending:
            hint = 'open the message with the subject "AWS Notification - Subscription Confirmation"'
            yield Finding(each.region, f"not confirmed yet: {', '.join(people.pending)}", hint)
        elif people and not people.confirmed:
            yield Finding(each.region, "nobody is told of what happens", "name people in the environment file")
        flight = each.table.preflight if each.table else None
        if flight:
            late = report.at_ms - flight.at_ms
            if late > PREFLIGHT_MS:
                said = f"its pre-flight is {late // 3_600_000} hours old"
                yield Finding(each.region, said, "look at preflight's logs")
            for found in flight.findings:
                yield Finding(each.region, f"pre-flight: {found}")
        ringing = Counter(alarm.name for alarm in each.alarms or () if alarm.state == "ALARM")
        for name in sorted(ringing):
            if not any(quiet in name for quiet in NOT_NEWS):
                yield Finding(each.region, f"in alarm: {name}")
