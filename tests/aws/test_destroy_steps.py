"""The steps of a teardown that are no StackSet's, against moto's server: each can be carried out twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generator.aws.clients import Clouds, Keys
from generator.aws.control import Control
from generator.aws.destroy import Destruction, Options, describe, subject
from generator.aws.emptying import empty
from generator.aws.events import Event
from generator.aws.interruptible import all_of, interruptible
from generator.aws.paces import LOCAL, Halt, HaltedError, Pace
from generator.aws.undoing import undo, undoes
from generator.errors import CloudError, DisasterRecoveryError
from generator.plan.model import DeleteInstances, Wait
from generator.plan.steps import AssertNoMembers, EmptyBucket, RemoveSecretReplicas, Snapshot
from tests.aws import status_world as world
from tests.aws.status_world import A, B
from tests.moto_server import forget

BUCKET = "a-bucket-of-a-test"


@pytest.fixture
def clouds(tmp_path: Path, moto: str) -> Iterator[Clouds]:
    yield Clouds(world.environment(tmp_path), local=Keys(moto))
    forget(moto)


@pytest.fixture
def said() -> list[Event]:
    return []


@pytest.fixture
def control(clouds: Clouds, said: list[Event]) -> Control:
    paces = replace(LOCAL, busy=Pace(0.01, 1.0, 0.01, 0.05), settling=Pace(0.01, 1.0, 0.01, 0.05))
    return Control(clouds, said.append, paces=paces)


def filled(clouds: Clouds, objects: int) -> Any:
    """Return a client of a versioned bucket with so many objects, some replaced, some deleted, an upload begun."""
    s3 = clouds.client("s3", A)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": A})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for number in range(objects):
        s3.put_object(Bucket=BUCKET, Key=f"key-{number}", Body=b"x")
    s3.put_object(Bucket=BUCKET, Key="key-0", Body=b"y")
    s3.delete_object(Bucket=BUCKET, Key="key-1")
    s3.create_multipart_upload(Bucket=BUCKET, Key="big")
    return s3


def test_a_bucket_is_emptied_of_versions_markers_and_uploads(clouds: Clouds, control: Control) -> None:
    s3 = filled(clouds, 7)
    step = EmptyBucket("it goes", world.ACCOUNT, A, BUCKET)
    assert empty(control, A, world.ACCOUNT, BUCKET, at_a_time=2) == 10  # 7 keys, one more version, a marker, an upload
    left = s3.list_object_versions(Bucket=BUCKET)
    assert not left.get("Versions") and not left.get("DeleteMarkers")
    assert not s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads")
    s3.delete_bucket(Bucket=BUCKET)
    undo(step, control)  # a bucket that is gone is empty


def test_emptying_stops_when_it_is_asked_to(clouds: Clouds, control: Control) -> None:
    s3 = filled(clouds, 3)
    control.halt.ask("enough")
    with pytest.raises(HaltedError):
        undo(EmptyBucket("it goes", world.ACCOUNT, A, BUCKET), control)
    assert len(s3.list_object_versions(Bucket=BUCKET)["Versions"]) == 4


def test_an_object_that_can_not_be_deleted_is_told_with_its_key(clouds: Clouds, control: Control) -> None:
    s3 = clouds.client("s3", A)
    s3.create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": A}, ObjectLockEnabledForBucket=True
    )
    from datetime import UTC, datetime, timedelta

    s3.put_object(
        Bucket=BUCKET,
        Key="kept",
        Body=b"x",
        ObjectLockMode="COMPLIANCE",
        ObjectLockRetainUntilDate=datetime.now(UTC) + timedelta(days=1),
    )
    with pytest.raises(CloudError, match=f"1 objects of {BUCKET} in {A} can't be deleted, such as kept"):
        undo(EmptyBucket("it goes", world.ACCOUNT, A, BUCKET), control)


def test_a_snapshot_is_there_and_named_when_the_step_is_done(clouds: Clouds, control: Control) -> None:
    _cluster(clouds)
    step = Snapshot("the last", world.ACCOUNT, A, "dr-example-a", "dr-example-a-destroyed")
    arn = undo(step, control)
    assert ":cluster-snapshot:dr-example-a-destroyed-2" in arn
    (found,) = clouds.client("rds", A).describe_db_cluster_snapshots(
        DBClusterIdentifier="dr-example-a", SnapshotType="manual"
    )["DBClusterSnapshots"]
    assert (found["Status"], found["SnapshotType"]) == ("available", "manual")


def _cluster(clouds: Clouds) -> None:
    clouds.client("rds", A).create_db_cluster(
        DBClusterIdentifier="dr-example-a",
        Engine="aurora-postgresql",
        MasterUsername="dbadmin",
        MasterUserPassword="a-long-password",
    )


def test_a_cluster_that_is_gone_needs_no_snapshot(control: Control, said: list[Event]) -> None:
    assert undo(Snapshot("the last", world.ACCOUNT, A, "dr-example-b", "dr-example-b-destroyed"), control) == ""
    assert any("gone already" in str(each) for each in said)


def test_replicas_of_a_secret_are_removed_and_a_secret_that_is_gone_has_none(clouds: Clouds, control: Control) -> None:
    secrets = clouds.client("secretsmanager", A)
    secrets.create_secret(Name="dr-example-database", SecretString="x", AddReplicaRegions=[{"Region": B}])
    step = RemoveSecretReplicas("it goes", world.ACCOUNT, A, "dr-example-database", (B,))
    undo(step, control)
    assert not secrets.describe_secret(SecretId="dr-example-database").get("ReplicationStatus")
    undo(step, control)
    secrets.delete_secret(SecretId="dr-example-database", ForceDeleteWithoutRecovery=True)
    undo(step, control)


def test_a_global_cluster_with_members_is_not_gone_past(clouds: Clouds, control: Control) -> None:
    step = AssertNoMembers("it goes", A, "dr-example")
    undo(step, control)  # there is none
    clouds.client("rds", A).create_global_cluster(GlobalClusterIdentifier="dr-example", Engine="aurora-postgresql")
    undo(step, control)  # it is empty
    world.database(clouds, A)
    with pytest.raises(CloudError, match="still has members") as caught:
        undo(step, control)
    assert f"dr-example-{A}" in str(caught.value)


def test_a_data_bucket_of_an_environment_that_is_not_disposable_is_never_emptied(clouds: Clouds) -> None:
    s3 = filled(clouds, 2)
    run = Destruction(clouds.environment, clouds, lambda _event: None, Options())
    with pytest.raises(AssertionError, match="not disposable"):
        run._wave((EmptyBucket("a planner gone wrong", world.ACCOUNT, A, BUCKET),))
    assert len(s3.list_object_versions(Bucket=BUCKET)["Versions"]) == 3


def test_steps_are_told_in_words() -> None:
    step = DeleteInstances("nothing needs it", "dr-example-keys", world.ACCOUNT, (A, B), retain=True)
    assert describe(step) == f"delete the stacks of dr-example-keys in {A}, {B} (retained)"
    assert subject(Wait("busy", "dr-example-keys", ("1",))) == "dr-example-keys"
    assert not undoes(step)
    assert undoes(EmptyBucket("it goes", world.ACCOUNT, A, BUCKET))


def test_all_that_failed_side_by_side_is_one_error_with_every_hint() -> None:
    ended = threading.Event()

    def fails(message: str) -> None:
        raise CloudError(message, hint=f"hint of {message}")

    jobs = {"a": lambda: fails("one"), "b": lambda: fails("two"), "c": ended.set}
    with pytest.raises(DisasterRecoveryError, match="one; two") as caught:
        all_of(jobs)
    assert caught.value.hint == "hint of one; hint of two"
    assert ended.is_set()


def test_a_defect_is_not_hidden_behind_a_failure() -> None:
    def fails(error: Exception) -> None:
        raise error

    with pytest.raises(ZeroDivisionError):
        all_of({"a": lambda: fails(CloudError("one")), "b": lambda: fails(ZeroDivisionError())})


def test_interruptible_work_hands_on_what_it_returns_and_raises() -> None:
    assert interruptible(lambda: 3, Halt(), "work") == 3
    with pytest.raises(CloudError):
        interruptible(lambda: (_ for _ in ()).throw(CloudError("no")), Halt(), "work")
