"""What somebody takes away behind our back is made again, and what can't be is named; data is never made anew."""

from __future__ import annotations

import re
from typing import Any

import pytest

from generator.plan.model import SeenStack
from generator.plan.recorded import placed
from tests.resilience.portrait import Portrait, portrait
from tests.resilience.world import Deploying, Warm, clouds_at, deployed, environment, eventually, spoken, stackset

PLACE = "eu-central-1"


@pytest.fixture(scope="module")
def clouds(url: str) -> Warm:
    """Return the clients of an environment that each test heals again."""
    found = clouds_at(url, environment())
    deployed(found)
    return found


@pytest.fixture
def hurt(url: str) -> Warm:
    """Return the clients of an environment that is not healed."""
    found = clouds_at(url, environment())
    deployed(found)
    return found


def _stack(clouds: Warm, name: str) -> SeenStack:
    seen = deployed(clouds).seen
    wanted = (stackset(clouds.environment, name), PLACE)
    place = next(each for each in placed(clouds.environment, seen).instances if (each.stackset, each.region) == wanted)
    found = seen.stack_of(place)
    assert found is not None
    return found


def _deleted(clouds: Warm, stack: SeenStack) -> str:
    """Delete a stack as somebody would in the console, and return what came of it."""
    client = clouds.client("cloudformation", PLACE)
    client.delete_stack(StackName=stack.id)
    return str(eventually(lambda: _settled(client, stack)))


def _settled(client: Any, stack: SeenStack) -> str:
    status = str(client.describe_stacks(StackName=stack.id)["Stacks"][0]["StackStatus"])
    return "" if status.endswith("_IN_PROGRESS") else status


@pytest.mark.parametrize("name", ["observability", "health", "records-failover", "marker-eu-west-1"])
def test_a_stack_that_was_deleted_is_made_again_and_is_as_it_was(
    url: str, clouds: Warm, undisturbed: Portrait, name: str
) -> None:
    found = _stack(clouds, name)
    assert _deleted(clouds, found) == "DELETE_COMPLETE"
    result = deployed(clouds_at(url, clouds.environment))
    assert stackset(clouds.environment, name) in result.changed
    assert _stack(clouds, name).id != found.id
    assert portrait(clouds).stacks == undisturbed.stacks
    assert deployed(clouds_at(url, clouds.environment)).changed == ()


def test_an_instance_that_was_deleted_with_its_stack_is_made_again(
    url: str, clouds: Warm, undisturbed: Portrait
) -> None:
    _delete_instance(clouds, retain=False)
    result = deployed(clouds_at(url, clouds.environment))
    assert result.changed == (stackset(clouds.environment, "observability"),)
    assert portrait(clouds).stacks == undisturbed.stacks


def test_an_instance_that_was_deleted_without_its_stack_is_named_with_what_is_in_the_way(
    url: str, clouds: Warm, undisturbed: Portrait
) -> None:
    found = _stack(clouds, "observability")
    _delete_instance(clouds, retain=True)
    said = spoken(Deploying(clouds_at(url, clouds.environment)).end().error)
    assert f"of {stackset(clouds.environment, 'observability')} in {PLACE}" in said
    assert "already exists" in said
    assert "something of that name is there" in said
    assert _deleted(clouds, found) == "DELETE_COMPLETE"
    deployed(clouds_at(url, clouds.environment))
    assert portrait(clouds).stacks == undisturbed.stacks


def _delete_instance(clouds: Warm, *, retain: bool) -> None:
    admin, name = clouds.stacksets(), stackset(clouds.environment, "observability")
    begun = admin.delete_stack_instances(
        StackSetName=name, Accounts=[clouds.environment.accounts.workload], Regions=[PLACE], RetainStacks=retain
    )["OperationId"]

    def ended() -> bool:
        found = admin.describe_stack_set_operation(StackSetName=name, OperationId=begun)["StackSetOperation"]
        return str(found["Status"]) == "SUCCEEDED"

    eventually(ended)


@pytest.mark.parametrize("name", ["database", "storage", "keys"])
def test_a_stack_with_data_that_somebody_deletes_is_never_quietly_made_anew(url: str, hurt: Warm, name: str) -> None:
    found = _stack(hurt, name)
    _deleted(hurt, found)
    said = spoken(Deploying(clouds_at(url, hurt.environment)).end().error)
    assert PLACE in said
    assert re.search(r"refused: .* (is replaced|somebody began to delete it)|Validation failed", said), said


def test_an_output_that_is_missing_is_named_and_nothing_is_made_up_for_it(
    url: str, clouds: Warm, undisturbed: Portrait
) -> None:
    found = _stack(clouds, "network")
    client = clouds.client("cloudformation", PLACE)
    body = clouds.stacksets().describe_stack_set(StackSetName=stackset(clouds.environment, "network"))["StackSet"]
    whole = str(body["TemplateBody"])
    without, outputs = whole.split("\nOutputs:\n")
    assert outputs.startswith("  ")
    _updated(client, found, f"{without}\n")
    said = spoken(Deploying(clouds_at(url, clouds.environment)).end().error)
    assert re.search(rf"\S+ in \S+ needs \w+: output \w+ of network in {PLACE} is missing", said), said
    assert "was the stack changed by hand" in said
    _updated(client, found, whole)
    assert deployed(clouds_at(url, clouds.environment)).changed == ()
    assert portrait(clouds).stacks == undisturbed.stacks


def _updated(client: Any, stack: SeenStack, template: str) -> None:
    """Update a stack as somebody would in the console."""
    client.update_stack(
        StackName=stack.id,
        TemplateBody=template,
        Parameters=[{"ParameterKey": name, "UsePreviousValue": True} for name in stack.parameters],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    assert eventually(lambda: _settled(client, stack)) == "UPDATE_COMPLETE"
