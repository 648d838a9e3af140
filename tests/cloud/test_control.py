"""The control endpoints of the local cloud, and what it refuses."""

from __future__ import annotations

import io
import json
import time
import urllib.error
import urllib.request
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from tests.cloud.cloud_world import ONE, PARAMETER, TOPIC, TWO, World, until
from twin.cloud.knobs import KnobsError

BOTH = TOPIC + "  Parameter:\n    Type: AWS::SSM::Parameter\n    Properties: {Type: String, Name: /both, Value: x}\n"


def refused(call: Any, **settings: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**settings)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def made(world: World, name: str, template: str = BOTH, region: str = ONE) -> str:
    world.client("cloudformation", region).create_stack(StackName=name, TemplateBody=template)
    return world.settled(world.account, region, name)


def test_a_fault_meets_only_what_it_names(world: World) -> None:
    world.knobs.fail(type="AWS::SNS::*", region=ONE, account=world.account, reason="no topics today")
    assert made(world, "one") == "ROLLBACK_COMPLETE"
    assert made(world, "one", region=TWO) == "CREATE_COMPLETE"
    assert made(world, "other", PARAMETER) == "CREATE_COMPLETE"
    events = world.client("cloudformation", ONE).describe_stack_events(StackName="one")["StackEvents"]
    failed = next(each for each in events if each["ResourceStatus"] == "CREATE_FAILED")
    assert (failed["LogicalResourceId"], failed["ResourceStatusReason"]) == ("Topic", "no topics today")


def test_a_fault_strikes_as_often_as_asked_for(world: World) -> None:
    world.knobs.fail(logical_id="Parameter", stack="often*", account=world.account, times=2)
    assert [made(world, f"often-{number}") for number in range(3)] == ["ROLLBACK_COMPLETE"] * 2 + ["CREATE_COMPLETE"]


def test_a_fault_at_deletion_leaves_the_stack_half_deleted(world: World) -> None:
    made(world, "stack")
    world.knobs.fail(when="delete", logical_id="Topic", account=world.account, times=1)
    world.client("cloudformation", ONE).delete_stack(StackName="stack")
    until(lambda: world.stack(world.account, ONE, "stack")["StackStatus"] == "DELETE_FAILED")
    left = world.client("cloudformation", ONE).describe_stack_resources(StackName="stack")["StackResources"]
    assert [each["LogicalResourceId"] for each in left] == ["Topic"]


def test_calls_are_counted_by_action_region_and_account(world: World) -> None:
    world.knobs.forget_calls()
    world.client("ssm", ONE).put_parameter(Name="/a", Value="b", Type="String")
    world.client("ssm", TWO).describe_parameters()
    world.client("dynamodb", ONE).list_tables()
    world.client("s3").list_buckets()
    world.client("lambda", ONE).list_functions()
    world.client("route53").list_hosted_zones()
    made(world, "stack")
    mine = world.knobs.calls(account=world.account)
    wanted = {"PutParameter": 1, "DescribeParameters": 1, "ListTables": 1, "CreateStack": 1, "ListFunctions": 1}
    assert {name: mine.get(name) for name in wanted} == wanted
    assert world.knobs.calls("ssm", region=TWO, account=world.account) == {"DescribeParameters": 1}
    assert world.knobs.calls("route53", account=world.account) == {"ListHostedZones": 1}
    assert sum(world.knobs.calls("s3", account=world.account).values()) == 1
    work = world.knobs.work()
    assert work["requests"] > 0 and work["resources"] > 0
    world.knobs.forget_calls()
    assert world.knobs.calls() == {}


def test_a_region_that_refuses_drops_the_connection_and_others_answer(world: World) -> None:
    world.knobs.darken(eu_west_1="refuses")
    with pytest.raises(ConnectionClosedError):
        world.client("ssm", ONE).describe_parameters()
    assert world.client("ssm", TWO).describe_parameters()["Parameters"] == []
    world.knobs.darken()
    assert world.client("ssm", ONE).describe_parameters()["Parameters"] == []


def test_a_region_that_hangs_answers_nobody(world: World) -> None:
    world.knobs.darken(eu_west_1="hangs")
    begun = time.monotonic()
    with pytest.raises(ReadTimeoutError):
        world.client("ssm", ONE, read_timeout=0.3).describe_parameters()
    assert 0.3 <= time.monotonic() - begun < 3
    assert world.client("ssm", TWO).describe_parameters()["Parameters"] == []
    world.knobs.darken()
    assert world.client("ssm", ONE).describe_parameters()["Parameters"] == []


