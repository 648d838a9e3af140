"""Carries what this region sees to where it is decided: each other data region's state table.

The probe writes its views to its own region's table, which is all that it can reach. This runs outside the
VPC (trap 71), copies them to the other data regions, and never puts an older view over a newer one. Each
region has a thread, and is passed over while its last push is under way: a dark one costs the others nothing.

It also mirrors Route 53's opinion of this region. ``HealthCheckStatus`` exists in us-east-1 alone (Route 53
Developer Guide, "Monitoring health checks using CloudWatch"), so a dashboard here would show nothing (trap
36). The ``health`` stack leaves the id of its calculated check in a parameter of this region; us-east-1 being
dark, or the parameter not being there yet, is said and stops nothing: no decision reads the mirror.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import metrics
import settings
from clients import PUBLISHING, ClientFactory, Clients, error_code
from rounds import Clock, Rhythm, repeat
from state import StateTable, view_item

from recovery import signals
from recovery.state import View

CALLS: tuple[str, ...] = (
    "cloudwatch:GetMetricData",
    "cloudwatch:PutMetricData",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "ssm:GetParameter",
)
HEALTH_CHECK_STATUS = "HealthCheckStatus"
ROUTE53_NAMESPACE = "AWS/Route53"
ROUTE53_REGION = "us-east-1"
LONGEST_SECONDS = 8
"""What one push takes at worst: two attempts of three seconds, and the pause between them."""
LOOK_BACK = timedelta(minutes=5)
NEWER = "attribute_not_exists(at_ms) OR at_ms < :at"


@dataclass(frozen=True)
class Settings(settings.Settings):
    """What the voter is told. ``health_parameter`` holds the id of this region's calculated check."""

    health_parameter: str | None
    interval_seconds: float
    window_seconds: float


@dataclass(frozen=True)
class Voter:
    """The voter and what it is connected to; ``say`` takes the structured log line."""

    settings: Settings
    clients: Clients
    clock: Clock = field(default_factory=Clock)
    say: Callable[[str], None] = print
    going: dict[str, Future[tuple[int, str]]] = field(default_factory=dict)  # the last push to each region


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Carry views for a minute; with ``dry_run`` read what would be carried, once. Return the newest line.

    Raises :class:`settings.SettingsError`; what AWS refuses is in the line and not raised.
    """
    return run(_configured(), event, lambda: context.get_remaining_time_in_millis() / 1000)


def run(voter: Voter, event: Mapping[str, Any], remaining: Callable[[], float]) -> dict[str, Any]:
    """Do what :func:`handler` says; ``remaining`` returns the seconds that are left."""
    pushing = not event.get("dry_run", False)
    mirrored = mirror(voter, publishing=pushing)
    newest: dict[str, Any] = {}

    def act() -> None:
        newest.clear()
        newest.update({"event": "vote", "region": voter.settings.region, "health": mirrored})
        newest.update(carry(voter, pushing=pushing))
        voter.say(json.dumps(newest))

    if not pushing:
        act()
        return newest | {"rounds": 1}
    told = voter.settings
    rhythm = Rhythm(told.interval_seconds, told.window_seconds, LONGEST_SECONDS)
    rounds = repeat(act, rhythm, clock=voter.clock, remaining=remaining)
    return newest | {"rounds": rounds}


def carry(voter: Voter, *, pushing: bool) -> dict[str, Any]:
    """Push this region's views to every other data region once; return how many went where.

    ``pushed`` counts the views that were news there, ``failed`` says what went wrong by region.
    """
    told = voter.settings
    try:
        views = StateTable(voter.clients("dynamodb", told.region), told.table).views(told.region)
    except _refusals() as error:
        return {"views": 0, "pushed": {}, "failed": {told.region: _said(error)}}
    pushed: dict[str, int] = {}
    failed: dict[str, str] = {}
    if pushing:
        before = set(voter.going.values())
        failed |= _begin(voter, views)
        wait(set(voter.going.values()) - before, told.interval_seconds)
        for region in [region for region, push in voter.going.items() if push.done()]:
            pushed[region], trouble = voter.going.pop(region).result()
            if trouble:
                failed[region] = trouble
    return {"views": len(views), "pushed": pushed, "failed": failed}


def _begin(voter: Voter, views: list[View]) -> dict[str, str]:
    """Begin a push to each other data region but those that the last one is still under way to; return these."""
    busy = {}
    for region in voter.settings.other_data_regions:
        if region in voter.going:
            busy[region] = "the push before this one is still under way"
        else:
            pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"push to {region}")
            voter.going[region] = pool.submit(_push, voter, region, views)
            pool.shutdown(wait=False)
    return busy


def mirror(voter: Voter, *, publishing: bool) -> str:
    """Publish Route 53's newest opinion of this region here; return what came of it, in words."""
    told = voter.settings
    if told.health_parameter is None:
        return "none: no health check is configured"
    try:
        check = _parameter(voter, told.health_parameter)
        if check is None:
            return f"none: {told.health_parameter} is not there yet"
        value = _status(voter, check)
        if value is None:
            return f"none: no data of health check {check}"
        if publishing:
            metric = metrics.Metric(HEALTH_CHECK_STATUS, told.region, value)
            client = voter.clients("cloudwatch", told.region)
            metrics.publish(client, told.suffix, [metric], voter.clock.now_ms())
    except _refusals() as error:
        return f"failed: {_said(error)}"
    return "healthy" if value else "unhealthy"


def _push(voter: Voter, region: str, views: list[View]) -> tuple[int, str]:
    """Push until one fails: a region that is dark would take its whole limit for each view."""
    table = StateTable(voter.clients("dynamodb", region), voter.settings.table_in(region))
    count = 0
    for view in views:
        name = signals.view_name(view.voter, view.about)
        try:
            count += table.put_item_if(view_item(view), NEWER, {":at": view.at_ms})
        except _refusals() as error:
            return count, f"{name}: {_said(error)}"
    return count, ""


def _parameter(voter: Voter, name: str) -> str | None:
    client = voter.clients("ssm", voter.settings.region)
    try:
        return str(client.get_parameter(Name=name)["Parameter"]["Value"])
    except client.exceptions.ParameterNotFound:
        return None


def _status(voter: Voter, check: str) -> float | None:
    """Return Route 53's newest 1 or 0 for ``check``, or ``None`` when there is none.

    The statistic is the minimum: the metric's valid ones are Average, Minimum and Maximum.
    """
    end = metrics.moment(voter.clock.now_ms())
    dimensions = [{"Name": "HealthCheckId", "Value": check}]
    metric = {"Namespace": ROUTE53_NAMESPACE, "MetricName": HEALTH_CHECK_STATUS, "Dimensions": dimensions}
    answer = voter.clients("cloudwatch", ROUTE53_REGION).get_metric_data(
        MetricDataQueries=[{"Id": "status", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Minimum"}}],
        StartTime=end - LOOK_BACK,
        EndTime=end,
        ScanBy="TimestampDescending",
    )
    values = [value for result in answer["MetricDataResults"] for value in result["Values"]]
    return float(values[0]) if values else None


def _refusals() -> tuple[type[Exception], ...]:
    from botocore.exceptions import BotoCoreError, ClientError

    return (BotoCoreError, ClientError)


def _said(error: Exception) -> str:
    return f"{error_code(error)}: {error}"


@functools.cache
def _configured() -> Voter:
    return Voter(settings.read(Settings, os.environ), ClientFactory(PUBLISHING))
