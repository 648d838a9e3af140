"""Carrying views to the other data regions, and mirroring Route 53's opinion."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cloud import Cloud
from rounds import Clock
from settings import SettingsError, read
from state import StateTable
from vote import CALLS, Settings, Voter, carry, mirror, run

from recovery.state import View

IRELAND = "eu-west-1"
FRANKFURT = "eu-central-1"
STOCKHOLM = "eu-north-1"
PARIS = "eu-west-3"
CHECK = "abcdef11-2222-3333-4444-555555fedcba"
PARAMETER = "/dr/x/health"


def table(cloud: Cloud, region: str) -> StateTable:
    return StateTable(cloud("dynamodb", region), f"dr-x-{region}-state")


def voter(cloud: Cloud, *, region: str = IRELAND, parameter: str | None = PARAMETER) -> Voter:
    regions = (IRELAND, FRANKFURT, PARIS)
    for each in {*regions, region}:
        cloud.make_table(f"dr-x-{each}-state", each)
    told = Settings(
        region=region,
        suffix="x",
        table=f"dr-x-{region}-state",
        data_regions=regions,
        witness_regions=(STOCKHOLM,),
        health_parameter=parameter,
        interval_seconds=10,
        window_seconds=60,
    )
    return Voter(told, cloud, say=lambda _: None)


def view(about: str, *, voter: str = IRELAND, at_ms: int = 1000) -> View:
    lag = None if about == voter else 1.5
    return View(voter, about, "writer", True, True, "proved", at_ms, at_ms + 33_000, lag)


def test_the_regions_views_arrive_in_every_other_data_region(cloud: Cloud) -> None:
    here = voter(cloud)
    views = [view(FRANKFURT), view(IRELAND)]
    for one in views:
        table(cloud, IRELAND).put_view(one)
    answer = carry(here, pushing=True)
    assert answer == {"views": 2, "pushed": {FRANKFURT: 2, PARIS: 2}, "failed": {}}
    assert table(cloud, FRANKFURT).views(IRELAND) == views
    assert table(cloud, PARIS).views() == views


def test_a_region_that_never_answers_holds_up_no_round_for_the_others(cloud: Cloud) -> None:
    here = voter(cloud)
    told = replace(here.settings, interval_seconds=0.2)
    here = replace(here, settings=told)
    cloud.silent.add(("dynamodb", FRANKFURT))
    for round_ in range(4):
        table(cloud, IRELAND).put_view(view(IRELAND, at_ms=1000 + round_))
        begun = time.monotonic()
        answer = carry(here, pushing=True)
        assert answer["pushed"] == {PARIS: 1}
        assert time.monotonic() - begun < 1.5
    assert "still under way" in answer["failed"][FRANKFURT]
    cloud.silent.clear()
    here.going.pop(FRANKFURT).result()


def test_other_regions_views_are_not_passed_on(cloud: Cloud) -> None:
    here = voter(cloud)
    table(cloud, IRELAND).put_view(view(PARIS, voter=FRANKFURT))
    assert carry(here, pushing=True)["views"] == 0
    assert table(cloud, PARIS).views() == []


def test_an_older_view_never_replaces_a_newer_one(cloud: Cloud) -> None:
    here = voter(cloud)
    newer = view(IRELAND, at_ms=2000)
    table(cloud, FRANKFURT).put_view(newer)
    table(cloud, IRELAND).put_view(view(IRELAND, at_ms=1000))
    assert carry(here, pushing=True)["pushed"] == {FRANKFURT: 0, PARIS: 1}
    assert table(cloud, FRANKFURT).views() == [newer]


def test_carrying_the_same_view_again_changes_nothing(cloud: Cloud) -> None:
    here = voter(cloud)
    table(cloud, IRELAND).put_view(view(IRELAND))
    carry(here, pushing=True)
    assert carry(here, pushing=True)["pushed"] == {FRANKFURT: 0, PARIS: 0}


@pytest.mark.parametrize("how", ["refusing", "silent"])
def test_a_dark_region_costs_the_others_nothing(cloud: Cloud, how: str) -> None:
    here = voter(cloud)
    for about in (IRELAND, FRANKFURT, PARIS):
        table(cloud, IRELAND).put_view(view(about))
    getattr(cloud, how).add(("dynamodb", FRANKFURT))
    begun = time.monotonic()
    answer = carry(here, pushing=True)
    assert answer["pushed"] == {FRANKFURT: 0, PARIS: 3}
    assert list(answer["failed"]) == [FRANKFURT]
    assert time.monotonic() - begun < 9  # one view's limit, not three


def test_an_own_table_that_does_not_answer_is_said(cloud: Cloud) -> None:
    here = voter(cloud)
    cloud.refusing.add(("dynamodb", IRELAND))
    assert list(carry(here, pushing=True)["failed"]) == [IRELAND]


def test_a_witness_carries_its_votes_to_the_data_regions(cloud: Cloud) -> None:
    here = voter(cloud, region=STOCKHOLM, parameter=None)
    table(cloud, STOCKHOLM).put_view(view(IRELAND, voter=STOCKHOLM))
    assert carry(here, pushing=True)["pushed"] == {IRELAND: 1, FRANKFURT: 1, PARIS: 1}


def test_a_dry_run_carries_and_publishes_nothing(cloud: Cloud) -> None:
    here = voter(cloud)
    table(cloud, IRELAND).put_view(view(IRELAND))
    answer = run(here, {"dry_run": True}, lambda: 60.0)
    assert (answer["views"], answer["rounds"]) == (1, 1)
    assert table(cloud, FRANKFURT).views() == []
    assert cloud.metrics == []


def test_it_carries_for_a_minute(cloud: Cloud) -> None:
    passed = [0.0]

    def sleep(seconds: float) -> None:
        passed[0] += seconds

    clock = Clock(monotonic=lambda: passed[0], sleep=sleep)
    lines: list[Mapping[str, Any]] = []
    here = replace(voter(cloud, parameter=None), clock=clock, say=lambda line: lines.append(json.loads(line)))
    assert run(here, {}, lambda: 75.0 - passed[0])["rounds"] == 6
    assert len(lines) == 6


def give_status(cloud: Cloud, value: float) -> None:
    """Publish what Route 53 said a minute ago."""
    cloud("cloudwatch", "us-east-1").put_metric_data(
        Namespace="AWS/Route53",
        MetricData=[
            {
                "MetricName": "HealthCheckStatus",
                "Dimensions": [{"Name": "HealthCheckId", "Value": CHECK}],
                "Timestamp": datetime.now(UTC) - timedelta(minutes=1),
                "Value": value,
            }
        ],
    )
    cloud.metrics.clear()


@pytest.mark.parametrize(("value", "said"), [(1.0, "healthy"), (0.0, "unhealthy")])
def test_route_53s_opinion_is_mirrored_into_the_region(cloud: Cloud, value: float, said: str) -> None:
    here = voter(cloud)
    cloud("ssm", IRELAND).put_parameter(Name=PARAMETER, Value=CHECK, Type="String")
    give_status(cloud, value)
    assert mirror(here, publishing=True) == said
    assert cloud.published(IRELAND) == {("HealthCheckStatus", IRELAND): value}
    ((_, request),) = cloud.metrics
    assert request["Namespace"] == "DisasterRecovery/x"


def test_a_health_stack_that_is_not_deployed_yet_is_said(cloud: Cloud) -> None:
    assert mirror(voter(cloud), publishing=True) == "none: /dr/x/health is not there yet"


def test_a_region_without_a_health_check_has_nothing_to_mirror(cloud: Cloud) -> None:
    assert mirror(voter(cloud, parameter=None), publishing=True) == "none: no health check is configured"


def test_a_health_check_without_data_is_said_and_not_guessed(cloud: Cloud) -> None:
    cloud("ssm", IRELAND).put_parameter(Name=PARAMETER, Value=CHECK, Type="String")
    assert mirror(voter(cloud), publishing=True) == f"none: no data of health check {CHECK}"
    assert cloud.metrics == []


@pytest.mark.parametrize("dark", [("cloudwatch", "us-east-1"), ("ssm", IRELAND), ("cloudwatch", IRELAND)], ids=str)
def test_votes_are_carried_when_the_mirror_fails(cloud: Cloud, dark: tuple[str, str]) -> None:
    here = voter(cloud)
    cloud("ssm", IRELAND).put_parameter(Name=PARAMETER, Value=CHECK, Type="String")
    give_status(cloud, 1.0)
    table(cloud, IRELAND).put_view(view(IRELAND))
    cloud.refusing.add(dark)
    answer = run(here, {}, lambda: 0.0)
    assert answer["health"].startswith("failed: ")
    assert answer["pushed"] == {FRANKFURT: 1, PARIS: 1}


def test_it_calls_nothing_that_it_does_not_declare(cloud: Cloud) -> None:
    here = voter(cloud)
    cloud("ssm", IRELAND).put_parameter(Name=PARAMETER, Value=CHECK, Type="String")
    give_status(cloud, 1.0)
    table(cloud, IRELAND).put_view(view(IRELAND))
    cloud.calls.clear()
    run(here, {}, lambda: 0.0)
    assert {f"{service}:{operation}" for _, service, operation in cloud.calls} == set(CALLS)


def test_every_missing_variable_is_named() -> None:
    with pytest.raises(SettingsError) as refused:
        read(Settings, {"AWS_REGION": IRELAND, "DR_SUFFIX": "x", "DR_INTERVAL_SECONDS": "ten"})
    assert str(refused.value) == (
        "DR_TABLE is missing; DR_DATA_REGIONS is missing; DR_WITNESS_REGIONS is missing;"
        " DR_HEALTH_PARAMETER is missing; DR_INTERVAL_SECONDS is not a number above 0: 'ten';"
        " DR_WINDOW_SECONDS is missing"
    )
