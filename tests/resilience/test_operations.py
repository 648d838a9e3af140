"""Operations of StackSets that others began, that fail in part, are stopped from outside, or never end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from generator.aws.clients import Clouds
from generator.aws.deploy import Options
from generator.aws.events import Fault, OperationBegan, OperationEnded
from generator.aws.faults import DeployError
from generator.aws.paces import LOCAL, Pace
from generator.config import Environment
from tests.resilience.portrait import Portrait, portrait
from tests.resilience.world import Deploying, clouds_at, deployed, environment, eventually, spoken
from twin.cloud.knobs import Knobs

NAME = "dr-calm-network"
FAILING = {
    "keys": "eu-west-1",
    "network": "eu-central-1",
    "database": "eu-central-1",
    "probe": "eu-west-1",
}
"""Stacks of several waves, and where each of them fails once."""

REASON = "this region is out of what it needs"


def _ends_well(url: str, wanted: Environment, undisturbed: Portrait) -> None:
    deployed(clouds_at(url, wanted))
    found = portrait(clouds_at(url, wanted))
    assert (found.stacks, found.stacksets, found.removals) == (undisturbed.stacks, undisturbed.stacksets, ())
    assert deployed(clouds_at(url, wanted)).changed == ()


def _begun(deploying: Deploying, count: int = 2) -> list[OperationBegan]:
    """Return the operations on the network, of which each region has one: their values differ."""

    def found() -> list[OperationBegan]:
        return [each for each in deploying.heard.of(OperationBegan) if each.stackset == NAME]

    eventually(lambda: not deploying.running or len(found()) >= count)
    return found()


def _elsewhere(clouds: Clouds, wanted: Environment) -> str:
    """Begin an operation as somebody else would: the same values once more."""
    begun: str = clouds.stacksets().update_stack_instances(
        StackSetName=NAME, Accounts=[wanted.accounts.workload], Regions=["eu-west-1"]
    )["OperationId"]
    return begun


def test_an_operation_of_somebody_else_is_joined_and_the_rest_goes_on_after_it(
    url: str, knobs: Knobs, undisturbed: Portrait
) -> None:
    wanted = environment()
    clouds = clouds_at(url, wanted)
    deployed(clouds)
    knobs.hold(stackset=NAME, account=wanted.accounts.workload)
    theirs = _elsewhere(clouds, wanted)
    deploying = Deploying(clouds_at(url, wanted))
    [joined] = _begun(deploying, 1)
    assert (joined.operation, joined.joined) == (theirs, True)
    assert deploying.running
    knobs.release()
    deploying.fine()
    assert [each.operation for each in deploying.heard.of(OperationEnded) if each.stackset == NAME] == [theirs]
    _ends_well(url, wanted, undisturbed)


def test_an_operation_begun_by_somebody_else_in_the_middle_waits_its_turn(
    url: str, knobs: Knobs, undisturbed: Portrait
) -> None:
    wanted = environment()
    clouds = clouds_at(url, wanted)
    knobs.hold(stackset=NAME, account=wanted.accounts.workload)
    deploying = Deploying(clouds)
    assert len(_begun(deploying)) == 2
    theirs = _elsewhere(clouds, wanted)
    listed = clouds.stacksets().list_stack_set_operations(StackSetName=NAME)["Summaries"]
    assert {each["OperationId"]: each["Status"] for each in listed}[theirs] in ("QUEUED", "RUNNING")
    knobs.release()
    deploying.fine()
    _ends_well(url, wanted, undisturbed)


@pytest.mark.parametrize(("tolerance", "failing"), [(0, FAILING), (100, {"network": "eu-west-1"})])
def test_a_failure_in_one_region_is_told_with_its_reason_and_heals(
    url: str, knobs: Knobs, undisturbed: Portrait, tolerance: int, failing: dict[str, str]
) -> None:
    plain = environment()
    operations = plain.operations.model_copy(update={"failure_tolerance_percent": tolerance})
    wanted = plain.model_copy(update={"operations": operations})
    account = wanted.accounts.workload
    for stack, region in failing.items():
        knobs.fail(stack=f"StackSet-dr-calm-{stack}-*", region=region, account=account, reason=REASON, times=1)
        deploying = Deploying(clouds_at(url, wanted)).end()
        assert isinstance(deploying.error, DeployError), (stack, deploying.error)
        [fault] = deploying.error.faults
        assert (fault.stackset, fault.region, fault.reason) == (f"dr-calm-{stack}", region, REASON)
        assert fault.resource
        assert fault.type.startswith("AWS::")
        assert deploying.heard.of(Fault) == [fault]
        assert "go on with: python -m generator deploy" in spoken(deploying.error)
        ended = {each.status for each in deploying.heard.of(OperationEnded) if each.stackset == f"dr-calm-{stack}"}
        assert ("FAILED" in ended) == (tolerance == 0)
        knobs.heal()
    _ends_well(url, wanted, undisturbed)


def test_an_operation_that_is_stopped_from_outside_is_told_and_gone_on_with(
    url: str, knobs: Knobs, undisturbed: Portrait
) -> None:
    wanted = environment()
    clouds: Any = clouds_at(url, wanted)
    knobs.hold(stackset=NAME, account=wanted.accounts.workload, region="eu-central-1")
    deploying = Deploying(clouds)
    [ours] = [each.operation for each in _begun(deploying) if each.regions == ("eu-central-1",)]
    clouds.stacksets().stop_stack_set_operation(StackSetName=NAME, OperationId=ours)
    knobs.release()
    deploying.end(30)
    assert "the operation is STOPPED" in spoken(deploying.error)
    assert NAME in spoken(deploying.error)
    _ends_well(url, wanted, undisturbed)


def test_an_operation_that_never_ends_is_named_when_patience_is_over_and_joined_by_the_next(
    url: str, knobs: Knobs, undisturbed: Portrait
) -> None:
    wanted = environment()
    paces = replace(LOCAL, operations=Pace(0.05, 1.25, 0.2, 2.0))
    knobs.hold(stackset=NAME, account=wanted.accounts.workload)
    deploying = Deploying(clouds_at(url, wanted), Options(paces=paces))
    begun = _begun(deploying)
    deploying.end(40)
    said = spoken(deploying.error)
    assert f" on {NAME} has not ended within 2 s" in said
    assert all(each.operation in said for each in begun)
    assert "deploy again joins it" in said
    again = Deploying(clouds_at(url, wanted))
    joined = _begun(again)
    assert {(each.operation, each.joined) for each in joined} == {(each.operation, True) for each in begun}
    knobs.release()
    again.fine()
    _ends_well(url, wanted, undisturbed)
    assert portrait(clouds_at(url, wanted)).ledger == undisturbed.ledger
