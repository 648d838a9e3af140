"""The machine's definition, read by others: cfn-lint's schema, and moto's interpreter as a second opinion.

Our own interpreter could share a mistake with our own definition. moto's, which comes from LocalStack and
was written against the real service, runs the same file with the answers that the real functions gave, and
has to go through the same states to the same end.
"""

from __future__ import annotations

import io
import json
import re
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from cfnlint.api import lint_all
from moto import mock_aws
from recovery_world import AWAY, HERE, client_error
from stage import DEFINITION, SUBSTITUTIONS, Stage, definition

from recovery import signals
from recovery.rejoin import ABANDONED_SECONDS

DEADLINE_SECONDS = 60
ACCOUNT = "123456789012"
"""moto's own."""
SESSION = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name=HERE)


@pytest.fixture(autouse=True)
def emulated() -> Iterator[None]:
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}}):
        yield


def test_the_definition_is_what_cloudformation_takes() -> None:
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "RoleArn": "arn:aws:iam::111122223333:role/recovery",
            "Definition": json.loads(DEFINITION.read_text()),
            "DefinitionSubstitutions": SUBSTITUTIONS,
        },
    }
    found = lint_all(json.dumps({"Resources": {"Machine": machine}}))
    assert [str(match) for match in found if match.rule.severity != "informational"] == []


def test_a_definition_with_a_state_that_is_missing_is_refused_by_the_same_check() -> None:
    broken = json.loads(DEFINITION.read_text())
    broken["States"]["Fence"]["Next"] = "Nowhere"
    del broken["States"]["Promote"]["Resource"]
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": "arn:aws:iam::111122223333:role/recovery", "Definition": broken},
    }
    found = lint_all(json.dumps({"Resources": {"Machine": machine}}))
    assert "E3601" in {match.rule.id for match in found}


def test_every_substitution_is_used_and_every_one_is_known() -> None:
    used = set(re.findall(r"\$\{(\w+)\}", DEFINITION.read_text()))
    assert used == set(SUBSTITUTIONS)


def test_the_items_carry_the_names_that_the_functions_read() -> None:
    items = {
        name: state["Parameters"]["Item"]["kind"]["S"]
        for name, state in definition()["States"].items()
        if "Item" in state.get("Parameters", {})
    }
    assert items["TakeLease"] == items["TakeOver"] == signals.LEASE
    assert items["Mark"] == signals.SUPERSEDED_ITEM
    lease = definition()["States"]["TakeLease"]["Parameters"]["Item"]["name"]["S"]
    assert lease == signals.LEASE_NAME


def test_a_failover_counts_as_given_up_only_when_the_machine_itself_has_stopped_waiting_for_the_proof() -> None:
    states = definition()["States"]
    (last,) = [each for each in states["IsConfirmed"]["Choices"] if each["Next"] == "NotConfirmed"]
    waits = last["NumericGreaterThanEquals"] * states["WaitForProof"]["Seconds"]
    assert waits <= ABANDONED_SECONDS <= waits + 60


def test_every_state_is_reached_from_the_start() -> None:
    states, seen, left = definition()["States"], set(), [definition()["StartAt"]]
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        state = states[name]
        nexts = [state.get("Next"), state.get("Default")]
        nexts += [one["Next"] for one in (*state.get("Choices", []), *state.get("Catch", []))]
        left += [one for one in nexts if one]
    assert seen == set(states)


