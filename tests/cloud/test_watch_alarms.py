"""Alarms of a running local cloud: what they see, when they change, and what they then do."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from tests.cloud.cloud_world import until
from tests.cloud.watch_world import DEADLINE, SPEED, A, B, Watched, publishing, put, put_alarm
from twin.cloud.process import Options, Running, local_cloud

PERIOD = 60 / SPEED


@pytest.fixture(scope="module")
def watching() -> Iterator[Running]:
    with local_cloud(Options(functions="run", speed=SPEED)) as running:
        yield running


@pytest.fixture
def world(watching: Running) -> Iterator[Watched]:
    found = Watched(watching.url, region=A)
    yield found
    found.knobs.ask("DELETE", "metrics/faults")
    found.knobs.darken()


def topic(world: Watched, region: str = A, **attributes: str) -> str:
    sns = world.client("sns", region)
    arn = str(sns.create_topic(Name="told", Attributes=attributes)["TopicArn"])
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="oncall@example.com")
    world.knobs.ask("PUT", "people", {"confirm": True})
    return arn


def passed(moment: float) -> bool:
    return time.time() > moment


def goes_off(world: Watched, name: str, of: str = "") -> bool:
    """Publish a breaching value, and tell whether the alarm is on."""
    return publishing(world, of or name, 5) and world.alarm(name)["StateValue"] == "ALARM"


def messages(world: Watched, about: str) -> list[dict[str, Any]]:
    found = [each for each in world.events("people") if f'"{about}"' in each["what"]]
    return [each for each in found if world.account in each["detail"]["topic"]]


def test_an_alarm_sees_its_own_dimensions_only(world: Watched) -> None:
    put_alarm(world, "mine")
    put_alarm(world, "yours")
    until(partial(goes_off, world, "mine"), DEADLINE)
    world.becomes("yours", "OK")


def test_an_alarm_tells_once_when_it_changes_and_again_when_it_is_over(world: Watched) -> None:
    arn = topic(world)
    put_alarm(world, "changing", AlarmActions=[arn], OKActions=[arn])
    world.becomes("changing", "OK")
    until(partial(goes_off, world, "changing"), DEADLINE)
    last = time.monotonic() + 3 * PERIOD
    while time.monotonic() < last:
        publishing(world, "changing", 5)
    assert [each["what"] for each in messages(world, "changing")] == [
        f'OK: "changing" in {A}',
        f'ALARM: "changing" in {A}',
    ]
    world.becomes("changing", "OK")
    until(lambda: len(messages(world, "changing")) == 3)
    said = json.loads(messages(world, "changing")[1]["detail"]["message"])
    assert (said["NewStateValue"], said["OldStateValue"], said["Region"]) == ("ALARM", "OK", A)
    history = world.client("cloudwatch").describe_alarm_history(AlarmName="changing")["AlarmHistoryItems"]
    assert "Alarm updated from OK to ALARM" in {each["HistorySummary"] for each in history}


@pytest.mark.parametrize(
    ("missing", "state"), [("breaching", "ALARM"), ("notBreaching", "OK"), ("missing", "INSUFFICIENT_DATA")]
)
def test_an_alarm_without_data_is_what_it_says_of_missing_data(world: Watched, missing: str, state: str) -> None:
    put_alarm(world, f"silent-{missing}", TreatMissingData=missing)
    put_alarm(world, "clock", TreatMissingData="breaching")
    world.becomes("clock", "ALARM")
    world.becomes(f"silent-{missing}", state)


def test_two_of_three_breaching_periods_are_enough_where_the_alarm_says_so(world: Watched) -> None:
    put_alarm(world, "some", EvaluationPeriods=3, DatapointsToAlarm=2)
    put_alarm(world, "all", EvaluationPeriods=3, Dimensions=[{"Name": "Of", "Value": "some"}])
    world.becomes("all", "OK")
    begun = (time.time() // PERIOD + 1) * PERIOD
    for at in (begun, begun + 2 * PERIOD):
        until(partial(passed, at + 0.1))
        put(world, "some", 5)
    world.becomes("some", "ALARM")
    assert world.alarm("all")["StateValue"] == "OK"


def test_an_alarm_with_a_short_period_sees_a_change_within_it(world: Watched) -> None:
    put_alarm(world, "fast", Period=10)
    world.becomes("fast", "OK")
    put(world, "fast", 5, resolution=1)
    world.becomes("fast", "ALARM")
    world.becomes("fast", "OK")  # half a second later there is nothing any more


def test_metric_math_and_queries_are_evaluated_and_what_is_unknown_is_said(world: Watched) -> None:
    cloudwatch = world.client("cloudwatch")
    stat = {"Metric": {"Namespace": "Test", "MetricName": "Value", "Dimensions": [{"Name": "Of", "Value": "math"}]},
            "Period": 60, "Stat": "Sum"}  # fmt: skip
    rest: dict[str, Any] = {
        "EvaluationPeriods": 1,
        "Threshold": 5,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
    }
    one = {"Id": "one", "MetricStat": stat, "ReturnData": False}
    for name, expression in (("filled", "FILL(one, 0) * 5"), ("odd", "ANOMALY_DETECTION_BAND(one)")):
        sums = [one, {"Id": "all", "Expression": expression, "ReturnData": True}]
        cloudwatch.put_metric_alarm(AlarmName=name, Metrics=sums, **rest)
    asked = "SELECT SUM(Value) FROM SCHEMA(\"Test\", Of) WHERE Of = 'math'"
    query = [{"Id": "all", "Expression": asked, "Period": 60, "ReturnData": True}]
    cloudwatch.put_metric_alarm(AlarmName="asked", Metrics=query, **rest)
    for name in ("filled", "asked"):
        until(partial(goes_off, world, name, "math"), DEADLINE)
    assert any("odd can't be evaluated" in each["what"] for each in world.events("twin"))
    said = world.alarm("odd")
    assert (said["StateValue"], "ANOMALY_DETECTION_BAND" in said["StateReason"]) == ("INSUFFICIENT_DATA", True)


def test_a_composite_alarm_follows_its_rule(world: Watched) -> None:
    for name in ("left", "right"):
        put_alarm(world, name)
        world.becomes(name, "OK")
    cloudwatch = world.client("cloudwatch")
    rules = {"both": 'ALARM("left") AND ALARM("right")', "either": 'ALARM("left") OR NOT OK("right")'}
    for name, rule in rules.items():
        cloudwatch.put_composite_alarm(AlarmName=name, AlarmRule=rule)

    def states() -> dict[str, str]:
        found = cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
        return {each["AlarmName"]: each["StateValue"] for each in found}

    until(lambda: states() == {"both": "OK", "either": "OK"}, DEADLINE)
    until(lambda: publishing(world, "left", 5) and states() == {"both": "OK", "either": "ALARM"}, DEADLINE)
    both = {"both": "ALARM", "either": "ALARM"}
    until(lambda: publishing(world, "left", 5) and publishing(world, "right", 5) and states() == both, DEADLINE)


def test_a_state_that_was_set_by_hand_holds_until_the_next_look(world: Watched) -> None:
    arn = topic(world)
    put_alarm(world, "forced", AlarmActions=[arn])
    world.becomes("forced", "OK")
    world.client("cloudwatch").set_alarm_state(AlarmName="forced", StateValue="ALARM", StateReason="a drill")
    until(lambda: len(messages(world, "forced")) == 1)
    world.becomes("forced", "OK")


def test_a_dark_regions_alarms_neither_change_nor_act(world: Watched) -> None:
    arn = topic(world)
    put_alarm(world, "dark", TreatMissingData="ignore", AlarmActions=[arn])
    until(lambda: publishing(world, "dark", 0) and world.alarm("dark")["StateValue"] == "OK", DEADLINE)
    put_alarm(world, "clock", region=B, TreatMissingData="breaching")
    put(world, "dark", 5)
    world.knobs.darken(**{A.replace("-", "_"): "refuses"})
    world.becomes("clock", "ALARM", region=B)
    last = time.monotonic() + 3 * PERIOD
    until(lambda: time.monotonic() > last)
    assert not messages(world, "dark")


def test_a_function_is_called_by_the_alarm_only_where_its_policy_lets_it(world: Watched) -> None:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as packed:
        packed.writestr(
            "f.py", "import json\ndef handler(event, context):\n    raise RuntimeError(json.dumps(event))\n"
        )
    functions = world.client("lambda")
    arns = []
    for name in ("allowed", "forbidden"):
        made = functions.create_function(
            FunctionName=name, Runtime="python3.11", Handler="f.handler", Code={"ZipFile": code.getvalue()},
            Role=f"arn:aws:iam::{world.account}:role/any", Timeout=10,
        )  # fmt: skip
        functions.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
        arns.append(made["FunctionArn"])
    functions.add_permission(
        FunctionName="allowed", StatementId="alarm", Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com", SourceAccount=world.account,
    )  # fmt: skip
    put_alarm(world, "calling", AlarmActions=arns)
    errors = {"Namespace": "AWS/Lambda", "MetricName": "Errors", "Statistic": "Sum"}
    for name in ("allowed", "forbidden"):
        put_alarm(world, f"{name}-fails", **errors, Dimensions=[{"Name": "FunctionName", "Value": name}])
    until(partial(goes_off, world, "calling"), DEADLINE)
    world.becomes("allowed-fails", "ALARM")
    assert world.alarm("forbidden-fails")["StateValue"] == "OK"
    (denied,) = [each for each in world.events("policy") if "calling" in each["what"]]
    assert "forbidden" in denied["cause"]


@pytest.mark.parametrize(("service", "told"), [("cloudwatch.amazonaws.com", 1), ("s3.amazonaws.com", 0)])
def test_an_encrypted_topic_drops_what_its_key_does_not_let_in(world: Watched, service: str, told: int) -> None:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Resource": "*",
                 "Action": ["kms:Decrypt", "kms:GenerateDataKey*"]}  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    key = world.client("kms").create_key(Policy=policy, BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"]["Arn"]
    arn = topic(world, KmsMasterKeyId=key)
    put_alarm(world, "secret", AlarmActions=[arn])
    until(partial(goes_off, world, "secret"), DEADLINE)
    until(lambda: len(messages(world, "secret")) == told)
    dropped = [each for each in world.events("policy") if each["detail"].get("target") == arn]
    assert [key in each["cause"] for each in dropped] == [True] * (1 - told)


@pytest.mark.parametrize(("how", "seconds", "sums"), [("missing", 0, 0), ("doubled", 0, 2), ("delayed", 1.5, 1)])
def test_metrics_can_be_lost_doubled_and_late(world: Watched, how: str, seconds: float, sums: int) -> None:
    world.knobs.ask("POST", "metrics/faults", {"namespace": "Test", "how": how, "seconds": seconds})
    begun = time.time()
    put(world, how, 1)

    def total() -> float:
        found = world.client("cloudwatch").get_metric_statistics(
            Namespace="Test", MetricName="Value", Dimensions=[{"Name": "Of", "Value": how}], StartTime=begun - 60,
            EndTime=begun + 60, Period=60, Statistics=["Sum"],
        )  # fmt: skip
        return float(sum(each["Sum"] for each in found["Datapoints"]))

    if seconds:
        assert total() == 0
    until(lambda: total() == sums)
    assert time.time() - begun >= seconds


def test_a_metric_fault_that_makes_no_sense_is_refused(world: Watched) -> None:
    with pytest.raises(RuntimeError, match="missing"):
        world.knobs.ask("POST", "metrics/faults", {"how": "lost"})
