"""What services do as a role is judged as that role's: state machines, schedules, replication, signing in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.cloud.cloud_world import until
from tests.cloud.policies_world import HERE, THERE, Court, Statement, allow, trust
from twin.cloud.policies import signing_in
from twin.cloud.policies.acting import SCHEDULER, Deputy, item_refusal, refusal
from twin.cloud.policies.calls import Call
from twin.cloud.policies.evaluation import Actor, parsed
from twin.cloud.process import Options, Running, local_cloud
from twin.cloud.settings import SETTINGS

STATES = {"Service": "states.amazonaws.com"}
ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/schedules"
SCHEDULE = f"arn:aws:scheduler:{HERE}:{ACCOUNT}:schedule/default/prove-writer"
FUNCTION = f"arn:aws:lambda:{HERE}:{ACCOUNT}:function:prove-writer"


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with local_cloud(Options(functions="answers", policies=True)) as found:
        yield found


@pytest.fixture
def court(running: Running) -> Court:
    return Court(running.url)


def execution(court: Court, role: str, resource: str, parameters: Mapping[str, Any], **state: Any) -> dict[str, Any]:
    """Return how the execution of one task by a state machine with that role ended."""
    states = court.client("stepfunctions")
    task = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters, "End": True, **state}
    machine = states.create_state_machine(
        name="machine", definition=json.dumps({"StartAt": "Task", "States": {"Task": task}}), roleArn=role
    )["stateMachineArn"]
    run = states.start_execution(stateMachineArn=machine, input=json.dumps({"seconds": 1}))["executionArn"]
    return dict(until(lambda: (found := states.describe_execution(executionArn=run))["status"] != "RUNNING" and found))


def machine_role(court: Court, *statements: Statement) -> str:
    return court.role(*statements, trusts=trust(STATES, StringEquals={"aws:SourceAccount": court.account}))


def test_a_state_machine_writes_only_what_its_role_may(court: Court) -> None:
    put = {"TableName": court.table(), "Item": {"kind": {"S": "thing"}, "name": {"S": "n"}}}
    mine = f"arn:aws:dynamodb:{HERE}:{court.account}:table/state"
    assert (
        execution(court, machine_role(court, allow("dynamodb:PutItem", mine)), "dynamodb:putItem", put)["status"]
        == "SUCCEEDED"
    )


@pytest.mark.parametrize(
    ("resource", "parameters", "error"),
    [
        ("dynamodb:putItem", {"TableName": "state", "Item": {}}, "DynamoDB.AmazonDynamoDBException"),
        ("lambda:invoke", {"FunctionName": "assess", "Payload": {}}, "Lambda.AWSLambdaException"),
        ("sns:publish", {"TopicArn": "arn:aws:sns:eu-west-1:1:t", "Message": "m"}, "SNS.AuthorizationErrorException"),
        ("sns:publish.waitForTaskToken", {"TopicArn": "arn:aws:sns:eu-west-1:1:t", "Message.$": "$$.Task.Token"},
         "SNS.AuthorizationErrorException"),
        ("aws-sdk:sfn:describeExecution", {"ExecutionArn": "arn:aws:states:eu-west-1:1:execution:m:e"},
         "Sfn.SfnException"),
        ("sqs:sendMessage", {"QueueUrl": "u", "MessageBody": "m"}, "States.Runtime"),
        ("aws-sdk:ec2:describeVpcs", {}, "States.Runtime"),
    ],
)  # fmt: skip
def test_a_denial_comes_out_as_the_error_that_step_functions_gives(
    court: Court, resource: str, parameters: dict[str, Any], error: str
) -> None:
    ended = execution(court, machine_role(court, allow("logs:*")), resource, parameters)
    assert (ended["status"], ended["error"]) == ("FAILED", error)
    assert "is not authorized to perform" in ended["cause"]
    assert court.denials()


def test_a_state_machine_may_do_nothing_as_a_role_that_does_not_let_it_in(court: Court) -> None:
    put = {"TableName": court.table(), "Item": {"kind": {"S": "thing"}, "name": {"S": "n"}}}
    for role in (
        court.role(allow("*"), trusts=trust({"Service": "lambda.amazonaws.com"})),
        court.role(allow("*"), trusts=trust(STATES, StringEquals={"aws:SourceAccount": "444455556666"})),
    ):
        ended = execution(court, role, "dynamodb:putItem", put)
        assert ended["status"] == "FAILED" and "sts:AssumeRole" in ended["cause"]
        court.client("stepfunctions").delete_state_machine(
            stateMachineArn=f"arn:aws:states:{HERE}:{court.account}:stateMachine:machine"
        )


def test_what_sns_refuses_has_the_name_that_step_functions_gives_it(court: Court) -> None:
    topic = f"arn:aws:sns:{HERE}:{court.account}:nowhere"
    role = machine_role(court, allow("sns:Publish", topic))
    ended = execution(court, role, "sns:publish", {"TopicArn": topic, "Message": "m"})
    assert ended["error"] == "SNS.NotFoundException"


def test_a_message_to_an_encrypted_topic_needs_the_key(court: Court) -> None:
    key = court.client("kms").create_key()["KeyMetadata"]["Arn"]
    topic = court.client("sns").create_topic(Name="notices", Attributes={"KmsMasterKeyId": key})["TopicArn"]
    role = machine_role(court, allow("sns:Publish", topic))
    ended = execution(court, role, "sns:publish", {"TopicArn": topic, "Message": "m"})
    assert ended["error"] == "SNS.KMSAccessDeniedException"


def test_an_approval_that_never_comes_is_waited_for_as_long_as_the_path_says(court: Court) -> None:
    topic = court.client("sns").create_topic(Name="notices")["TopicArn"]
    role = machine_role(court, allow("sns:Publish", topic))
    asked = {"TopicArn": topic, "Message.$": "$$.Task.Token"}
    ended = execution(court, role, "sns:publish.waitForTaskToken", asked, TimeoutSecondsPath="$.seconds")
    assert ended["error"] == "States.Timeout"


def replicated(court: Court, *statements: Statement) -> str:
    """Return the status of an object that is put into a bucket with a rule for another region."""
    role = court.role(*statements, trusts=trust({"Service": "s3.amazonaws.com"}))
    names = {region: f"{court.account}-{region}-{role[-6:]}" for region in (HERE, THERE)}
    for region, name in names.items():
        s3 = court.client("s3", region)
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    rule = {
        "ID": "r", "Priority": 1, "Status": "Enabled", "Filter": {}, "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": f"arn:aws:s3:::{names[THERE]}"},
    }  # fmt: skip
    s3 = court.client("s3")
    s3.put_bucket_replication(Bucket=names[HERE], ReplicationConfiguration={"Role": role, "Rules": [rule]})
    s3.put_object(Bucket=names[HERE], Key="key", Body=b"body")
    return str(s3.head_object(Bucket=names[HERE], Key="key")["ReplicationStatus"])


def test_an_object_is_replicated_only_by_a_role_that_may_read_it_and_write_the_replica(court: Court) -> None:
    read, write = allow("s3:GetObjectVersionForReplication"), allow("s3:ReplicateObject")
    assert replicated(court, read, write) == "COMPLETED"
    assert replicated(court, read) == "FAILED"
    assert replicated(court, write) == "FAILED"


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The trust policy and the rights of a role in this process."""
    facts: dict[str, Any] = {"trust": trust({"Service": SCHEDULER}), "rights": []}
    monkeypatch.setattr(SETTINGS, "policies", True)
    monkeypatch.setattr("twin.cloud.emulator.trust", lambda *_: json.dumps({"Statement": [facts["trust"]]}))
    monkeypatch.setattr(
        "twin.cloud.policies.sessions.acting",
        lambda role: Actor(ACCOUNT, role, [parsed({"Statement": facts["rights"]})]),
    )
    monkeypatch.setattr("twin.cloud.policies.gate.guard", lambda *_: None)
    return facts


