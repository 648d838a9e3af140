"""``destroy`` in the local cloud: what goes, what stays and why, after a swap too, and when it is stopped halfway."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from generator import naming
from generator.aws import observe
from generator.aws.clients import Clouds, Keys, Patience
from generator.aws.deploy import deploy
from generator.aws.destroy import Options, Result, destroy, planned
from generator.aws.events import Event, Said, WaveBegan
from generator.aws.lease import Entry, HeldError, Lease
from generator.aws.paces import Halt, HaltedError
from generator.cli.destroy import Wishes, carry
from generator.cli.progress import shown
from generator.config import Environment
from generator.errors import Exit
from generator.plan.leftovers import deployed
from generator.plan.retention import NotDisposableError, deleting
from tests.aws.deploy_world import Heard, clouds_of, environment, eventually
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


class Watched:
    """A sink that reads the lease when the stack that holds its table is about to be deleted."""

    def __init__(self, clouds: Clouds) -> None:
        self.clouds = clouds
        self.leases: list[Entry] = []

    def __call__(self, event: Event) -> None:
        stack = f"delete the stack dr-{self.clouds.environment.suffix}-deployment"
        if isinstance(event, Said) and event.text.startswith(stack):
            self.leases.append(Lease(self.clouds).read())


@pytest.mark.parametrize("swapped", [False, True], ids=["as it was born", "after a swap"])
def test_a_disposable_environment_goes_whole(shared_cloud: Running, swapped: bool) -> None:
    made = disposable("gone" if swapped else "away")
    clouds = clouds_of(shared_cloud, made)
    deploy(made, clouds, Heard())
    put(clouds, A)
    if swapped:
        swap(clouds, A, B)
    watched = Watched(clouds)
    result = destroy(made, clouds, watched)
    assert [(entry.table, entry.holder) for entry in watched.leases] == [(True, "")], "the lease is given back first"
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
    before = remains(clouds)
    loose = made.model_copy(update={"disposable": True})
    for run in (lambda: planned(loose, clouds, data=False), lambda: destroy(loose, clouds, Heard())):
        with pytest.raises(NotDisposableError):
            run()
    assert remains(clouds) == before, "a word in the file takes nothing away"
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


def test_a_cluster_that_left_is_snapshotted_a_missed_update_is_made_up_for_and_strays_are_named(
    shared_cloud: Running,
) -> None:
    made = environment("apart")
    clouds = clouds_of(shared_cloud, made)
    deploy(made, clouds, Heard())
    arn = f"arn:aws:rds:{B}:{made.accounts.workload}:cluster:dr-apart-{B}"
    clouds.client("rds", B).remove_from_global_cluster(GlobalClusterIdentifier="dr-apart", DbClusterIdentifier=arn)
    halve(clouds, "dr-apart-probe", A)
    kept = clouds.client("cloudformation", "us-east-1")
    kept.create_stack(
        StackName="StackSet-dr-apart-storage-1",
        TemplateBody=json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}),
        Tags=[{"Key": key, "Value": value} for key, value in naming.tags("apart").items()],
    )
    result = destroy(made, clouds, Heard(), Options(data=True))
    assert sorted(arn.split(":")[3] for arn in result.snapshots) == sorted((A, B))
    for region in (A, B):
        assert clusters(clouds, region) == []
        assert clouds.client("dynamodb", region).list_tables()["TableNames"] in ([], ["dr-apart-deployment"])
    (stray,) = [each for each in result.left if each.regions == ("us-east-1",)]
    assert stray.name == "StackSet-dr-apart-storage-1"


def halve(clouds: Clouds, name: str, region: str) -> None:
    """Send the StackSet the template that deletes, to one region only."""
    client = clouds.stacksets()
    found = client.describe_stack_set(StackSetName=name)["StackSet"]
    given = {key: found[key] for key in ("Parameters", "Tags", "AdministrationRoleARN", "ExecutionRoleName")}
    operation = client.update_stack_set(
        StackSetName=name,
        TemplateBody=deleting(found["TemplateBody"]),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Accounts=[clouds.environment.accounts.workload],
        Regions=[region],
        **given,
    )["OperationId"]
    eventually(lambda: _ended(client, name, operation))
    statuses = {each["Region"]: each["Status"] for each in client.list_stack_instances(StackSetName=name)["Summaries"]}
    assert statuses == {A: "CURRENT", B: "OUTDATED"}


def _ended(client: Any, name: str, operation: str) -> bool:
    found = client.describe_stack_set_operation(StackSetName=name, OperationId=operation)["StackSetOperation"]
    return str(found["Status"]) == "SUCCEEDED"


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


BRIEF = Patience(connect=0.3, read=0.3, tries=1)


class Night(Clouds):
    """Clouds in which one region never answers: it is asked briefly, and the others as patiently as ever."""

    def looking(self) -> Clouds:
        return self

    def client(self, service: str, region: str, account: str = "") -> Any:
        if region == A:
            return self.having(BRIEF).client(service, region, account)
        return super().client(service, region, account)


def test_with_a_region_dark_the_rest_goes_and_what_could_not_be_done_is_told(
    shared_cloud: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    made = disposable("night")
    clouds = clouds_of(shared_cloud, made)
    deploy(made, clouds, Heard())
    wishes = Wishes(yes=True, as_json=True)
    with silence() as nobody:
        half = Night(made, local=Keys(shared_cloud.url, {A: nobody}))
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
