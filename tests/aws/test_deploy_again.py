"""A deployed environment in which something goes wrong afterwards: what is seen, refused, healed and protected."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from generator.aws import databases, observe
from generator.aws.clients import CHANGING, Clouds, Keys
from generator.aws.deploy import Options, RefusedError, Result, deploy
from generator.aws.events import Event, Said, WaveBegan
from generator.aws.faults import DeployError
from generator.aws.looking import DarkError, ask
from generator.aws.uploads import Packages
from generator.aws.works import Library, to_upload
from generator.cli.deploy import ended
from generator.config import Environment
from generator.errors import Exit
from generator.plan.model import Kind, Seen, SeenStackSet
from generator.plan.recorded import placed
from generator.plan.wanted import Facts
from generator.plan.waves import plan
from tests.aws.deploy_world import Heard, clouds_of, environment
from twin.cloud.knobs import Knobs
from twin.cloud.process import Running

ORIGIN, STANDBY = "eu-west-1", "eu-central-1"


@dataclass
class Standing:
    """An environment that is deployed whole."""

    wanted: Environment
    clouds: Clouds
    knobs: Knobs
    result: Result

    def changed(self, days: int) -> tuple[Environment, Clouds]:
        """Return another state of its file, in which only the stacks of storage differ."""
        storage = self.wanted.storage.model_copy(update={"noncurrent_days": days})
        other = self.wanted.model_copy(update={"storage": storage})
        return other, Clouds(other, local=self.clouds.local)

    def stack(self, name: str, region: str) -> str:
        """Return the id of a stack."""
        places = placed(self.wanted, self.result.seen).instances
        found = self.result.seen.stack_of(next(each for each in places if (each.stack, each.region) == (name, region)))
        assert found is not None
        return found.id


@pytest.fixture(scope="module")
def standing(shared_cloud: Running) -> Standing:
    wanted = environment("standing")
    clouds = clouds_of(shared_cloud, wanted)
    return Standing(wanted, clouds, Knobs(shared_cloud.url), deploy(wanted, clouds, Heard()))


@pytest.fixture(params=["closed", "full"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    """A port that refuses, or one whose queue is full: a connection to it is never answered, not even refused."""
    sockets = [socket.socket()]
    sockets[0].bind(("127.0.0.1", 0))
    address = sockets[0].getsockname()
    if request.param == "closed":
        sockets[0].close()
    else:
        sockets[0].listen(0)
        for _ in range(4):
            sockets.append(socket.socket())
            sockets[-1].setblocking(False)
            sockets[-1].connect_ex(address)
    yield address[1]
    for each in sockets:
        each.close()


def test_a_region_that_can_not_be_reached_at_all_is_dark_and_the_others_are_seen(standing: Standing, port: int) -> None:
    assert standing.clouds.local is not None
    keys = Keys(standing.clouds.local.endpoint, {ORIGIN: f"http://127.0.0.1:{port}"})
    seen = observe.seen(standing.wanted, Clouds(standing.wanted, local=keys))
    assert seen.dark == (ORIGIN,)
    assert seen.database.active == ORIGIN  # as the other region says
    stacks = [each.stack for one in seen.stacksets.values() for each in one.instances if each.region == STANDBY]
    assert stacks and None not in stacks


def test_markers_of_a_region_that_does_not_answer_are_not_known(
    standing: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert observe.seen(standing.wanted, standing.clouds).markers_known

    def unanswered(region: str, doing: str, question: Any) -> Any:
        if doing == "asking for the markers" and region == STANDBY:
            raise DarkError(doing)
        return ask(region, doing, question)

    monkeypatch.setattr(observe, "ask", unanswered)
    assert not observe.seen(standing.wanted, standing.clouds).markers_known


def test_markers_in_a_dark_region_are_not_known(standing: Standing) -> None:
    standing.knobs.darken(eu_west_1="refuses")
    try:
        seen = observe.seen(standing.wanted, standing.clouds)
    finally:
        standing.knobs.darken()
    assert seen.dark == (ORIGIN,)
    assert not seen.markers_known


def test_regions_that_say_different_things_of_the_writer_leave_nobody_active(
    standing: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = databases._global_cluster

    def after_a_failover(clouds: Clouds, region: str, name: str) -> Mapping[str, Any]:
        found = dict(real(clouds, region, name) or {})
        writer = ORIGIN if region == ORIGIN else STANDBY  # the region that was lost still believes that it writes
        members = found["GlobalClusterMembers"]
        found["GlobalClusterMembers"] = [
            {**each, "IsWriter": f":{writer}:" in each["DBClusterArn"]} for each in members
        ]
        return found

    monkeypatch.setattr(databases, "_global_cluster", after_a_failover)
    assert databases.database(standing.clouds).active == ""
    other, clouds = standing.changed(55)
    with pytest.raises(RefusedError, match=r"no writer|nobody|who writes"):
        deploy(other, clouds, Heard())


class Slow:
    """Has looks at the origin's stacks unanswered once a wave has begun; remembers how patiently was asked first."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, misses: int = 1) -> None:
        self.real, self.begun, self.misses = observe._region, False, misses
        self.patience: list[Any] = []
        monkeypatch.setattr(observe, "_region", self.region)

    def region(self, clouds: Clouds, place: observe.Place) -> Any:
        if self.begun:
            self.patience.append(clouds.patience)
        if self.begun and place[1] == ORIGIN and self.misses:
            self.misses -= 1
            return None
        return self.real(clouds, place)

    def __call__(self, event: Event) -> None:
        self.begun |= isinstance(event, WaveBegan)


