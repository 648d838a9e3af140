"""S3's replication with a lag, and messages to people, in a running local cloud."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.cloud_world import until
from tests.cloud.watch_world import DEADLINE, SPEED, A, B, C, Watched
from twin.cloud.process import Options, Running, local_cloud

KEYS = {each: f"arn:aws:kms:{each}:111122223333:key/one" for each in (A, B, C)}


@pytest.fixture(scope="module")
def watching() -> Iterator[Running]:
    with local_cloud(Options(functions="run", speed=SPEED, policies=False)) as running:
        yield running


@pytest.fixture
def world(watching: Running) -> Iterator[Watched]:
    found = Watched(watching.url, region=A)
    yield found
    found.knobs.darken()
    for each in found.knobs.ask("GET", "replication/objects"):
        lag(found, each["from"], each["to"], seconds=0)


def bucket(world: Watched, region: str) -> str:
    return f"data-{region}-{world.account}"


def rule(world: Watched, to: str, priority: int, *, encrypted: bool = True) -> dict[str, Any]:
    """Return a rule as the template storage has it."""
    return {
        "ID": f"to-{to}",
        "Priority": priority,
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Enabled"},
        **({"SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}}} if encrypted else {}),
        "Destination": {
            "Bucket": f"arn:aws:s3:::{bucket(world, to)}",
            "Metrics": {"Status": "Enabled", "EventThreshold": {"Minutes": 15}},
            "ReplicationTime": {"Status": "Enabled", "Time": {"Minutes": 15}},
            **({"EncryptionConfiguration": {"ReplicaKmsKeyID": KEYS[to]}} if encrypted else {}),
        },
    }


def replicate(world: Watched, *regions: str, encrypted: bool = True) -> None:
    """Make a bucket in each region, replicated to and from every other."""
    for region in regions:
        s3 = world.client("s3", region)
        s3.create_bucket(Bucket=bucket(world, region), CreateBucketConfiguration={"LocationConstraint": region})
        s3.put_bucket_versioning(Bucket=bucket(world, region), VersioningConfiguration={"Status": "Enabled"})
        default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEYS[region]}
        s3.put_bucket_encryption(
            Bucket=bucket(world, region),
            ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": default}]},
        )
    for region in regions:
        others = [each for each in regions if each != region]
        rules = [rule(world, to, place + 1, encrypted=encrypted) for place, to in enumerate(others)]
        world.client("s3", region).put_bucket_replication(
            Bucket=bucket(world, region),
            ReplicationConfiguration={"Role": f"arn:aws:iam::{world.account}:role/replication", "Rules": rules},
        )


def put(world: Watched, key: str, body: bytes = b"some", region: str = A) -> None:
    world.client("s3", region).put_object(Bucket=bucket(world, region), Key=key, Body=body, Tagging="kind=test")


def head(world: Watched, key: str, region: str) -> dict[str, Any] | None:
    try:
        return dict(world.client("s3", region).head_object(Bucket=bucket(world, region), Key=key))
    except ClientError:
        return None


def status(world: Watched, key: str, region: str = A) -> str:
    return str((head(world, key, region) or {}).get("ReplicationStatus"))


def lag(world: Watched, one: str, other: str, **how: Any) -> None:
    world.knobs.ask("PUT", "replication/objects", {"from": one, "to": other, **how})


def backlog(world: Watched, one: str = A, other: str = B) -> dict[str, Any]:
    found = world.knobs.ask("GET", "replication/objects")
    return dict(next(each for each in found if (each["from"], each["to"]) == (one, other)))


def test_an_object_is_pending_until_it_has_arrived_with_its_tags_and_the_other_regions_key(world: Watched) -> None:
    replicate(world, A, B)
    lag(world, A, B, seconds=1.5)
    begun = time.time()
    put(world, "one")
    assert (status(world, "one"), head(world, "one", B)) == ("PENDING", None)
    until(lambda: head(world, "one", B), DEADLINE)
    assert time.time() - begun >= 1.5
    until(lambda: status(world, "one") == "COMPLETED")
    arrived = head(world, "one", B) or {}
    assert (arrived["ReplicationStatus"], arrived["SSEKMSKeyId"]) == ("REPLICA", KEYS[B])
    tags = world.client("s3", B).get_object_tagging(Bucket=bucket(world, B), Key="one")["TagSet"]
    assert tags == [{"Key": "kind", "Value": "test"}]
    versions = world.client("s3", A).list_object_versions(Bucket=bucket(world, A))["Versions"]
    newest = world.client("s3", A).head_object(Bucket=bucket(world, A), Key="one", VersionId=versions[0]["VersionId"])
    assert newest["ReplicationStatus"] == "COMPLETED"


def test_replication_goes_both_ways_and_does_not_come_back(world: Watched) -> None:
    replicate(world, A, B)
    put(world, "from-a")
    put(world, "from-b", region=B)
    until(lambda: head(world, "from-a", B) and head(world, "from-b", A), DEADLINE)
    until(lambda: backlog(world)["pending"] == backlog(world, B, A)["pending"] == 0)
    for region in (A, B):
        listed = world.client("s3", region).list_object_versions(Bucket=bucket(world, region))["Versions"]
        assert len(listed) == 2


def test_every_destination_is_reached(world: Watched) -> None:
    replicate(world, A, B, C)
    lag(world, A, C, stopped=True)
    put(world, "wide")
    until(lambda: head(world, "wide", B), DEADLINE)
    assert (status(world, "wide"), head(world, "wide", C)) == ("PENDING", None)
    lag(world, A, C, seconds=0)
    until(lambda: head(world, "wide", C), DEADLINE)
    until(lambda: status(world, "wide") == "COMPLETED")


def test_what_a_lost_region_still_owes_is_told_and_arrives_when_it_is_back(world: Watched) -> None:
    replicate(world, A, B)
    lag(world, A, B, stopped=True)
    for number in range(3):
        put(world, f"late-{number}", b"12345")
    found = backlog(world)
    assert (found["pending"], found["bytes"], found["stopped"]) == (3, 15, True)
    world.knobs.darken(**{A.replace("-", "_"): "refuses"})
    lag(world, A, B, seconds=0)
    until(lambda: backlog(world)["oldest_seconds"] > 1)
    assert backlog(world)["pending"] == 3
    world.knobs.darken()
    until(lambda: all(head(world, f"late-{number}", B) for number in range(3)), DEADLINE)


def test_what_is_pending_is_published_in_the_region_that_waits_for_it(world: Watched) -> None:
    replicate(world, A, B)
    lag(world, A, B, stopped=True)
    put(world, "owed", b"12345")
    names = {"SourceBucket": bucket(world, A), "DestinationBucket": bucket(world, B), "RuleId": f"to-{B}"}

    def newest(metric: str, region: str) -> float | None:
        found = world.client("cloudwatch", region).get_metric_statistics(
            Namespace="AWS/S3", MetricName=metric, Period=60, Statistics=["Maximum"], StartTime=time.time() - 60,
            EndTime=time.time() + 60, Dimensions=[{"Name": name, "Value": value} for name, value in names.items()],
        )["Datapoints"]  # fmt: skip
        return max((each["Maximum"] for each in found), default=None)

    until(lambda: newest("BytesPendingReplication", B) == 5, DEADLINE)
    assert newest("OperationsPendingReplication", B) == 1
    until(lambda: (newest("ReplicationLatency", B) or 0) > 1, DEADLINE)
    assert newest("BytesPendingReplication", A) is None


def test_a_delete_is_replicated_after_the_object_that_it_deletes(world: Watched) -> None:
    replicate(world, A, B)
    lag(world, A, B, stopped=True)
    put(world, "gone")
    world.client("s3", A).delete_object(Bucket=bucket(world, A), Key="gone")
    lag(world, A, B, seconds=0)
    until(lambda: backlog(world)["pending"] == 0)
    s3 = world.client("s3", B)
    until(lambda: s3.list_object_versions(Bucket=bucket(world, B)).get("DeleteMarkers"), DEADLINE)
    assert (head(world, "gone", B), len(s3.list_object_versions(Bucket=bucket(world, B))["Versions"])) == (None, 1)


def test_encrypted_objects_stay_where_the_rule_does_not_ask_for_them(world: Watched) -> None:
    replicate(world, A, B, encrypted=False)
    put(world, "secret")
    world.client("s3", A).put_object(Bucket=bucket(world, A), Key="open", Body=b"x", ServerSideEncryption="AES256")
    until(lambda: head(world, "open", B), DEADLINE)
    assert (head(world, "secret", B), status(world, "secret")) == (None, "None")


def test_what_can_not_be_written_is_failed_and_said(world: Watched) -> None:
    replicate(world, A, B)
    world.client("s3", B).put_bucket_versioning(
        Bucket=bucket(world, B), VersioningConfiguration={"Status": "Suspended"}
    )
    put(world, "lost")
    until(lambda: status(world, "lost") == "FAILED", DEADLINE)


def test_nobody_is_told_by_mail_until_the_subscription_is_confirmed(world: Watched) -> None:
    sns = world.client("sns", A)
    topic = sns.create_topic(Name="people")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="oncall@example.com")

    def pending() -> list[str]:
        return [each["SubscriptionArn"] for each in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]]

    def told(source: str) -> list[dict[str, Any]]:
        return [each for each in world.events(source, A) if each["detail"].get("topic") == topic]

    assert pending() == ["PendingConfirmation"]
    sns.publish(TopicArn=topic, Subject="first", Message="nobody hears")
    assert not told("people")
    assert [each["what"] for each in told("service")] == ["nobody is told: first"]
    world.knobs.ask("PUT", "people", {"confirm": True})
    assert pending()[0].startswith(topic)
    sns.publish(TopicArn=topic, Subject="second", Message="heard")
    (heard,) = told("people")
    assert (heard["what"], heard["detail"]["message"]) == ("second", "heard")
    assert heard["detail"]["to"] == ["oncall@example.com"]
