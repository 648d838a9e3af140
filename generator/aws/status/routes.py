"""What DNS would answer now, worked out from the deployed records and from what is known of their checks.

Pure: the rules are :mod:`generator.routing`'s. Of each check, Route 53's own checkers are believed first, then
Route 53's status metric, which is a minute or two old, then the metric that its alarm reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from generator.aws.status.report import Datum, Dns, Measured, Report
from generator.intrinsics import Resource, Stack
from generator.routing import Metric, Observed, Routing, UnsupportedError, answers, gather, statuses
from recovery import signals

CHECKERS = "its checkers"
MIRRORED = "its metric in us-east-1"
JUDGED = "judged by the region's metrics"

_STREAM_MS = 180_000
"""A datum older than this is no longer the newest period's: the stream is silent."""


@dataclass(frozen=True)
class Routes:
    """What is answered. answers: regions by name; more than one: one of them, by weight.

    healthy: by region, whether its records count as healthy, and who says so in ``by``. home: the region that is
    answered when none is healthy, as deployed. unknown: why nothing can be said, or empty.
    """

    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    healthy: Mapping[str, bool] = field(default_factory=dict)
    by: str = ""
    home: str = ""
    unknown: str = ""


def routes(report: Report) -> Routes:
    """Return what DNS would answer, as far as it is known."""
    dns = report.dns
    if dns is None or not dns.records:
        return Routes(
            unknown="no records are deployed" if not any(g.part == "DNS" for g in report.gaps) else "not read"
        )
    routing = _routing(report, dns)
    home = _home(dns)
    heard, by = _heard(routing, dns)
    try:
        health = statuses(heard, _observed(heard, dns, report))
        names = sorted({each.name for each in routing.records})
        answered = {name.rstrip("."): tuple(sorted(answers(routing.of(name), health))) for name in names}
        healthy = {each.set_identifier: health[each.check] for each in routing.records if each.check}
    except (UnsupportedError, KeyError) as error:
        return Routes(home=home, by=by, unknown=f"{error}".strip("'"))
    return Routes(answered, healthy, by, home)


def _home(dns: Dns) -> str:
    homes = {each.set_identifier for each in dns.records if each.failover == "PRIMARY" or each.weight}
    return homes.pop() if len(homes) == 1 else ""


def _routing(report: Report, dns: Dns) -> Routing:
    """Return alarms, checks and records as :mod:`generator.routing` has them; the API's words are the templates'."""
    stacks = [
        Stack(
            region.region,
            {
                each.name: Resource("AWS::CloudWatch::Alarm", each.settings, each.name)
                for each in region.alarms or ()
                if "MetricName" in each.settings
            },
            {},
            {},
        )
        for region in report.regions
    ]
    checks = {
        each.id: Resource("AWS::Route53::HealthCheck", {"HealthCheckConfig": each.config}, each.id)
        for each in dns.checks
    }
    return replace(gather([*stacks, Stack("", checks, {}, {})]), records=dns.records)


def _heard(routing: Routing, dns: Dns) -> tuple[Routing, str]:
    """Return the routing in which a check that Route 53 speaks of needs no judgement, and who was believed."""
    believed = {each.id: _word(each.share, each.mirrored) for each in dns.checks}
    checks, sources = {}, set()
    for check in routing.checks.values():
        share, source = believed[check.id]
        if check.type == "CALCULATED":
            checks[check.id] = check
            continue
        sources.add(source)
        heard = share is not None
        checks[check.id] = replace(check, type="HTTPS", alarm=None) if heard else check
    order = (CHECKERS, MIRRORED, JUDGED)
    return replace(routing, checks=checks), ", ".join(each for each in order if each in sources)


def _word(share: float | None, status: bool | None) -> tuple[float | None, str]:
    if share is not None:
        return share, CHECKERS
    if status is not None:
        return float(status), MIRRORED
    return None, JUDGED


def _observed(routing: Routing, dns: Dns, report: Report) -> Observed:
    shares = {}
    for check in dns.checks:
        share, source = _word(check.share, check.mirrored)
        if share is not None:
            inverted = source == MIRRORED and routing.checks[check.id].inverted
            shares[check.id] = 1.0 - share if inverted else share  # the metric is what Route 53 made of it
    streams = {
        metric: (value,)
        for region in report.regions
        if region.measured
        for metric, value in _streams(report, region.region, region.measured).items()
    }
    return Observed(streams, shares)


def _streams(report: Report, region: str, measured: Measured) -> dict[Metric, float | None]:
    about: dict[str, dict[str, Datum | None]] = {
        signals.WRITER_PROOF: {region: measured.proof},
        signals.SUPERSEDED: dict(measured.superseded),
    }
    namespace = signals.namespace(report.suffix)
    return {
        Metric(region, namespace, name, frozenset({(signals.DIMENSION_REGION, other)})): datum.value
        for name, by_region in about.items()
        for other, datum in by_region.items()
        if datum is not None and report.at_ms - datum.at_ms <= _STREAM_MS
    }