class Second:
    """The same definition in moto, with the answers of the functions queued."""

    def __init__(self, answers: list[Any]) -> None:
        from moto.awslambda_simple.models import lambda_simple_backends

        role = SESSION.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")
        functions = SESSION.client("lambda")
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("a.py", "")
        for name in ("assess", "fence", "promote", "confirm_writer"):
            functions.create_function(
                FunctionName=name, Runtime="python3.13", Role=role["Role"]["Arn"], Handler="a.h",
                Code={"ZipFile": code.getvalue()},
            )  # fmt: skip
        queue = lambda_simple_backends[ACCOUNT][HERE].lambda_simple_results_queue
        queue[:] = [json.dumps(answer) for answer in answers]
        topic = SESSION.client("sns").create_topic(Name="notices")["TopicArn"]
        text = json.dumps(definition()).replace(SUBSTITUTIONS["TopicArn"], topic)
        loaded = json.loads(text)
        loaded["States"]["WaitForProof"]["Seconds"] = 0
        self.topic = topic
        self.client = SESSION.client("stepfunctions")
        self.machine = self.client.create_state_machine(
            name="recovery", definition=json.dumps(loaded), roleArn=role["Role"]["Arn"]
        )["stateMachineArn"]

    def start(self, name: str = "first", **request: Any) -> str:
        given = {"verb": "failover", "target": HERE, "requested_by": "someone", "reason": "a story"} | request
        arn: str = self.client.start_execution(stateMachineArn=self.machine, name=name, input=json.dumps(given))[
            "executionArn"
        ]
        return arn

    def end(self, execution: str) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Return how an execution ended, and the states that it went through."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            described = self.client.describe_execution(executionArn=execution)
            if described["status"] != "RUNNING":
                break
            assert time.monotonic() < deadline, "the execution does not end"
            time.sleep(0.05)
        events = self.client.get_execution_history(executionArn=execution, maxResults=1000)["events"]
        entered = [one["stateEnteredEventDetails"]["name"] for one in events if "stateEnteredEventDetails" in one]
        return dict(described), tuple(entered)

    def messages(self) -> list[str]:
        """Return what was published."""
        from moto.sns.models import sns_backends

        topic = sns_backends[ACCOUNT][HERE].topics[self.topic]
        return [str(one[1]) for one in topic.sent_notifications]

    def await_message(self) -> str:
        """Return the first message, once it is there."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not self.messages():
            assert time.monotonic() < deadline, "nobody was asked"
            time.sleep(0.05)
        return self.messages()[0]


def empty(stage: Stage) -> None:
    """Leave the table as it is before a recovery; the views are not read here, their answers are queued."""
    for kind, name in (("lease", "recovery"), ("fence", AWAY), ("superseded", AWAY)):
        stage.table.delete(kind, name)


@pytest.mark.parametrize(
    ("world", "request_"),
    [
        ({}, {}),
        ({"reachable": False}, {}),
        ({"lag_seconds": 300}, {}),
        ({"lag_seconds": 300}, {"accept_data_loss": True}),
        ({"alive": True}, {"verb": "switchover"}),
    ],
)
def test_a_second_interpreter_goes_through_the_same_states(world: dict[str, Any], request_: dict[str, Any]) -> None:
    stage = Stage(**world)
    stage.service.takes_seconds = 5
    ours = stage.start(**request_)
    empty(stage)
    second = Second(stage.answers)
    described, trail = second.end(second.start(**request_))
    assert trail == ours.trail
    assert described["status"] == ours.status
    if ours.status == "SUCCEEDED":
        assert json.loads(described["output"]) == ours.output
    else:
        assert (described["error"], described["cause"]) == (ours.error, ours.cause)
    assert len(second.messages()) == len(stage.messages)
    assert stage.lease is None, "moto released the lease in the same table"


def test_a_second_interpreter_lets_a_promotion_that_was_refused_go_the_same_way() -> None:
    stage = Stage()
    stage.service.errors = [client_error("InvalidDBClusterStateFault", "busy")]
    ours = stage.start()
    empty(stage)
    second = Second(stage.answers)
    described, trail = second.end(second.start())
    assert trail == ours.trail and "Unfence" in trail
    assert (described["error"], described["cause"]) == (ours.error, ours.cause)


def test_a_second_interpreter_takes_the_approval_from_the_very_command_in_the_message() -> None:
    stage = Stage(person=lambda message, limit: ("approve", "YOUR NAME"))
    stage.service.takes_seconds = 5
    ours = stage.start(approval=True)
    empty(stage)
    second = Second(stage.answers)
    execution = second.start(approval=True)
    message = second.await_message()
    found = re.search(r"send-task-success --region (\S+) --task-token (\S+) --task-output '([^']+)'", message)
    assert found and found[1] == HERE
    second.client.send_task_success(taskToken=found[2], output=found[3])
    described, trail = second.end(execution)
    assert described["status"] == "SUCCEEDED" and trail == ours.trail


def test_a_second_interpreter_refuses_a_start_while_another_holds_the_lease() -> None:
    # moto does not fill in the parameters of aws-sdk:sfn; a holder that can't be asked counts as running.
    stage = Stage(person=lambda message, limit: ("approve", "Ada"))
    stage.start(approval=True)
    empty(stage)
    second = Second(stage.answers[:1])
    first = second.start(approval=True)
    second.await_message()
    described, trail = second.end(second.start("second"))
    assert trail[-1] == "Failed" and described["error"] == "Busy" and first in described["cause"]
    second.client.stop_execution(executionArn=first)