def test_a_function_is_answered_by_the_end_of_its_name_and_its_event_is_kept(world: World) -> None:
    functions = world.client("lambda", ONE)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.py", "raise RuntimeError('nothing runs this')")
    name = f"dr-{world.account}-bootstrap-database"
    world.role(world.account, "function", {"Service": "lambda.amazonaws.com"})
    role = f"arn:aws:iam::{world.account}:role/function"
    for each in (name, f"{name}-other"):
        functions.create_function(
            FunctionName=each, Runtime="python3.12", Role=role, Handler="a.b", Code={"ZipFile": packed.getvalue()}
        )
    said = functions.invoke(FunctionName=name, Payload=json.dumps({"dry_run": False}).encode())
    assert json.load(said["Payload"]) == {"changed": [], "unchanged": [], "slot": "granted", "dry_run": False}
    assert "FunctionError" not in said
    world.knobs.answer("-other", {"errorMessage": "no", "errorType": "Exception"})
    failed = functions.invoke(FunctionName=f"{name}-other", Payload=b"{}")
    assert failed["FunctionError"] == "Unhandled"
    mine = [each for each in world.knobs.invocations() if each["account"] == world.account]
    assert [(each["function"], each["region"], each["event"]) for each in mine] == [
        (name, ONE, {"dry_run": False}),
        (f"{name}-other", ONE, {}),
    ]
    assert refused(functions.invoke, FunctionName="none")[0] == "ResourceNotFoundException"


def test_a_service_that_is_not_known_is_refused_by_name(world: World) -> None:
    for service, call in (("redshift", "describe_clusters"), ("workspaces", "describe_workspaces")):
        code, message = refused(getattr(world.client(service), call))
        assert (code, service in message) == ("UnknownOperationException", True)


@pytest.mark.parametrize(
    ("service", "call"),
    [
        ("cloudformation", "list_types"),
        ("rds", "describe_event_categories"),
        ("sns", "get_sms_sandbox_account_status"),
        ("iam", "list_service_specific_credentials"),
        ("logs", "describe_configuration_templates"),
        ("ssm", "list_nodes"),
        ("ec2", "describe_fpga_images"),
        ("route53", "list_cidr_collections"),
    ],
)
def test_an_action_that_is_not_known_is_refused(world: World, service: str, call: str) -> None:
    code, message = refused(getattr(world.client(service), call))
    assert code.startswith(("Invalid", "Unknown"))
    assert "nknown" in message or call.replace("_", "") in message.lower()


def test_what_s3_is_asked_in_the_query_and_nobody_knows_is_refused(world: World) -> None:
    storage, bucket = world.client("s3"), f"query-{world.account}"
    storage.create_bucket(Bucket=bucket)
    assert refused(storage.list_bucket_metrics_configurations, Bucket=bucket)[0] == "NotImplemented"
    assert refused(storage.delete_bucket_metrics_configuration, Bucket=bucket, Id="x")[0] == "NotImplemented"
    assert [each["Name"] for each in storage.list_buckets()["Buckets"]] == [bucket]


def test_what_the_control_endpoints_do_not_know_they_refuse(world: World) -> None:
    with pytest.raises(KnobsError, match="unexpected keyword"):
        world.knobs.fail(kind="AWS::SNS::Topic")
    with pytest.raises(KnobsError, match="hangs or refuses"):
        world.knobs.darken(eu_west_1="sleeps")
    with pytest.raises(KnobsError, match="negative"):
        world.knobs.last(-1)
    with pytest.raises(KnobsError, match="unexpected keyword"):
        world.knobs.organize(boss="1")
    for path, status in (("nothing", 404), ("health", 405)):
        request = urllib.request.Request(f"{world.url}/_twin/{path}", method="PUT", data=b"{}")
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=5)
        assert caught.value.code == status
        caught.value.close()


def test_the_reset_of_the_emulator_forgets_stacksets_too(world: World) -> None:
    world.create()
    made(world, "stack")
    before = world.knobs.health()
    assert (before["stacksets"] > 0, before["stacks"] > 0) == (True, True)
    request = urllib.request.Request(f"{world.url}/_ministack/reset", method="POST", data=b"")
    urllib.request.urlopen(request, timeout=10).close()
    after = world.knobs.health()
    assert (after["stacksets"], after["stacks"]) == (0, 0)