def test_a_schedule_starts_what_its_role_may_start(known: dict[str, Any]) -> None:
    deputy, call = Deputy(SCHEDULER, ROLE, SCHEDULE), Call("lambda", "lambda:InvokeFunction", FUNCTION, HERE)
    found = refusal(deputy, call)
    assert found is not None and found.reason == "no statement allows it"
    known["rights"] = [allow("lambda:InvokeFunction", FUNCTION)]
    assert refusal(deputy, call) is None
    known["trust"] = trust({"Service": SCHEDULER}, StringEquals={"aws:SourceAccount": "444455556666"})
    found = refusal(deputy, call)
    assert found is not None and (found.action, found.resource) == ("sts:AssumeRole", ROLE)


def test_an_api_reads_a_table_as_the_role_of_its_integration(known: dict[str, Any]) -> None:
    known["trust"] = trust({"Service": "apigateway.amazonaws.com"})
    deputy = Deputy("apigateway.amazonaws.com", ROLE, f"arn:aws:execute-api:{HERE}:{ACCOUNT}:api/live/GET/proof")
    table = f"arn:aws:dynamodb:{HERE}:{ACCOUNT}:table/state"
    asked = (deputy, "Query", ACCOUNT, HERE, '{"TableName": "state"}')
    assert item_refusal(*asked) == f"dynamodb:Query on {table}: no statement allows it"
    known["rights"] = [allow("dynamodb:Query", table)]
    assert item_refusal(*asked) == ""


@pytest.mark.parametrize(("user", "allowed"), [("dr_probe", True), ("master", False)])
def test_a_database_user_is_only_who_the_role_may_connect_as(
    known: dict[str, Any], monkeypatch: pytest.MonkeyPatch, user: str, allowed: bool
) -> None:
    mine = allow("rds-db:connect", f"arn:aws:rds-db:{HERE}:{ACCOUNT}:dbuser:cluster-1/dr_probe")
    monkeypatch.setattr(
        "twin.cloud.policies.sessions.actor", lambda _: Actor(ACCOUNT, ROLE, [parsed({"Statement": [mine]})])
    )
    assert signing_in.may_connect("ASIAPROBE", HERE, "cluster-1", user) is allowed
    assert not signing_in.may_connect("ASIAPROBE", HERE, "cluster-2", user)
