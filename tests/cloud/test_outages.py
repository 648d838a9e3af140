"""Outages as AWS's own client sees them, as a state machine does, and what is left of a dead region."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from tests.cloud.cloud_world import ONE, TWO, World, until
from twin.cloud.knobs import KnobsError

SHORT = 0.4
TABLE = {
    "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


class Outages:
    """The knob, and what the tests ask of the cloud."""

    def __init__(self, world: World) -> None:
        self.world = world

    def begin(self, **what: Any) -> str:
        return str(self.world.knobs.ask("POST", "outages", what)["id"])

    def end(self, identity: str = "") -> None:
        self.world.knobs.ask("DELETE", "outages", {"id": identity})

    def said(self, source: str) -> list[str]:
        return [each["what"] for each in self.world.knobs.journal() if each["source"] == source]

    def names(self, region: str = ONE) -> list[str]:
        found = self.world.client("ssm", region).describe_parameters()["Parameters"]
        return [each["Name"] for each in found]


@pytest.fixture
def outages(world: World) -> Iterator[Outages]:
    found = Outages(world)
    found.end()
    yield found
    found.end()


def code(call: Any, **given: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**given)
    response: Any = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "rds": ("describe_global_clusters", {}),
    "ec2": ("describe_vpcs", {}),
    "dynamodb": ("list_tables", {}),
    "lambda": ("list_functions", {}),
    "s3": ("list_objects_v2", {"Bucket": "none"}),
    "sns": ("list_topics", {}),
    "sts": ("get_caller_identity", {}),
    "cloudwatch": ("describe_alarms", {}),
    "stepfunctions": ("list_state_machines", {}),
    "scheduler": ("list_schedules", {}),
    "ssm": ("describe_parameters", {}),
    "cloudformation": ("describe_stacks", {}),
}


@pytest.mark.parametrize(
    ("service", "throttled", "failed"),
    [
        ("rds", ("Throttling", 400), ("InternalFailure", 500)),
        ("ec2", ("RequestLimitExceeded", 503), ("InternalError", 500)),
        ("dynamodb", ("ThrottlingException", 400), ("InternalServerError", 500)),
        ("lambda", ("TooManyRequestsException", 429), ("ServiceException", 500)),
        ("s3", ("SlowDown", 503), ("InternalError", 500)),
        ("sns", ("Throttling", 400), ("InternalError", 500)),
        ("sts", ("Throttling", 400), ("InternalFailure", 500)),
        ("cloudwatch", ("Throttling", 400), ("InternalFailure", 500)),
        ("stepfunctions", ("ThrottlingException", 400), ("InternalFailure", 500)),
        ("scheduler", ("ThrottlingException", 429), ("InternalFailure", 500)),
        ("ssm", ("ThrottlingException", 400), ("InternalFailure", 500)),
        ("cloudformation", ("Throttling", 400), ("InternalFailure", 500)),
    ],
)
def test_a_service_throttles_and_fails_with_codes_of_its_own(
    outages: Outages, service: str, throttled: tuple[str, int], failed: tuple[str, int]
) -> None:
    name, given = CALLS[service]
    call = getattr(outages.world.client(service, ONE), name)
    for how, wanted in (("throttles", throttled), ("errors", failed)):
        identity = outages.begin(regions=ONE, services=service, how=how)
        assert code(call, **given) == wanted
        outages.end(identity)


def test_the_clients_retries_get_over_throttling_that_ends(outages: Outages) -> None:
    client = outages.world.client("ssm", ONE, retries={"mode": "standard", "total_max_attempts": 3})
    outages.begin(services="ssm", how="throttles", times=2)
    assert client.describe_parameters()["ResponseMetadata"]["RetryAttempts"] == 2


def test_an_outage_strikes_its_region_its_service_and_its_action_and_nothing_else(outages: Outages) -> None:
    outages.begin(regions=f"{ONE}|us-*", services="ssm", actions="Describe*", how="errors")
    world = outages.world
    assert code(world.client("ssm", ONE).describe_parameters)[1] == 500
    assert code(world.client("ssm", "us-east-2").describe_parameters)[1] == 500
    assert world.client("ssm", TWO).describe_parameters()["Parameters"] == []
    assert world.client("ssm", ONE).get_parameters(Names=["/none"])["InvalidParameters"] == ["/none"]
    assert world.client("sns", ONE).list_topics()["Topics"] == []


def test_an_outage_of_calls_from_another_region_leaves_those_from_outside_alone(outages: Outages) -> None:
    outages.begin(regions=ONE, origins=TWO, how="errors")
    assert outages.names() == []


def test_the_global_control_planes_are_in_one_region(outages: Outages) -> None:
    world = outages.world
    outages.begin(services="iam|route53", how="errors")
    assert code(world.client("iam", TWO).list_roles)[1] == 500
    assert code(world.client("route53", TWO).list_hosted_zones)[1] == 500
    assert world.client("sts", TWO).get_caller_identity()["Account"] == world.account
    outages.end()
    outages.begin(regions=TWO, how="errors")
    assert "Roles" in world.client("iam", TWO).list_roles()


def test_a_call_that_hangs_and_was_given_up_is_never_made(outages: Outages) -> None:
    identity = outages.begin(regions=ONE, services="ssm", how="hangs")
    client = outages.world.client("ssm", ONE, read_timeout=SHORT)
    with pytest.raises(ReadTimeoutError):
        client.put_parameter(Name="/late", Value="x", Type="String")
    until(lambda: outages.world.knobs.ask("GET", "calls")["stopped"])
    outages.end(identity)
    assert outages.names() == []


def test_a_call_that_still_waits_is_served_when_the_outage_ends(outages: Outages) -> None:
    import threading

    identity = outages.begin(regions=ONE, services="ssm", how="hangs")
    client = outages.world.client("ssm", ONE, read_timeout=10)
    writing = threading.Thread(target=client.put_parameter, kwargs={"Name": "/x", "Value": "x", "Type": "String"})
    writing.start()
    time.sleep(SHORT)  # the call has to be there while the outage lasts
    assert writing.is_alive()
    outages.end(identity)
    writing.join(10)
    assert outages.names() == ["/x"]


def test_a_slow_call_is_answered_later(outages: Outages) -> None:
    outages.begin(regions=ONE, services="ssm", how="slow", seconds=SHORT)
    begun = time.monotonic()
    assert outages.names() == []
    assert time.monotonic() - begun >= SHORT


@pytest.mark.parametrize(
    ("how", "error"), [("hangs", ReadTimeoutError), ("refuses", ConnectionClosedError), ("errors", ClientError)]
)
def test_a_call_may_take_effect_and_not_be_answered(outages: Outages, how: str, error: type[Exception]) -> None:
    """Fault 29: the answer is lost, and only reading the state tells."""
    identity = outages.begin(regions=ONE, services="ssm", actions="PutParameter", how=how, after_effect=True, times=1)
    client = outages.world.client("ssm", ONE, read_timeout=SHORT)
    with pytest.raises(error):
        client.put_parameter(Name="/done", Value="x", Type="String")
    outages.end(identity)
    assert outages.names() == ["/done"]


def test_what_was_stopped_is_counted_by_what_stopped_it(outages: Outages) -> None:
    outages.world.knobs.forget_calls()
    outages.begin(regions=ONE, services="ssm", how="errors")
    code(outages.world.client("ssm", ONE).describe_parameters)
    mine = [
        each for each in outages.world.knobs.ask("GET", "calls")["stopped"] if each["account"] == outages.world.account
    ]
    assert [(each["service"], each["action"], each["met"], each["count"]) for each in mine] == [
        ("ssm", "DescribeParameters", "ssm:* errors", 1)
    ]


def test_outages_are_listed_ended_by_id_and_noted(outages: Outages) -> None:
    first, second = outages.begin(services="rds", how="throttles"), outages.begin(regions=ONE, services="sns")
    held = outages.world.knobs.ask("GET", "outages")
    assert (held[first]["how"], held[second]["regions"]) == ("throttles", ONE)
    outages.end(first)
    assert list(outages.world.knobs.ask("GET", "outages")) == [second]
    outages.end()
    assert outages.world.knobs.ask("GET", "outages") == {}
    said = outages.said("disaster")
    assert "rds:* throttles" in said
    assert said[-1] == "sns:* hangs: over"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"how": "sleeps"}, "hangs, refuses, throttles, errors or is slow, not sleeps"),
        ({"how": "slow"}, "seconds"),
        ({"seconds": 3}, "seconds"),
        ({"how": "slow", "seconds": 1, "after_effect": True}, "after_effect has no meaning"),
        ({"region": ONE}, "unexpected keyword"),
    ],
)
def test_an_outage_that_makes_no_sense_is_refused(outages: Outages, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(KnobsError, match=said):
        outages.begin(**wrong)
    with pytest.raises(KnobsError, match="there is no outage nine"):
        outages.end("nine")


def test_the_control_endpoints_are_never_dark(outages: Outages) -> None:
    outages.begin(how="hangs")
    assert outages.world.knobs.health()["dark"] == {"*": "hangs"}


# ---- what state machines do


class Machine:
    """A state machine of one task, and its executions."""

    def __init__(self, world: World, task: dict[str, Any], **states: Any) -> None:
        self.client = world.client("stepfunctions", ONE)
        definition = {"StartAt": "Do", "States": {"Do": {"Type": "Task", "End": True, **task}, **states}}
        self.arn = self.client.create_state_machine(
            name=f"m-{world.account}-{time.monotonic_ns()}",
            definition=json.dumps(definition),
            roleArn=f"arn:aws:iam::{world.account}:role/machine",
        )["stateMachineArn"]

    def start(self, given: Any = None) -> str:
        said = self.client.start_execution(stateMachineArn=self.arn, input=json.dumps(given or {}))
        return str(said["executionArn"])

    def ended(self, execution: str) -> dict[str, Any]:
        until(lambda: self.client.describe_execution(executionArn=execution)["status"] != "RUNNING")
        return dict(self.client.describe_execution(executionArn=execution))

    def run(self) -> tuple[str, str]:
        found = self.ended(self.start())
        return found["status"], found.get("error", "")


@pytest.fixture
def putting(outages: Outages) -> Machine:
    outages.world.client("dynamodb", ONE).create_table(TableName="items", **TABLE)
    item = {"TableName": "items", "Item": {"k": {"S": "written"}}}
    return Machine(
        outages.world,
        {"Resource": "arn:aws:states:::dynamodb:putItem", "Parameters": item, "TimeoutSeconds": 1},
    )


def items(outages: Outages) -> int:
    return int(outages.world.client("dynamodb", ONE).scan(TableName="items")["Count"])


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("throttles", "DynamoDB.ThrottlingException"),
        ("errors", "DynamoDB.InternalServerErrorException"),
        ("refuses", "DynamoDB.SdkClientException"),
        ("hangs", "States.Timeout"),
    ],
)
def test_a_state_machines_own_call_is_struck_and_has_no_effect(
    outages: Outages, putting: Machine, how: str, error: str
) -> None:
    identity = outages.begin(regions=ONE, services="dynamodb", actions="PutItem", how=how)
    assert putting.run() == ("FAILED", error)
    outages.end(identity)
    assert items(outages) == 0
    assert putting.run() == ("SUCCEEDED", "")


def test_a_state_machines_call_may_take_effect_and_fail(outages: Outages, putting: Machine) -> None:
    outages.begin(regions=ONE, services="dynamodb", actions="PutItem", how="errors", after_effect=True, times=1)
    assert putting.run()[0] == "FAILED"
    assert items(outages) == 1


def test_a_state_machines_call_to_its_sdk_is_struck_by_the_services_name(outages: Outages) -> None:
    listing = Machine(outages.world, {"Resource": "arn:aws:states:::aws-sdk:sfn:listStateMachines", "Parameters": {}})
    outages.begin(regions=ONE, services="states", actions="ListStateMachines", how="throttles", times=1)
    assert listing.run() == ("FAILED", "Sfn.ThrottlingException")
    assert listing.run() == ("SUCCEEDED", "")


def test_a_throttled_state_tries_again_within_its_longest_delay(outages: Outages) -> None:
    outages.world.client("dynamodb", ONE).create_table(TableName="items", **TABLE)
    task = {
        "Resource": "arn:aws:states:::dynamodb:putItem",
        "Parameters": {"TableName": "items", "Item": {"k": {"S": "x"}}},
        "Retry": [
            {
                "ErrorEquals": ["States.ALL"],
                "IntervalSeconds": 1,
                "MaxAttempts": 3,
                "BackoffRate": 9,
                "MaxDelaySeconds": 1,
            }
        ],
    }
    outages.begin(regions=ONE, services="dynamodb", actions="PutItem", how="throttles", times=3)
    begun = time.monotonic()
    assert Machine(outages.world, task).run() == ("SUCCEEDED", "")
    assert 3 <= time.monotonic() - begun < 6


def test_an_answer_that_never_comes_is_waited_for_as_long_as_the_request_says(outages: Outages) -> None:
    topic = outages.world.client("sns", ONE).create_topic(Name="ask")["TopicArn"]
    asking = Machine(
        outages.world,
        {
            "Resource": "arn:aws:states:::sns:publish.waitForTaskToken",
            "Parameters": {"TopicArn": topic, "Message.$": "$$.Task.Token"},
            "TimeoutSecondsPath": "$.patience",
        },
    )
    found = asking.ended(asking.start({"patience": 1}))
    assert (found["status"], found["error"]) == ("FAILED", "States.Timeout")


@pytest.mark.parametrize("how", ["hangs", "refuses"])
def test_an_execution_ends_with_its_region(outages: Outages, how: str) -> None:
    waiting = Machine(
        outages.world,
        {"Type": "Wait", "Seconds": 1, "Next": "Tell", "End": False},
        Tell={"Type": "Pass", "End": True},
    )
    execution = waiting.start()
    outages.world.knobs.darken(**{ONE.replace("-", "_"): how})
    until(lambda: "the execution ends with its region" in outages.said("state machine"))
    time.sleep(1.2)  # it would have gone on by then
    outages.world.knobs.darken()
    assert waiting.ended(execution)["status"] == "ABORTED"
    history = waiting.client.get_execution_history(executionArn=execution)["events"]
    assert "PassStateEntered" not in {each["type"] for each in history}
