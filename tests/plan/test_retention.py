"""A word in the file takes nothing away: what is deployed with data is kept, or lets go of it before it is deleted."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from generator.plan.model import UpdateInstances, UpdateStackSet
from generator.plan.retention import NotDisposableError, deleting, loosened, retains
from generator.plan.steps import Snapshot
from generator.plan.teardown import teardown
from tests.plan.cloud import Cloud
from tests.plan.deploying import deploy, deployed, example, shipped, with_database
from tests.plan.test_teardown import destroy, disposable

ONE, TWO = "eu-west-1", "eu-central-1"
ACCOUNT = "111122223333"


def test_a_file_that_says_disposable_destroys_nothing_that_was_deployed_to_be_kept() -> None:
    kept = deployed(with_database(example(), deletion_protection=False))
    loose = with_database(example(disposable=True), deletion_protection=False)
    for data in (False, True):
        with pytest.raises(NotDisposableError, match="outlives its stack") as caught:
            teardown(loose, kept.seen(), data=data)
        assert "deploy it as disposable first" in caught.value.hint


def test_it_goes_when_it_was_deployed_as_disposable_first() -> None:
    cloud = deployed(with_database(example(), deletion_protection=False))
    loose = with_database(example(disposable=True), deletion_protection=False)
    deploy(loose, cloud)
    destroy(loose, cloud)
    assert (cloud.sets, cloud.plain, cloud.kept) == ({}, {}, [])


def test_one_resource_that_is_kept_is_enough() -> None:
    environment = disposable(example())
    cloud = deployed(environment)
    found = cloud.sets["dr-gone-observability"]
    plain = json.loads(found.template)
    next(iter(plain["Resources"].values()))["UpdateReplacePolicy"] = "Retain"
    found.template = json.dumps(plain)
    with pytest.raises(NotDisposableError, match="dr-gone-observability"):
        teardown(environment, cloud.seen(), data=False)


def test_nothing_is_left_behind_by_a_stack_whose_data_was_asked_for() -> None:
    environment = shipped("three-regions")
    cloud = deployed(environment)
    destroy(environment, cloud, data=True)
    assert cloud.kept == [] and cloud.lost


def missed(cloud: Cloud, name: str, region: str) -> None:
    """Give the StackSet the template that deletes, in an update that did not reach the region."""
    found = cloud.sets[name]
    found.template = deleting(found.template)
    found.instances[(ACCOUNT, region)].status = "OUTDATED"
    for (_, other), each in found.instances.items():
        if other != region and each.stack is not None:
            each.stack.template = found.template


@pytest.mark.parametrize("name", ["dr-example-database", "dr-example-probe"])
def test_a_stack_that_a_stopped_run_left_with_its_old_template_lets_go_of_it_before_it_is_deleted(name: str) -> None:
    environment = example()
    cloud = deployed(environment)
    missed(cloud, name, TWO)
    found = teardown(environment, cloud.seen(), data=True)
    first = next(each for each in found.steps if getattr(each, "name", "") == name)
    assert isinstance(first, UpdateInstances) and first.regions == (TWO,)
    destroy(environment, cloud, data=True)
    assert cloud.kept == [] and f"{name}" not in cloud.sets


def test_a_stack_that_keeps_nothing_is_not_updated_once_more_before_it_goes() -> None:
    environment = disposable(example())
    cloud = deployed(environment)
    listed = cloud.sets["dr-gone-probe"].instances[(ACCOUNT, TWO)]
    listed.status = "OUTDATED"
    steps = teardown(environment, cloud.seen(), data=False).steps
    assert not [each for each in steps if isinstance(each, UpdateInstances | UpdateStackSet)]
    seen = cloud.seen()
    found = seen.stacksets["dr-gone-probe"]
    unread = tuple(replace(each, stack=replace(each.stack, template="")) for each in found.instances if each.stack)
    nobody_knows = replace(seen, stacksets={**seen.stacksets, found.name: replace(found, instances=unread)})
    (update,) = [each for each in teardown(environment, nobody_knows, data=False).steps
                 if isinstance(each, UpdateInstances)]  # fmt: skip
    assert (update.name, update.regions) == ("dr-gone-probe", (TWO,))


@pytest.mark.parametrize(("status", "stack"), [("INOPERABLE", "DELETE_FAILED"), ("OUTDATED", "ROLLBACK_COMPLETE")])
def test_what_is_half_made_or_half_deleted_is_not_updated_before_it_goes(status: str, stack: str) -> None:
    environment = example()
    cloud = deployed(environment)
    listed = cloud.sets["dr-example-probe"].instances[(ACCOUNT, TWO)]
    assert listed.stack is not None
    listed.status, listed.stack.status = status, stack
    (update,) = [each for each in teardown(environment, cloud.seen(), data=False).steps
                 if isinstance(each, UpdateStackSet)]  # fmt: skip
    assert update.regions == (ONE,)


@pytest.mark.parametrize("members", [(), (ONE,), (TWO,)])
def test_every_cluster_that_goes_is_snapshotted_also_one_that_left_the_global_database(
    members: tuple[str, ...],
) -> None:
    environment = example()
    seen = deployed(environment).seen()
    kept = tuple(each for each in seen.database.members if each.region in members)
    apart = replace(seen, database=replace(seen.database, members=kept))
    found = [each for each in teardown(environment, apart, data=True).steps if isinstance(each, Snapshot)]
    stacks = {each.region: seen.stacksets["dr-example-database"].instance(ACCOUNT, each.region) for each in found}
    assert {each.region for each in found} == {ONE, TWO}
    for each in found:
        listed = stacks[each.region]
        assert listed is not None and listed.stack is not None
        assert each.cluster == listed.stack.outputs["ClusterIdentifier"]
        assert ("left the global database" in each.reason) == (each.region not in members)


def test_policies_are_compared_by_what_they_keep() -> None:
    assert loosened({"DeletionPolicy": "Retain"}, {}) == ("DeletionPolicy from Retain to Delete",)
    assert loosened({"DeletionPolicy": "Retain"}, {"DeletionPolicy": "Snapshot"})
    assert loosened({"DeletionPolicy": "Retain"}, {"DeletionPolicy": "RetainExceptOnCreate"}) == ()
    assert loosened({}, {"UpdateReplacePolicy": "Retain"}) == ()
    assert loosened({"UpdateReplacePolicy": "Snapshot"}, {"UpdateReplacePolicy": "Delete"})
    assert retains("") == () and retains('{"Resources": {"A": {"Type": "T", "DeletionPolicy": "Delete"}}}') == ()