def test_a_region_that_turns_dark_on_the_way_ends_the_deployment_with_that(
    standing: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, clouds = standing.changed(66)
    slow = Slow(monkeypatch)
    with pytest.raises(DeployError, match=f"{ORIGIN} answered before and does not any more") as error:
        deploy(other, clouds, slow)
    assert "--without-dark" in error.value.hint
    assert set(slow.patience) == {CHANGING}


def test_a_deployment_that_passed_a_region_over_says_so_and_does_not_end_well(
    standing: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, clouds = standing.changed(67)
    slow, heard = Slow(monkeypatch, misses=100), Heard()

    def sink(event: Event) -> None:
        slow(event)
        heard(event)

    result = deploy(other, clouds, sink, Options(allowed=frozenset({"--without-dark"})))
    assert result.seen.dark == (ORIGIN,)
    assert result.changed == ("dr-standing-storage",)
    assert any(f"{ORIGIN} answered before" in each.text for each in heard.of(Said))
    assert ended(result) == Exit.FINDINGS
    assert ended(standing.result) == Exit.FINE


def test_a_region_that_only_hesitated_is_looked_at_again_and_not_passed_over(
    standing: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, clouds = standing.changed(68)
    slow = Slow(monkeypatch)
    result = deploy(other, clouds, slow, Options(allowed=frozenset({"--without-dark"})))
    assert (result.seen.dark, result.changed) == ((), ("dr-standing-storage",))
    assert ended(result) == Exit.FINE
    assert deploy(other, clouds, Heard()).changed == ()


def test_a_dark_region_is_not_asked_again(standing: Standing) -> None:
    before = replace(standing.result.seen, dark=(ORIGIN,))
    account = standing.wanted.accounts.workload
    standing.knobs.forget_calls()
    seen = observe.again(standing.wanted, standing.clouds, before, places={(account, ORIGIN), (account, STANDBY)})
    assert seen.dark == (ORIGIN,)
    assert "DescribeStacks" not in standing.knobs.calls(account=account, region=ORIGIN)
    assert "DescribeStacks" in standing.knobs.calls(account=account, region=STANDBY)


def test_a_replica_of_the_secret_that_somebody_removed_is_made_again_under_the_regions_key(standing: Standing) -> None:
    deploy(standing.wanted, standing.clouds, Heard())
    client, name = standing.clouds.client("secretsmanager", ORIGIN), f"dr-{standing.wanted.suffix}-database"
    before = client.describe_secret(SecretId=name)["ReplicationStatus"]
    client.remove_regions_from_replication(SecretId=name, RemoveReplicaRegions=[STANDBY])
    assert not client.describe_secret(SecretId=name).get("ReplicationStatus")
    result = deploy(standing.wanted, standing.clouds, Heard())
    assert result.changed == (f"secret's replica in {STANDBY}",)
    assert not [each for each in result.checks if each.failing and each.problem]
    after = client.describe_secret(SecretId=name)["ReplicationStatus"]
    assert [(each["Region"], each["KmsKeyId"]) for each in after] == [
        (each["Region"], each["KmsKeyId"]) for each in before
    ]
    assert deploy(standing.wanted, standing.clouds, Heard()).changed == ()


def _denied(standing: Standing, region: str) -> list[str]:
    client = standing.clouds.client("cloudformation", region)
    policy = json.loads(client.get_stack_policy(StackName=standing.stack("storage", region))["StackPolicyBody"])
    return [title for each in policy["Statement"] if each["Effect"] == "Deny" for title in each["Resource"]]


def test_a_replacement_that_fails_leaves_no_stack_without_its_policy(standing: Standing) -> None:
    other, clouds = standing.changed(88)
    assert "LogicalResourceId/DataBucket" in _denied(standing, ORIGIN)
    standing.knobs.fail(stack="StackSet-dr-standing-storage-*", region=ORIGIN, when="update", reason="not today")
    try:
        with pytest.raises(DeployError, match="not today"):
            deploy(other, clouds, Heard(), Options(allowed=frozenset({"--replace-data"})))
    finally:
        standing.knobs.heal()
    assert "LogicalResourceId/DataBucket" in _denied(standing, ORIGIN)
    assert "LogicalResourceId/DataBucket" in _denied(standing, STANDBY)
    deploy(standing.wanted, standing.clouds, Heard())


def _with(seen: Seen, status: str) -> Seen:
    def marked(one: SeenStackSet) -> SeenStackSet:
        instances = [replace(each, stack=each.stack and replace(each.stack, status=status)) for each in one.instances]
        return replace(one, instances=tuple(instances))

    return replace(seen, stacksets={name: marked(one) for name, one in seen.stacksets.items()})


@pytest.mark.parametrize(("status", "lacking"), [("ROLLBACK_COMPLETE", True), ("UPDATE_ROLLBACK_COMPLETE", False)])
def test_a_stack_whose_creation_failed_runs_no_package(standing: Standing, status: str, *, lacking: bool) -> None:
    packages = Packages()
    try:
        library, seen = Library(standing.wanted, packages), _with(standing.result.seen, status)
        facts = Facts(standing.wanted, seen, packages.keys, {})
        waves = plan(standing.wanted, seen).waves
        works = [each for wave in waves for each in wave if each.kind is Kind.PACKAGES]
        every = frozenset(packages.keys.values())
        assert [to_upload(facts, library, each) for each in works] == [every if lacking else frozenset()] * len(works)
        assert works
    finally:
        packages.close()
