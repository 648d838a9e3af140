"""The same StackSets against this library's local cloud and against moto's own server, which someone else wrote.

What differs is moto's, and named here: :data:`MOTO_NEVER_UPDATES_STACKS`, :data:`MOTO_IGNORES_THE_STATUS_FILTER`;
besides, its operations are over at once and always succeed, it checks no role, and it names the stacks otherwise
(trap 60).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.cloud_world import ONE, PARAMETER, TWO, World, given
from tests.moto_server import forget
from twin.cloud.process import Running

MOTO_ACCOUNT = "123456789012"
MOTO_NEVER_UPDATES_STACKS = "first"
"""moto notes an update on the StackSet and its instances, and leaves the stacks as they were made."""
MOTO_IGNORES_THE_STATUS_FILTER = {"ACTIVE", "DELETED"}


@pytest.fixture(params=["local cloud", "moto"])
def either(request: pytest.FixtureRequest, running: Running) -> Iterator[World]:
    """One of the two clouds, with the roles that StackSets need in one account."""
    if request.param == "moto":
        found = World(request.getfixturevalue("moto"), MOTO_ACCOUNT)
        yield found
        forget(found.url)
        return
    found = World(running.url)
    found.administer()
    found.admit(found.account)
    yield found


def is_moto(world: World) -> bool:
    return world.account == MOTO_ACCOUNT


def overrides(world: World) -> list[dict[str, str]]:
    here = {"StackInstanceAccount": world.account, "StackInstanceRegion": ONE}
    found = world.formation.describe_stack_instance(StackSetName="set", **here)["StackInstance"]
    return list(found["ParameterOverrides"])


def code(call: Any, *arguments: Any, **settings: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **settings)
    return str(caught.value.response["Error"]["Code"])


def test_a_stackset_is_made_described_listed_and_deleted(either: World) -> None:
    either.create(Tags=[{"Key": "a", "Value": "b"}], Parameters=given({"Value": "x"}))
    found = either.formation.describe_stack_set(StackSetName="set")["StackSet"]
    assert (found["StackSetName"], found["Status"], found["TemplateBody"]) == ("set", "ACTIVE", PARAMETER)
    assert found["Tags"] == [{"Key": "a", "Value": "b"}]
    assert {"ParameterKey": "Value", "ParameterValue": "x"} in found["Parameters"]
    listed = either.formation.list_stack_sets(Status="ACTIVE")["Summaries"]
    assert [each["StackSetName"] for each in listed] == ["set"]
    either.formation.delete_stack_set(StackSetName="set")
    left = {each["Status"] for each in either.formation.list_stack_sets(Status="ACTIVE")["Summaries"]}
    assert left == (MOTO_IGNORES_THE_STATUS_FILTER - {"ACTIVE"} if is_moto(either) else set())


def test_instances_are_made_in_every_region_and_listed(either: World) -> None:
    either.create()
    assert either.deploy([either.account], [ONE, TWO]) == "SUCCEEDED"
    assert set(either.instances()) == {(either.account, ONE), (either.account, TWO)}
    assert {each["Status"] for each in either.instances().values()} == {"CURRENT"}
    assert {either.value(either.account, region) for region in (ONE, TWO)} == {"first"}


def test_overrides_reach_the_stack_of_their_instance(either: World) -> None:
    either.create()
    either.deploy([either.account], [ONE], overrides={"Value": "own"})
    either.deploy([either.account], [TWO])
    assert (either.value(either.account, ONE), either.value(either.account, TWO)) == ("own", "first")
    assert overrides(either) == given({"Value": "own"})


def test_an_update_of_the_stackset_reaches_its_stacks(either: World) -> None:
    either.create()
    either.deploy([either.account], [ONE])
    changed = PARAMETER.replace("Value: !Ref Value}", 'Value: !Sub "${Value}!"}')
    assert either.do("update_stack_set", TemplateBody=changed) == "SUCCEEDED"
    assert either.formation.describe_stack_set(StackSetName="set")["StackSet"]["TemplateBody"] == changed
    assert either.value(either.account, ONE) == (MOTO_NEVER_UPDATES_STACKS if is_moto(either) else "first!")


def test_an_update_of_instances_changes_their_overrides(either: World) -> None:
    either.create()
    either.deploy([either.account], [ONE])
    here = {"Accounts": [either.account], "Regions": [ONE]}
    assert either.do("update_stack_instances", **here, overrides={"Value": "other"}) == "SUCCEEDED"
    assert overrides(either) == given({"Value": "other"})
    assert either.value(either.account, ONE) == (MOTO_NEVER_UPDATES_STACKS if is_moto(either) else "other")


def test_deleting_instances_deletes_their_stacks(either: World) -> None:
    either.create()
    either.deploy([either.account], [ONE, TWO])
    places = {"Accounts": [either.account], "Regions": [ONE], "RetainStacks": False}
    assert either.do("delete_stack_instances", **places) == "SUCCEEDED"
    assert set(either.instances()) == {(either.account, TWO)}
    assert code(either.value, either.account, ONE) == "ParameterNotFound"
    assert code(either.formation.delete_stack_set, StackSetName="set") == "StackSetNotEmptyException"


def test_operations_are_listed_with_their_results(either: World) -> None:
    either.create()
    identity = either.begin("create_stack_instances", Accounts=[either.account], Regions=[ONE])
    assert either.ended(identity)["Action"] == "CREATE"
    listed = either.formation.list_stack_set_operations(StackSetName="set")["Summaries"]
    assert (listed[0]["OperationId"], listed[0]["Status"]) == (identity, "SUCCEEDED")
    assert either.results(identity)[either.account, ONE]["Status"] == "SUCCEEDED"


def test_a_stackset_that_is_not_there_is_said_in_the_same_words(either: World) -> None:
    assert code(either.formation.describe_stack_set, StackSetName="none") == "StackSetNotFoundException"
