"""``destroy`` in the local cloud: what goes, what stays and why, after a swap too, and when it is stopped halfway."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from generator import naming
from generator.aws import observe
from generator.aws.clients import Clouds, Keys
from generator.aws.deploy import deploy
from generator.aws.destroy import Options, Result, destroy, planned
from generator.aws.events import Event, WaveBegan
from generator.aws.lease import HeldError, Lease
from generator.aws.paces import Halt, HaltedError
from generator.cli.destroy import Wishes, carry
from generator.cli.progress import shown
from generator.config import Environment
from generator.errors import Exit
from generator.plan.leftovers import deployed
from tests.aws.deploy_world import Heard, clouds_of, environment
from tests.aws.status_world import A, B, silence
from twin.cloud.process import Running


def disposable(suffix: str) -> Environment:
    made = environment(suffix)
    database = made.database.model_copy(update={"deletion_protection": False, "instances": 1})
    return made.model_copy(update={"disposable": True, "database": database})


def bucket(made: Environment, region: str) -> str:
    return naming.DATA_BUCKET.of(suffix=made.suffix, region=region, account=made.accounts.workload)


def put(clouds: Clouds, region: str) -> None:
    """Put an object into the region's data bucket, replace it, and delete another."""
    s3, name = clouds.client("s3", region), bucket(clouds.environment, region)
    for body in (b"one", b"two"):
        s3.put_object(Bucket=name, Key="kept", Body=body)
    s3.put_object(Bucket=name, Key="gone", Body=b"x")
    s3.delete_object(Bucket=name, Key="gone")


def swap(clouds: Clouds, origin: str, target: str) -> None:
    made = clouds.environment
    arn = f"arn:aws:rds:{target}:{made.accounts.workload}:cluster:dr-{made.suffix}-{target}"
    clouds.client("rds", origin).switchover_global_cluster(
        GlobalClusterIdentifier=f"dr-{made.suffix}", TargetDbClusterIdentifier=arn
    )


def clusters(clouds: Clouds, region: str) -> list[str]:
    return [each["DBClusterIdentifier"] for each in clouds.client("rds", region).describe_db_clusters()["DBClusters"]]


def buckets(clouds: Clouds) -> set[str]:
    return {each["Name"] for each in clouds.client("s3", A).list_buckets()["Buckets"]}


def remains(clouds: Clouds) -> dict[str, Any]:
    """Return what is left of the environment anywhere."""
    made = clouds.environment
    seen = observe.seen(made, clouds)
    return {
        "instances": tuple(deployed(made, seen)),
        "stacksets": tuple(seen.stacksets),
        "clusters": [name for region in (A, B) for name in clusters(clouds, region)],
        "buckets": buckets(clouds),
    }


NOTHING: dict[str, Any] = {"instances": (), "stacksets": (), "clusters": [], "buckets": set()}


@pytest.mark.parametrize("swapped", [False, True], ids=["as it was born", "after a swap"])
def test_a_disposable_environment_goes_whole(shared_cloud: Running, swapped: bool) -> None:
    made = disposable("gone" if swapped else "away")
    clouds = clouds_of(shared_cloud, made)
    deploy(made, clouds, Heard())
    put(clouds, A)
    if swapped:
        swap(clouds, A, B)
    result = destroy(made, clouds, Heard())
    assert (result.left, result.snapshots, result.dark) == ((), (), ())
    assert remains(clouds) == NOTHING
    databases = [each for each in result.done if f"dr-{made.suffix}-database" in each and "StackSet" not in each]
    active = B if swapped else A
    assert databases[-1].endswith(active), databases  # the writer's region last
    again = destroy(made, clouds, Heard())
    assert again.done == ()


