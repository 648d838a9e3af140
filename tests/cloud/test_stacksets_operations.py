"""Operations of StackSets: they take time, go in order or side by side, count failures, wait, stop, repeat."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.cloud_world import ONE, PARAMETER, THREE, TWO, World, given, until

REGIONS = [ONE, TWO, THREE]
CANCELLED = "Cancelled since failure tolerance has exceeded"


def refused(call: Any, *arguments: Any, **settings: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **settings)
    return str(caught.value.response["Error"]["Code"])


def places(accounts: list[str], regions: list[str]) -> dict[str, Any]:
    return {"Accounts": accounts, "Regions": regions}


def test_an_operation_takes_at_least_as_long_as_asked_for_in_each_region(world: World, target: str) -> None:
    world.knobs.last(0.15)
    world.create()
    begun = time.monotonic()
    assert world.deploy([target], [ONE, TWO]) == "SUCCEEDED"
    assert time.monotonic() - begun >= 0.3
    begun = time.monotonic()
    parallel = {"RegionConcurrencyType": "PARALLEL"}
    world.do("update_stack_instances", **places([target], [ONE, TWO]), OperationPreferences=parallel)
    assert 0.15 <= time.monotonic() - begun < 0.3


def test_regions_go_one_after_the_other_in_the_order_asked_for(world: World, target: str) -> None:
    world.create()
    with world.knobs.held(region=TWO):
        identity = world.begin(
            "create_stack_instances", **places([target], REGIONS), OperationPreferences={"RegionOrder": [THREE, TWO]}
        )
        until(lambda: world.states().get(TWO, ("", ""))[1] == "RUNNING")
        assert world.states() == {
            THREE: ("CURRENT", "SUCCEEDED"),
            TWO: ("OUTDATED", "RUNNING"),
            ONE: ("OUTDATED", "PENDING"),
        }
        assert world.operation(identity)["Status"] == "RUNNING"
        assert world.results(identity)[target, ONE]["Status"] == "PENDING"
    assert world.ended(identity)["Status"] == "SUCCEEDED"
    assert set(world.states().values()) == {("CURRENT", "SUCCEEDED")}


def test_regions_go_side_by_side_when_asked_for(world: World, target: str) -> None:
    world.create()
    with world.knobs.held():
        parallel = {"RegionConcurrencyType": "PARALLEL"}
        identity = world.begin("create_stack_instances", **places([target], REGIONS), OperationPreferences=parallel)
        until(lambda: {state for _, state in world.states().values()} == {"RUNNING"})
    assert world.ended(identity)["Status"] == "SUCCEEDED"


def test_a_region_that_fails_keeps_the_following_from_being_tried(world: World, target: str) -> None:
    world.create()
    world.knobs.fail(type="AWS::SSM::Parameter", region=ONE, account=target, reason="no")
    identity = world.begin("create_stack_instances", **places([target], REGIONS))
    ended = world.ended(identity)
    assert ended["Status"] == "FAILED"
    assert ended["StatusDetails"] == {"FailedStackInstancesCount": 1}
    assert world.states() == {
        ONE: ("OUTDATED", "FAILED"),
        TWO: ("OUTDATED", "CANCELLED"),
        THREE: ("OUTDATED", "CANCELLED"),
    }
    results = world.results(identity)
    assert results[target, TWO]["Status"] == "CANCELLED"
    assert results[target, TWO]["StatusReason"] == CANCELLED
    failed = world.formation.list_stack_set_operation_results(
        StackSetName="set", OperationId=identity, Filters=[{"Name": "OPERATION_RESULT_STATUS", "Values": "FAILED"}]
    )["Summaries"]
    assert [each["Region"] for each in failed] == [ONE]
    assert "StackId" not in world.instances()[target, TWO]


def test_tolerance_is_counted_in_each_region(world: World) -> None:
    accounts = [world.admit() for _ in range(3)]
    world.create()
    for account, region in ((accounts[0], ONE), (accounts[1], TWO)):
        world.knobs.fail(type="AWS::SSM::Parameter", account=account, region=region)
    once = {"FailureToleranceCount": 1, "MaxConcurrentCount": 2}
    assert world.deploy(accounts, [ONE, TWO], OperationPreferences=once) == "SUCCEEDED"
    assert sorted(each["Status"] for each in world.instances().values()) == ["CURRENT"] * 4 + ["OUTDATED"] * 2


def test_a_percentage_of_tolerated_failures_is_rounded_down(world: World) -> None:
    accounts = [world.admit() for _ in range(3)]
    world.create()
    world.knobs.fail(type="AWS::SSM::Parameter", account=accounts[0])
    third = {"FailureTolerancePercentage": 33}
    assert world.deploy(accounts, [ONE], OperationPreferences=third) == "FAILED"
    half = {"FailureTolerancePercentage": 50}
    assert world.deploy(accounts, [ONE], OperationPreferences=half) == "SUCCEEDED"


@pytest.mark.parametrize(
    ("preferences", "at_a_time"),
    [
        ({}, 1),
        ({"MaxConcurrentCount": 3}, 1),
        ({"MaxConcurrentCount": 3, "FailureToleranceCount": 1}, 2),
        ({"MaxConcurrentCount": 3, "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE"}, 3),
        ({"MaxConcurrentPercentage": 75, "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE"}, 3),
        ({"MaxConcurrentPercentage": 1}, 1),
    ],
)
def test_as_many_accounts_run_at_a_time_as_the_preferences_allow(
    world: World, preferences: dict[str, Any], at_a_time: int
) -> None:
    accounts = [world.admit() for _ in range(4)]
    world.create()
    with world.knobs.held():
        identity = world.begin("create_stack_instances", **places(accounts, [ONE]), OperationPreferences=preferences)

        def at_work() -> int:
            found = world.instances().values()
            return sum(1 for each in found if each["StackInstanceStatus"]["DetailedStatus"] == "RUNNING")

        until(lambda: at_work() == at_a_time)
    assert world.ended(identity)["Status"] == "SUCCEEDED"
    assert len(world.instances()) == 4


def test_preferences_that_contradict_themselves_are_refused(world: World, target: str) -> None:
    world.create()
    both = {"FailureToleranceCount": 1, "FailureTolerancePercentage": 10}
    assert refused(world.begin, "create_stack_instances", **places([target], [ONE]), OperationPreferences=both) == (
        "ValidationError"
    )


def test_a_second_operation_is_refused_while_one_runs(world: World, target: str) -> None:
    world.create()
    with world.knobs.held():
        identity = world.begin("create_stack_instances", **places([target], [ONE]))
        busy = "OperationInProgressException"
        assert refused(world.begin, "create_stack_instances", **places([target], [TWO])) == busy
        assert refused(world.begin, "update_stack_set", UsePreviousTemplate=True) == busy
        assert refused(world.begin, "detect_stack_set_drift") == busy
        assert refused(world.formation.delete_stack_set, StackSetName="set") == busy
    assert world.ended(identity)["Status"] == "SUCCEEDED"
    assert set(world.instances()) == {(target, ONE)}


def test_a_managed_stackset_queues_what_comes_while_another_runs(world: World, target: str) -> None:
    world.create(ManagedExecution={"Active": True})
    with world.knobs.held(region=ONE):
        first = world.begin("create_stack_instances", **places([target], [ONE]))
        second = world.begin("create_stack_instances", **places([target], [TWO]))
        until(lambda: world.operation(first)["Status"] == "RUNNING")
        assert world.operation(second)["Status"] == "QUEUED"
        assert (target, TWO) not in world.instances()
        busy = refused(world.begin, "update_stack_set", UsePreviousTemplate=True, ManagedExecution={"Active": False})
        assert busy == "InvalidOperationException"
        assert refused(world.formation.delete_stack_set, StackSetName="set") == "OperationInProgressException"
    assert [world.ended(each)["Status"] for each in (first, second)] == ["SUCCEEDED"] * 2
    listed = world.formation.list_stack_set_operations(StackSetName="set")["Summaries"]
    assert [each["OperationId"] for each in listed] == [second, first]
    assert world.do("update_stack_set", UsePreviousTemplate=True, ManagedExecution={"Active": False}) == "SUCCEEDED"


def test_queued_operations_without_a_conflict_start_together_others_wait(world: World, target: str) -> None:
    world.create(ManagedExecution={"Active": True})
    for region in REGIONS:
        world.knobs.hold(region=region)
    first, second, third = (world.begin("create_stack_instances", **places([target], [each])) for each in REGIONS)
    update = {"TemplateBody": PARAMETER, "Parameters": given({"Value": "second"})}
    fourth = world.begin("update_stack_set", **update)
    assert [world.operation(each)["Status"] for each in (second, third, fourth)] == ["QUEUED"] * 3
    world.knobs.release(region=ONE)
    assert world.ended(first)["Status"] == "SUCCEEDED"
    assert [world.operation(each)["Status"] for each in (second, third, fourth)] == ["RUNNING", "RUNNING", "QUEUED"]
    assert world.value(target, ONE) == "first"
    world.knobs.release()
    assert [world.ended(each)["Status"] for each in (second, third, fourth)] == ["SUCCEEDED"] * 3
    assert {region: world.value(target, region) for region in REGIONS} == dict.fromkeys(REGIONS, "second")


def test_a_queued_operation_that_is_stopped_never_runs(world: World, target: str) -> None:
    world.create(ManagedExecution={"Active": True})
    with world.knobs.held():
        first = world.begin("create_stack_instances", **places([target], [ONE]))
        second = world.begin("create_stack_instances", **places([target], [TWO]))
        world.formation.stop_stack_set_operation(StackSetName="set", OperationId=second)
        assert world.operation(second)["Status"] == "STOPPED"
    world.ended(first)
    assert set(world.instances()) == {(target, ONE)}


def test_stopping_cancels_what_has_not_begun_and_lets_the_rest_finish(world: World, target: str) -> None:
    world.create()
    with world.knobs.held():
        identity = world.begin("create_stack_instances", **places([target], REGIONS))
        until(lambda: world.states()[ONE][1] == "RUNNING")
        world.formation.stop_stack_set_operation(StackSetName="set", OperationId=identity)
        assert world.operation(identity)["Status"] == "STOPPING"
    assert world.ended(identity)["Status"] == "STOPPED"
    assert world.states() == {
        ONE: ("CURRENT", "SUCCEEDED"),
        TWO: ("OUTDATED", "CANCELLED"),
        THREE: ("OUTDATED", "CANCELLED"),
    }
    again = refused(world.formation.stop_stack_set_operation, StackSetName="set", OperationId=identity)
    assert again == "InvalidOperationException"
    assert world.deploy([target], REGIONS) == "SUCCEEDED"


def test_repeating_an_operation_with_its_id_does_it_once(world: World, target: str) -> None:
    world.create()
    first = world.begin("create_stack_instances", **places([target], [ONE]), OperationId="mine")
    assert world.begin("create_stack_instances", **places([target], [ONE]), OperationId="mine") == first == "mine"
    world.ended("mine")
    assert len(world.formation.list_stack_set_operations(StackSetName="set")["Summaries"]) == 1
    taken = refused(world.begin, "create_stack_instances", **places([target], [TWO]), OperationId="mine")
    assert taken == "OperationIdAlreadyExistsException"
    world.deploy([target], [TWO])
    stale = refused(world.begin, "create_stack_instances", **places([target], [ONE]), OperationId="mine")
    assert stale == "StaleRequestException"


def test_a_region_in_the_dark_hangs_its_instance_and_no_other(world: World, target: str) -> None:
    world.create()
    world.knobs.darken(eu_central_1="hangs")
    parallel = {"RegionConcurrencyType": "PARALLEL"}
    identity = world.begin("create_stack_instances", **places([target], [ONE, TWO]), OperationPreferences=parallel)
    until(lambda: world.states()[ONE] == ("CURRENT", "SUCCEEDED"))
    assert world.states()[TWO] == ("OUTDATED", "RUNNING")
    world.knobs.darken()
    assert world.ended(identity)["Status"] == "SUCCEEDED"
    world.knobs.darken(eu_central_1="refuses")
    assert world.do("update_stack_instances", **places([target], [TWO])) == "FAILED"
    world.knobs.darken()


def test_the_many_instances_of_ten_regions_are_made_in_one_operation(world: World, target: str) -> None:
    world.create()
    regions = [f"{name}-{number}" for name in ("eu-west", "us-west") for number in (1, 2)]
    regions += ["ap-south-1", "ap-northeast-1", "ap-northeast-2", "ca-central-1", "sa-east-1", "us-east-2"]
    parallel = {"RegionConcurrencyType": "PARALLEL", "FailureTolerancePercentage": 100}
    assert world.deploy([target], regions, OperationPreferences=parallel) == "SUCCEEDED"
    assert {world.value(target, region) for region in regions} == {"first"}
