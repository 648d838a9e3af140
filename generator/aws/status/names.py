"""The part of the verdict that is about names: what DNS answers, and what Route 53 itself says that it answers."""

from __future__ import annotations

from collections.abc import Iterator

from generator.aws.status import fresh
from generator.aws.status.report import Dns, Finding, Report
from generator.aws.status.routes import Routes
from generator.config import Environment

_FOLLOW = "names follow the writer proof within minutes; if not, look at the health checks"


def names(environment: Environment, report: Report, answered: Routes) -> Iterator[Finding]:
    """Yield what is wrong with the records, their checks and their answers."""
    if any(gap.part == "DNS" for gap in report.gaps):
        return
    if answered.unknown:
        yield Finding("DNS", f"what is answered is not known: {answered.unknown}")
    wrong = tuple(_elsewhere(report, answered))
    yield from wrong
    yield from _health(report, answered, told=bool(wrong))
    yield from _home(environment, report, answered)
    if report.dns is not None:
        yield from _said(report.dns, answered)
        yield from _unwatched(report.dns)


def _elsewhere(report: Report, answered: Routes) -> Iterator[Finding]:
    for name, regions in answered.answers.items():
        if report.active and regions != (report.active,):
            said = f"{name} is answered with {' or '.join(regions)}, the writer is {report.active}"
            yield Finding("DNS", said, _FOLLOW)


def _health(report: Report, answered: Routes, *, told: bool) -> Iterator[Finding]:
    """Yield answers that are right by luck: nobody is healthy and home is active, or a standby is healthy too."""
    if answered.healthy and not any(answered.healthy.values()):
        coming = fresh.any_new(report)
        said = "so home is answered whatever it is able to do"
        said = "so home is answered until the first proofs are in" if coming else said
        hint = f"the checks follow within {fresh.FIRST_MINUTES} minutes" if coming else _FOLLOW
        yield Finding("DNS", f"no region counts as healthy, {said}", hint, coming)
    for region, healthy in answered.healthy.items():
        if healthy and report.active and region != report.active and not told:
            said = f"{region} counts as healthy, and the writer is {report.active}"
            yield Finding("DNS", said, "look at its health checks: it would be answered when home is not healthy")


def _home(environment: Environment, report: Report, answered: Routes) -> Iterator[Finding]:
    active, home = report.active, answered.home
    if active and home and home != active:
        said = f"home is {home}, active is {active}: until home follows, {home} is answered when no region is healthy"
        yield Finding("DNS", said, "when the event is over: python -m generator rehome ENVIRONMENT")
    if home and home != environment.home:
        said = f"the records say that home is {home}, the environment file says {environment.home}"
        hint = f"set dns.home to {home} in the file" if home == active else "python -m generator deploy ENVIRONMENT"
        yield Finding("DNS", said, hint)


def _said(dns: Dns, answered: Routes) -> Iterator[Finding]:
    """Yield names of which Route 53 itself says something else than what follows from the records and their checks."""
    if dns.asked and dns.unheard:
        yield Finding("DNS", f"Route 53 did not say what it answers: {dns.unheard}")
    for name, regions in answered.answers.items():
        values = dns.resolved.get(f"{name}.")
        if values is None:
            continue
        targets = dns.targets.get(f"{name}.", {})
        expected = {_plain(targets[each]) for each in regions if each in targets}
        if not values or not {_plain(each) for each in values} <= expected:
            said = f"Route 53 answers {name} with {', '.join(values) or 'nothing'}, and its records and checks mean"
            hint = "Route 53's word counts; checks may have moved meanwhile, so look again in a minute"
            yield Finding("DNS", f"{said} {' or '.join(sorted(expected)) or 'nothing'}", hint)


def _plain(name: str) -> str:
    return name.rstrip(".").lower()


def _unwatched(dns: Dns) -> Iterator[Finding]:
    for check in dns.checks:
        if str(check.config.get("Disabled", False)).lower() == "true":
            hint = "switch it on; use Inverted to force a region off (trap 35)"
            yield Finding("DNS", f"the health check {check.id} is switched off, so it always counts as healthy", hint)
    for record in dns.records:
        if not record.check:
            said = f"{record.name} {record.set_identifier} has no health check, so it always counts as healthy"
            yield Finding("DNS", said, "deploy the records again (trap 32)")
