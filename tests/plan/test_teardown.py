"""An environment goes in an order that AWS accepts, before and after a failover, and says what it leaves and why."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from generator.config import Environment
from generator.plan.model import (
    DeleteInstances,
    DeleteStack,
    DeleteStackSet,
    SeenStack,
    UpdateInstances,
    UpdateStackSet,
    Wait,
)
from generator.plan.steps import EmptyBucket, RemoveSecretReplicas, Snapshot, Teardown, Unprotect
from generator.plan.teardown import teardown
from tests.plan.cloud import Cloud, FailedError
from tests.plan.deploying import cut_off, deploy, deployed, example, shipped, with_database

ONE, TWO = "eu-west-1", "eu-central-1"


def disposable(environment: Environment) -> Environment:
    updates = {"deletion_protection": False}
    database = environment.database.model_copy(update=updates)
    return environment.model_copy(update={"disposable": True, "database": database, "suffix": "gone"})


def destroy(environment: Environment, cloud: Cloud, *, data: bool = False, limit: int | None = None) -> Teardown:
    """Take the environment down on the cloud, or as many steps of it."""
    found = teardown(environment, cloud.seen(), data=data)
    for index, step in enumerate(found.steps):
        if limit is not None and index >= limit:
            break
        cloud.apply(step)
    return found


def order(found: Teardown, name: str) -> list[tuple[str, ...]]:
    return [each.regions for each in found.steps if isinstance(each, DeleteInstances) and each.name == name]


@pytest.mark.parametrize("name", ["example", "three-regions", "witness"])
@pytest.mark.parametrize("swapped", [False, True])
def test_a_disposable_environment_goes_without_a_trace_also_after_a_failover(name: str, swapped: bool) -> None:
    environment = disposable(shipped(name))
    cloud = deployed(environment)
    if swapped:
        cloud.writer = environment.standbys[0].name
    found = destroy(environment, cloud)
    assert (cloud.sets, cloud.plain, found.left) == ({}, {}, ())
    assert cloud.snapshots == [], "nobody wants them"
    assert teardown(environment, cloud.seen(), data=False).steps == ()


@pytest.mark.parametrize("active", [ONE, TWO])
def test_standbys_go_first_by_the_role_that_they_have_now_and_the_global_cluster_last(active: str) -> None:
    environment = disposable(example())
    cloud = deployed(environment)
    cloud.writer = active
    found = teardown(environment, cloud.seen(), data=False)
    (other,) = {ONE, TWO} - {active}
    assert order(found, "dr-gone-database") == [(other,), (active,)]
    kinds = [type(each).__name__ for each in found.steps]
    names = [getattr(each, "name", "") for each in found.steps]
    members = kinds.index("AssertNoMembers")
    assert names.index("dr-gone-database") < members < names.index("dr-gone-global-database")


def test_what_stands_on_something_goes_before_it() -> None:
    environment = disposable(shipped("three-regions"))
    found = teardown(environment, deployed(environment).seen(), data=False)
    at: dict[str, int] = {}
    for index, step in enumerate(found.steps):
        if isinstance(step, DeleteInstances | DeleteStack):
            at[step.name] = index
    chain = ("records-weighted", "health", "marker-us-east-1", "probe", "database", "network", "keys", "stackset-roles")
    places = [at[f"dr-gone-{name}"] for name in (*chain, "deployment")]
    assert places == sorted(places)
    assert at["dr-gone-records-weighted"] < at["dr-gone-zone"]


def test_the_stack_that_holds_the_lease_goes_last_in_whatever_order_the_stacks_are_listed() -> None:
    environment = disposable(example())
    seen = deployed(environment).seen()
    roles = next(each for (_, name), each in seen.plain.items() if name.endswith("-stackset-roles"))
    other = {("999900001111", roles.name): replace(roles, account="999900001111")}
    for plain in ({**other, **seen.plain}, {**seen.plain, **other}, dict(reversed({**seen.plain, **other}.items()))):
        steps = teardown(environment, replace(seen, plain=plain), data=False).steps
        deleted = [each.name for each in steps if isinstance(each, DeleteStack)]
        assert deleted == ["dr-gone-stackset-roles", "dr-gone-stackset-roles", "dr-gone-deployment"]
        assert isinstance(steps[-1], DeleteStack)


def test_every_bucket_of_a_disposable_environment_is_emptied_before_its_stack_goes() -> None:
    environment = disposable(example())
    cloud = deployed(environment)
    found = destroy(environment, cloud)
    emptied = [index for index, each in enumerate(found.steps) if isinstance(each, EmptyBucket)]
    assert len(cloud.emptied) == 2 * 3 + 1, "data, logs and code in each region, and the templates"
    (artifacts,) = [index for index, each in enumerate(found.steps) if getattr(each, "name", "") == "dr-gone-artifacts"
                    and isinstance(each, DeleteInstances)]  # fmt: skip
    assert sum(index < artifacts for index in emptied) == 6


def test_without_asking_for_the_data_everything_else_goes_and_the_reasons_are_said() -> None:
    environment = example()
    cloud = deployed(environment)
    found = destroy(environment, cloud)
    left = {each.name.removeprefix("dr-example-") for each in found.left}
    assert left == {
        "keys", "artifacts", "network", "global-database", "database", "storage", "backup", "zone",
        "stackset-roles", "deployment", f"peering-request-{ONE}-{TWO}", f"peering-accept-{ONE}-{TWO}",
    }  # fmt: skip
    assert set(cloud.sets) | {name for _, _, name in cloud.plain} == {f"dr-example-{name}" for name in left}
    assert all(each.why and each.regions for each in found.left)
    assert cloud.lost == [f"dr-example-probe/{region}/StateTable" for region in (ONE, TWO)], "written anew"
    assert cloud.snapshots == cloud.emptied == []
    assert teardown(environment, cloud.seen(), data=False).steps == (), "a second time there is nothing to do"


def test_what_was_left_can_be_deployed_again() -> None:
    environment = example()
    cloud = deployed(environment)
    before = cloud.state()
    destroy(environment, cloud)
    deploy(environment, cloud)
    assert set(cloud.state()["stacks"]) == set(before["stacks"])
    assert deploy(environment, cloud) == []


@pytest.mark.parametrize("active", [ONE, TWO])
def test_data_that_is_asked_for_is_snapshotted_everywhere_before_anything_is_changed(active: str) -> None:
    environment = example()
    cloud = deployed(environment)
    cloud.writer = active
    found = destroy(environment, cloud, data=True)
    assert sorted(cloud.snapshots) == sorted([ONE, TWO])
    kinds = [type(each) for each in found.steps]
    last_snapshot = max(index for index, kind in enumerate(kinds) if kind is Snapshot)
    assert all(kind is Snapshot for kind in kinds[: last_snapshot + 1])
    assert not cloud.clusters()
    assert {each.name.removeprefix("dr-example-") for each in found.left} == {
        "keys", "artifacts", "storage", "backup", "stackset-roles", "deployment",
    }  # fmt: skip
    assert not [each for each in cloud.lost if "Bucket" in each or "/Key" in each or "Vault" in each]
    assert cloud.emptied == []


def test_protection_is_cleared_and_replicas_removed_in_steps_of_their_own_before_the_deletion() -> None:
    environment = example()
    found = teardown(environment, deployed(environment).seen(), data=True)
    names = [(type(each), getattr(each, "name", "")) for each in found.steps]
    deleted = names.index((DeleteInstances, "dr-example-database"))
    cleared = [index for index, each in enumerate(found.steps) if isinstance(each, UpdateInstances)]
    assert [found.steps[index].overrides["DeletionProtection"] for index in cleared] == ["false"] * 3  # type: ignore[attr-defined]
    policies = next(
        each for each in found.steps if isinstance(each, UpdateStackSet) and each.name == "dr-example-database"
    )
    assert '"Retain' not in policies.template and '"Snapshot"' not in policies.template
    assert found.steps.index(policies) < min(cleared)
    assert max(cleared) < names.index((RemoveSecretReplicas, "")) < deleted
    (replicas,) = [each.replicas for each in found.steps if isinstance(each, RemoveSecretReplicas)]
    assert replicas == (TWO,)


def test_the_template_that_deletes_is_the_deployed_one_but_for_its_policies() -> None:
    environment = example()
    cloud = deployed(environment)
    found = teardown(environment, cloud.seen(), data=True)
    sent = next(each for each in found.steps if isinstance(each, UpdateStackSet) and each.name == "dr-example-database")
    deployed_one, changed = json.loads(cloud.sets["dr-example-database"].template), json.loads(sent.template)
    for body in (*deployed_one["Resources"].values(), *changed["Resources"].values()):
        body.pop("DeletionPolicy", None)
        body.pop("UpdateReplacePolicy", None)
    assert changed == deployed_one


@pytest.mark.parametrize("data", [False, True])
def test_a_teardown_that_is_cut_off_anywhere_goes_on_where_it_was(data: bool) -> None:
    environment = shipped("witness")
    whole = deployed(environment)
    count = len(destroy(environment, whole, data=data).steps)
    for limit in range(count):
        cloud = deployed(environment)
        destroy(environment, cloud, data=data, limit=limit)
        destroy(environment, cloud, data=data)
        assert set(cloud.state()["stacks"]) == set(whole.state()["stacks"]), limit
        assert set(cloud.sets) == set(whole.sets), limit
        assert teardown(environment, cloud.seen(), data=data).steps == (), limit


def test_what_a_failed_first_deploy_left_behind_goes_too() -> None:
    environment = disposable(example())
    for limit in range(0, 40, 4):
        cloud = Cloud(environment)
        cut_off(environment, cloud, limit)
        destroy(environment, cloud)
        assert (cloud.sets, cloud.plain) == ({}, {}), limit
    cloud = Cloud(environment)
    cloud.failing[("dr-gone-recovery", TWO)] = 1
    with pytest.raises(FailedError):
        deploy(environment, cloud)
    destroy(environment, cloud)
    assert (cloud.sets, cloud.plain) == ({}, {})


def test_a_dark_region_keeps_what_is_there_and_what_holds_it_and_the_rest_goes() -> None:
    environment = disposable(example())
    cloud = deployed(environment)
    cloud.dark = {ONE}
    found = destroy(environment, cloud)
    assert not [spot for each in cloud.sets.values() for spot in each.instances if spot[1] == TWO]
    left = {each.name for each in found.left}
    assert {f"dr-gone-{name}" for name in ("global-database", "stackset-roles", "deployment", "keys")} <= left
    assert all("does not answer" in each.why for each in found.left if each.name == "dr-gone-keys")
    cloud.dark = set()
    assert destroy(environment, cloud).left == ()
    assert (cloud.sets, cloud.plain) == ({}, {})


def test_the_active_region_stays_while_a_standby_is_dark() -> None:
    environment = disposable(shipped("three-regions"))
    cloud = deployed(environment)
    cloud.writer, cloud.dark = "us-west-2", {"us-east-1"}
    found = destroy(environment, cloud)
    assert set(cloud.clusters()) == {"us-east-1", "us-west-2"}, "the standby that answers is gone"
    assert any("the writer goes last" in each.why for each in found.left)
    kept = {(each.name, region) for each in found.left for region in each.regions}
    assert {("dr-gone-network", "us-west-2"), ("dr-gone-keys", "us-west-2")} <= kept
    assert ("dr-gone-network", "eu-west-1") not in kept


def test_a_secret_whose_replica_is_dark_keeps_its_cluster() -> None:
    environment = disposable(example())
    cloud = deployed(environment)
    cloud.dark = {TWO}
    found = teardown(environment, cloud.seen(), data=False)
    (database,) = [each for each in found.left if each.name == "dr-gone-database" and each.regions == (ONE,)]
    assert "trap 98" in database.why
    assert order(found, "dr-gone-database") == []
    kept = {(each.name, region) for each in found.left for region in each.regions}
    assert {("dr-gone-network", ONE), ("dr-gone-keys", ONE)} <= kept, "the cluster is in it, and read with it"


def test_no_cluster_is_deleted_while_nobody_can_snapshot_it() -> None:
    environment = example()
    cloud = deployed(environment)
    seen = cloud.seen()
    found = teardown(environment, replace(seen, database=replace(seen.database, known=False, members=())), data=True)
    assert order(found, "dr-example-database") == []
    assert "dr-example-database" in {each.name for each in found.left}


def test_an_operation_that_runs_is_waited_for_first() -> None:
    environment = disposable(example())
    cloud = deployed(environment)
    cloud.slow = {"dr-gone-network"}
    cloud.apply(DeleteInstances("", "dr-gone-network", environment.accounts.workload, (ONE,), retain=True))
    found = teardown(environment, cloud.seen(), data=False)
    assert [type(each) for each in found.waves[0]] == [Wait]


def test_termination_protection_is_taken_off_what_goes_and_stays_on_what_stays() -> None:
    environment = example()
    cloud = deployed(environment)
    for name in ("dr-example-database", "dr-example-observability"):
        for each in cloud.sets[name].instances.values():
            assert each.stack is not None
            each.stack.protected = True
    off = [each.stack for each in teardown(environment, cloud.seen(), data=False).steps if isinstance(each, Unprotect)]
    assert off == ["StackSet-dr-example-observability"] * 2


def test_a_database_without_protection_needs_no_update_to_clear_it() -> None:
    environment = with_database(example(), deletion_protection=False)
    found = teardown(environment, deployed(environment).seen(), data=True)
    assert not [each for each in found.steps if isinstance(each, UpdateInstances)]


def test_the_slow_end_of_a_network_is_said() -> None:
    environment = disposable(example())
    found = teardown(environment, deployed(environment).seen(), data=False)
    network = next(each for each in found.steps if isinstance(each, DeleteInstances) and each.name == "dr-gone-network")
    assert "forty minutes" in network.reason


def test_what_a_region_that_was_given_up_kept_is_named() -> None:
    environment = disposable(example())
    seen = deployed(environment).seen()
    kept = SeenStack("StackSet-dr-gone-storage-1", "1", "us-east-1", environment.accounts.workload, "UPDATE_COMPLETE")
    (found,) = teardown(environment, replace(seen, released=(kept,)), data=False).left
    assert (found.name, found.regions) == (kept.name, ("us-east-1",)) and "no StackSet lists it" in found.why


def test_a_stackset_goes_only_when_no_instance_is_left() -> None:
    environment = disposable(example())
    found = teardown(environment, deployed(environment).seen(), data=False)
    seen: set[str] = set()
    for step in found.steps:
        if isinstance(step, DeleteStackSet):
            seen.add(step.name)
        elif isinstance(step, DeleteInstances):
            assert step.name not in seen
    assert len(seen) > 15
