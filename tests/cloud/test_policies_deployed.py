"""The example, deployed, lives and recovers with nothing but the rights of its own templates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from generator.aws.clients import Clouds, Keys
from generator.aws.deploy import deploy
from generator.aws.events import silent
from generator.aws.status.look import clouds_for_looking, look
from generator.aws.status.verdict import judge
from generator.config import Environment
from tests.aws.deploy_world import environment
from tests.cloud.cloud_world import until
from twin.cloud.knobs import Knobs
from twin.cloud.process import Options, Running, local_cloud

ORIGIN, STANDBY = "eu-west-1", "eu-central-1"
BIRTH, RECOVERY = 240.0, 120.0
"""Seconds within which the first proofs are in, and a recovery is done."""

NOT_YET = ("-no-backups", "-preflight")
"""Alarms of what a new environment has not had yet: a backup, and the pre-flight of the hour."""


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with local_cloud(Options(functions="run", policies=True, speed=10)) as found:
        yield found


@pytest.fixture(scope="module")
def made() -> Environment:
    return environment("judged")


@pytest.fixture(scope="module")
def clouds(running: Running, made: Environment) -> Clouds:
    found = Clouds(made, local=Keys(running.url))
    deploy(made, found, silent)
    Knobs(running.url).ask("PUT", "people", {"confirm": True})
    return found


@pytest.fixture
def knobs(running: Running) -> Iterator[Knobs]:
    found = Knobs(running.url, timeout=30)
    yield found
    found.ask("DELETE", "policies/revoke")
    found.ask("DELETE", "denials")


def invoke(clouds: Clouds, name: str, region: str) -> dict[str, Any]:
    function = f"dr-{clouds.environment.suffix}-{region}-{name}"
    answer = clouds.client("lambda", region).invoke(FunctionName=function, Payload=b"{}")
    return dict(json.load(answer["Payload"]))


def writer(clouds: Clouds) -> str:
    """Return the region of the writer, as the service shows it."""
    (group,) = clouds.client("rds", ORIGIN).describe_global_clusters()["GlobalClusters"]
    (found,) = [each["DBClusterArn"] for each in group["GlobalClusterMembers"] if each["IsWriter"]]
    return str(found.split(":")[3])


def recover(clouds: Clouds, verb: str, target: str, **more: Any) -> dict[str, Any]:
    """Return how a recovery ended."""
    states, suffix = clouds.client("stepfunctions", target), clouds.environment.suffix
    account = clouds.environment.accounts.workload
    asked = {"verb": verb, "target": target, "requested_by": "a test", "reason": "to see it", **more}
    run = states.start_execution(
        stateMachineArn=f"arn:aws:states:{target}:{account}:stateMachine:dr-{suffix}-{target}-recovery",
        input=json.dumps(asked),
    )["executionArn"]

    def ended() -> Any:
        found = states.describe_execution(executionArn=run)
        return found["status"] != "RUNNING" and found

    return dict(until(ended, RECOVERY))


def callers(knobs: Knobs) -> dict[str, set[str]]:
    """Return what each role called, by its name without the environment's."""
    found: dict[str, set[str]] = {}
    for each in knobs.ask("GET", "callers"):
        found.setdefault(each["principal"].rpartition("-judged-")[2], set()).add(each["action"])
    return found


def test_all_is_as_it_should_be_and_nothing_was_denied(clouds: Clouds, knobs: Knobs) -> None:
    def fine() -> bool:
        report = look(clouds_for_looking(clouds), clouds.environment, seconds=20)
        return not [each for each in judge(clouds.environment, report).findings if not each.what.endswith(NOT_YET)]

    until(fine, BIRTH)
    assert knobs.ask("GET", "denials") == []
    called = callers(knobs)
    for region in (ORIGIN, STANDBY):
        assert called[f"{region}-prove-writer"] >= {"cloudwatch:PutMetricData", "rds-db:connect"}
        assert called[f"{region}-probe-schedules"] == {"lambda:InvokeFunction"}


def test_an_encrypted_object_is_replicated_with_the_rights_of_the_replication_role(
    clouds: Clouds, knobs: Knobs
) -> None:
    """Trap 38."""
    suffix, account = clouds.environment.suffix, clouds.environment.accounts.workload
    clouds.client("s3", ORIGIN).put_object(Bucket=f"dr-{suffix}-{ORIGIN}-{account}-data", Key="key", Body=b"body")
    replica, there = clouds.client("s3", STANDBY), f"dr-{suffix}-{STANDBY}-{account}-data"
    until(lambda: "Contents" in replica.list_objects_v2(Bucket=there))
    assert callers(knobs)[f"{ORIGIN}-replication"] == {
        "s3:GetObjectVersionForReplication", "s3:ReplicateObject", "kms:Decrypt", "kms:Encrypt",
    }  # fmt: skip


def test_the_pre_flight_and_a_switchover_run_through(clouds: Clouds, knobs: Knobs) -> None:
    for region in (ORIGIN, STANDBY):
        assert invoke(clouds, "preflight", region)["findings"] == []
    ended = recover(clouds, "switchover", STANDBY)
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    assert json.loads(ended["output"])["told"] == "told"
    assert knobs.ask("GET", "denials") == []
    called = callers(knobs)
    assert called[f"{STANDBY}-state-machine"] == {
        "dynamodb:PutItem", "dynamodb:DeleteItem", "lambda:InvokeFunction", "sns:Publish",
    }  # fmt: skip
    assert "rds:SwitchoverGlobalCluster" in called[f"{STANDBY}-promote"]
    assert called[f"{ORIGIN}-fence"] == {"ec2:CreateNetworkAclEntry", "ec2:DeleteNetworkAclEntry"}


def test_a_right_across_regions_that_is_gone_is_found_beforehand_and_by_the_fence(clouds: Clouds, knobs: Knobs) -> None:
    knobs.ask("PUT", "policies/revoke", {"role": "*-recovery", "action": "sts:AssumeRole"})
    active = writer(clouds)
    target = STANDBY if active == ORIGIN else ORIGIN
    findings = json.dumps(invoke(clouds, "preflight", target)["findings"])
    assert "sts:AssumeRole" in findings and "TakenAway" in findings
    ended = recover(clouds, "failover", target, accept_data_loss=True)
    fence = json.loads(ended["output"])["fence"]
    assert fence["outcome"] == "failed" and "TakenAway" in fence["reason"]
    (denial,) = [each for each in knobs.ask("GET", "denials") if each["resource"].endswith(f"{active}-fence")]
    assert denial["principal"].endswith(f"{target}-recovery")


def test_a_state_machine_that_may_not_write_its_lease_changes_nothing(clouds: Clouds, knobs: Knobs) -> None:
    knobs.ask("PUT", "policies/revoke", {"role": "*-state-machine", "action": "dynamodb:PutItem"})
    ended = recover(clouds, "switchover", STANDBY)
    assert (ended["status"], ended["error"]) == ("FAILED", "LeaseFailed")
    assert "DynamoDB.AmazonDynamoDBException" in ended["cause"]
