"""Health checks and DNS answers of a running local cloud: the truth table, played with the built templates."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.cloud.cloud_world import until
from tests.cloud.watch_world import DEADLINE, SPEED, A, B, C, Watched, probing
from twin.cloud.process import Options, local_cloud

PERIOD = 60 / SPEED


@pytest.fixture(scope="module")
def pair() -> Iterator[Watched]:
    """Two regions, home in the first; each test says what the probes prove."""
    with local_cloud(Options(functions="run", speed=SPEED)) as running:
        world = Watched(running.url)
        for one, other in ((A, B), (B, A)):
            world.marks(one, other, 0)
        world.proves(A, writer=True)
        world.proves(B, writer=False)
        with probing(world):
            world.environment((A, B), home=A)
            yield world


@pytest.fixture
def world(pair: Watched) -> Iterator[Watched]:
    """The pair at rest: the first region is the writer and is answered."""
    yield pair
    pair.knobs.darken()
    pair.marks(B, A, 0)
    pair.proves(A, writer=True)
    pair.proves(B, writer=False)
    until(lambda: [check(pair, each, "CALCULATED")["healthy"] for each in (A, B)] == [True, False], DEADLINE)
    pair.answers(A)


def holds(world: Watched, *regions: str) -> None:
    """Fail when another region is answered within the next periods."""
    last = time.monotonic() + 4 * PERIOD
    while time.monotonic() < last:
        assert world.answered() == sorted(regions)
        time.sleep(0.1)


def check(world: Watched, region: str, kind: str) -> dict[str, object]:
    found = world.told()["checks"].values()
    return next(each for each in found if (each["region"], each["kind"]) == (region, kind))


def test_a_name_stays_until_another_region_can_be_written_to_and_moves_then(world: Watched) -> None:
    world.answers(A)
    world.proves(A, writer=None)
    until(lambda: not check(world, A, "CALCULATED")["healthy"], DEADLINE)
    holds(world, A)
    world.proves(B, writer=True)
    world.answers(B)
    moved = [each for each in world.events("dns", B) if each["detail"]["name"] == "writer.db.example.com"][-1]
    assert moved["what"] == f"writer.db.example.com answers {B}"
    assert f"{A} unhealthy" in moved["cause"] and f"{B} healthy" in moved["cause"]


def test_a_writer_that_comes_back_from_the_dead_is_not_answered(world: Watched) -> None:
    world.proves(A, writer=False)
    world.proves(B, writer=True)
    world.marks(B, A, 1)
    world.answers(B)
    world.proves(A, writer=True)
    holds(world, B)
    assert "superseded" in str(check(world, A, "CALCULATED")["reason"])


def test_a_marker_that_falls_silent_keeps_its_word(world: Watched) -> None:
    world.proves(B, writer=True)
    world.marks(B, A, 1)
    world.answers(B)
    del world.says[B, "Superseded", A]
    holds(world, B)


def test_home_is_answered_when_nobody_is_healthy(world: Watched) -> None:
    world.proves(A, writer=False)
    world.proves(B, writer=True)
    world.marks(B, A, 1)
    world.answers(B)
    world.proves(B, writer=None)
    world.answers(A)  # the wrong region, until home has followed the writer


def test_a_dark_region_is_unhealthy_and_its_metrics_reach_nobody(world: Watched) -> None:
    world.proves(B, writer=True)
    world.knobs.darken(**{A.replace("-", "_"): "refuses"})
    world.answers(B)
    assert "no data" in str(check(world, A, "CLOUDWATCH_METRIC")["reason"])


def test_setting_the_alarms_state_by_hand_moves_nothing(world: Watched) -> None:
    cloudwatch = world.client("cloudwatch", A)
    (alarm,) = cloudwatch.describe_alarms(AlarmNamePrefix=f"dr-watched-{A}-writer-proof")["MetricAlarms"]
    world.proves(B, writer=True)
    cloudwatch.set_alarm_state(AlarmName=alarm["AlarmName"], StateValue="ALARM", StateReason="by hand")
    holds(world, A)


def test_status_tells_what_the_checkers_saw_and_of_calculated_checks_a_metric_tells(world: Watched) -> None:
    world.proves(A, writer=False)
    until(lambda: not check(world, A, "CALCULATED")["healthy"], DEADLINE)
    route53 = world.client("route53", "us-east-1")
    found = {each["HealthCheckConfig"]["Type"]: each["Id"] for each in route53.list_health_checks()["HealthChecks"]
             if A in str(world.told()["checks"][each["Id"]]["name"])}  # fmt: skip
    with pytest.raises(route53.exceptions.InvalidInput):
        route53.get_health_check_status(HealthCheckId=found["CALCULATED"])

    def mirrored() -> float:
        data = world.client("cloudwatch", "us-east-1").get_metric_statistics(
            Namespace="AWS/Route53", MetricName="HealthCheckStatus", Period=60, Statistics=["Minimum"],
            Dimensions=[{"Name": "HealthCheckId", "Value": found["CALCULATED"]}],
            StartTime=time.time() - 300, EndTime=time.time() + 60,
        )["Datapoints"]  # fmt: skip
        return float(min((each["Minimum"] for each in data), default=1.0))

    until(lambda: mirrored() == 0.0, DEADLINE)


def test_the_name_servers_know_of_a_change_only_after_its_propagation(world: Watched) -> None:
    world.knobs.ask("PUT", "dns", {"propagation": 3 * SPEED})
    try:
        world.proves(B, writer=True)
        world.proves(A, writer=False)
        until(lambda: not check(world, A, "CALCULATED")["healthy"], DEADLINE)
        noticed = time.monotonic()
        assert world.answered() == [A]
        world.answers(B)
        assert time.monotonic() - noticed > 2
    finally:
        world.knobs.ask("PUT", "dns", {"propagation": 1})


def test_a_new_check_is_healthy_until_there_is_enough_to_tell_and_an_inverted_one_is_not(world: Watched) -> None:
    route53, cloudwatch = world.client("route53", "us-east-1"), world.client("cloudwatch", A)
    cloudwatch.put_metric_alarm(
        AlarmName="unheard", Namespace="Test", MetricName="Unheard", Statistic="Minimum", Period=180,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="LessThanThreshold",
    )  # fmt: skip
    made = {}
    for inverted in (False, True):
        config = {"Type": "CLOUDWATCH_METRIC", "AlarmIdentifier": {"Name": "unheard", "Region": A},
                  "InsufficientDataHealthStatus": "Unhealthy", "Inverted": inverted}  # fmt: skip
        name = f"unheard-{inverted}"
        made[inverted] = route53.create_health_check(CallerReference=name, HealthCheckConfig=config)["HealthCheck"][
            "Id"
        ]
    until(lambda: set(made.values()) <= set(world.told()["checks"]))
    first = world.told()["checks"]
    assert [first[made[inverted]]["healthy"] for inverted in (False, True)] == [True, False]
    until(lambda: not world.told()["checks"][made[False]]["healthy"], DEADLINE)
    until(lambda: world.told()["checks"][made[True]]["healthy"], DEADLINE)
    for each in made.values():
        route53.delete_health_check(HealthCheckId=each)


def test_three_regions_answer_by_weight_home_alone_when_it_is_healthy_and_all_others_when_not() -> None:
    with local_cloud(Options(functions="run", speed=SPEED)) as running:
        world = Watched(running.url)
        world.says.update({(one, "Superseded", other): 0.0 for one in (A, B, C) for other in (A, B, C) if one != other})
        for region in (A, B, C):
            world.proves(region, writer=True)
        with probing(world):
            world.environment((A, B, C), home=A)
            world.answers(A)
            world.proves(A, writer=False)
            world.answers(B, C)
            world.proves(B, writer=False)
            world.answers(C)
            world.proves(C, writer=False)
            world.answers(A)