def test_what_holds_data_stays_and_a_deploy_brings_the_rest_back(shared_cloud: Running) -> None:
    made = environment("stays")
    clouds = clouds_of(shared_cloud, made)
    deploy(made, clouds, Heard())
    put(clouds, A)
    swap(clouds, A, B)
    before = {each.stackset for each in deployed(made, observe.seen(made, clouds))}
    result = destroy(made, clouds, Heard())
    why = {each.name.removeprefix(f"dr-{made.suffix}-"): each.why for each in result.left}
    assert "data" in why["database"] and "data" in why["storage"]
    assert {"keys", "network", "global-database", "zone"} <= set(why)
    assert clusters(clouds, A) and clusters(clouds, B)
    assert clouds.client("s3", A).get_object(Bucket=bucket(made, A), Key="kept")["Body"].read() == b"two"
    left = {each.stackset for each in deployed(made, observe.seen(made, clouds))}
    assert f"dr-{made.suffix}-probe" not in left
    assert destroy(made, clouds, Heard()).done == ()
    deploy(made, clouds, Heard())
    assert {each.stackset for each in deployed(made, observe.seen(made, clouds))} == before
    assert observe.seen(made, clouds).database.active == B


def test_data_goes_only_after_a_snapshot_and_buckets_stay(shared_cloud: Running) -> None:
    made = environment("data")
    clouds = clouds_of(shared_cloud, made)
    deploy(made, clouds, Heard())
    put(clouds, A)
    result = destroy(made, clouds, Heard(), Options(data=True))
    assert [clusters(clouds, region) for region in (A, B)] == [[], []]
    assert sorted(arn.split(":")[3] for arn in result.snapshots) == sorted((A, B))
    for region in (A, B):
        (found,) = [
            each
            for each in clouds.client("rds", region).describe_db_cluster_snapshots(SnapshotType="manual")[
                "DBClusterSnapshots"
            ]
            if each["DBClusterIdentifier"] == f"dr-{made.suffix}-{region}"
        ]
        assert found["Status"] == "available"
    assert clouds.client("s3", A).get_object(Bucket=bucket(made, A), Key="kept")["Body"].read() == b"two"
    assert {each.name.removeprefix(f"dr-{made.suffix}-") for each in result.left} >= {"keys", "storage"}


def test_it_is_refused_while_somebody_deploys_and_stopped_at_every_wave_it_ends_the_same(shared_cloud: Running) -> None:
    made = disposable("halted")
    clouds = clouds_of(shared_cloud, made)
    deploy(made, clouds, Heard())
    before = remains(clouds)
    assert planned(made, clouds, data=False)[0].waves
    assert remains(clouds) == before  # a dry look changes nothing
    other = Lease(clouds)
    other.take(other.read(), lambda _why: None)
    with pytest.raises(HeldError):
        destroy(made, clouds, Heard())
    other.release()
    assert remains(clouds) == before
    stops = 0
    for wave in range(1, 60):
        halt = Halt()
        try:
            result: Result | None = destroy(made, clouds, stopper(halt, wave), halt=halt)
            break
        except HaltedError as error:
            stops, result = stops + 1, None
            assert "destroy" in error.hint
    assert stops > 3
    assert result is not None and result.left == ()
    assert remains(clouds) == NOTHING


def stopper(halt: Halt, wave: int) -> Callable[[Event], None]:
    """Return a sink that asks to stop when that wave begins."""

    def sink(event: Event) -> None:
        if isinstance(event, WaveBegan) and event.number >= wave:
            halt.ask("a test stops it")

    return sink


def test_with_a_region_dark_the_rest_goes_and_what_could_not_be_done_is_told(
    shared_cloud: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    made = disposable("night")
    clouds = clouds_of(shared_cloud, made)
    deploy(made, clouds, Heard())
    wishes = Wishes(yes=True, as_json=True)
    with silence() as nobody:
        half = Clouds(made, local=Keys(shared_cloud.url, {A: nobody}))
        assert carry(made, half, wishes, lambda: shown(as_json=True), "again") == Exit.FINDINGS
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told = lines[-1]
    assert (told["event"], told["complete"], told["dark"]) == ("destroyed", False, [A])
    why = {each["name"].removeprefix(f"dr-{made.suffix}-"): each["why"] for each in told["left"]}
    assert why["probe"] == f"{A} does not answer"
    assert "deployment" in why
    assert clusters(clouds, A) == [f"dr-{made.suffix}-{A}"]
    assert carry(made, clouds, wishes, lambda: shown(as_json=True), "again") == Exit.FINE
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["complete"] is True
    assert remains(clouds) == NOTHING
