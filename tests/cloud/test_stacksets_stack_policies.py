"""Stack policies and termination protection of the local cloud's stacks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.cloud_world import ONE, PARAMETER, World, given
from twin.cloud.stack_policies import denial

ALLOW = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
TWO_RESOURCES = PARAMETER.replace(
    "Outputs:",
    "  Second:\n    Type: AWS::SSM::Parameter\n    Properties: {Type: String, Name: /second, Value: x}\nOutputs:",
)


def deny(*actions: str, resource: str = "LogicalResourceId/Parameter", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": list(actions), "Principal": "*", "Resource": resource, **more}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Statement": list(statements)})


@pytest.fixture
def stack(world: World) -> Any:
    """A client of the world's account, with a stack that is there."""
    formation = world.client("cloudformation", ONE)
    formation.create_stack(StackName="stack", TemplateBody=TWO_RESOURCES)
    assert world.settled(world.account, ONE, "stack") == "CREATE_COMPLETE"
    return formation


def failure(stack: Any) -> str:
    events = stack.describe_stack_events(StackName="stack")["StackEvents"]
    return str(next(each["ResourceStatusReason"] for each in events if each["ResourceStatus"] == "UPDATE_FAILED"))


def updated(world: World, stack: Any, template: str = TWO_RESOURCES, **settings: Any) -> str:
    stack.update_stack(StackName="stack", TemplateBody=template, **settings)
    return world.settled(world.account, ONE, "stack")


def test_a_denied_change_rolls_the_update_back_and_says_why(world: World, stack: Any) -> None:
    stack.set_stack_policy(StackName="stack", StackPolicyBody=policy(ALLOW, deny("Update:Modify")))
    assert updated(world, stack, Parameters=given({"Value": "other"})) == "UPDATE_ROLLBACK_COMPLETE"
    assert failure(stack) == (
        "Action denied by stack policy: Statement [#2] does not allow [Update:Modify] for resource"
        " [LogicalResourceId/Parameter]"
    )
    assert world.value(world.account, ONE) == "first"


def test_a_denied_replacement_leaves_other_changes_allowed(world: World, stack: Any) -> None:
    stack.set_stack_policy(StackName="stack", StackPolicyBody=policy(ALLOW, deny("Update:Replace", "Update:Delete")))
    assert updated(world, stack, Parameters=given({"Value": "other"})) == "UPDATE_COMPLETE"
    assert updated(world, stack, Parameters=given({"Name": "/other"})) == "UPDATE_ROLLBACK_COMPLETE"
    assert "[Update:Replace]" in failure(stack)
    assert world.value(world.account, ONE) == "other"


def test_a_replacement_is_known_for_types_that_the_emulator_lacks(world: World) -> None:
    formation = world.client("cloudformation", ONE)
    cluster = (
        "Parameters: {Name: {Type: String}}\nResources: {Cluster: {Type: AWS::RDS::GlobalCluster, Properties:"
        " {GlobalClusterIdentifier: !Ref Name, Engine: aurora-postgresql}}}"
    )
    first = given({"Name": f"first-{world.account}"})
    formation.create_stack(StackName="stack", TemplateBody=cluster, Parameters=first)
    assert world.settled(world.account, ONE, "stack") == "CREATE_COMPLETE"
    kept = deny("Update:Replace", resource="LogicalResourceId/Cluster")
    formation.set_stack_policy(StackName="stack", StackPolicyBody=policy(ALLOW, kept))
    other = given({"Name": f"other-{world.account}"})
    assert updated(world, formation, cluster, Parameters=other) == "UPDATE_ROLLBACK_COMPLETE"
    assert "[Update:Replace]" in failure(formation)


def test_a_denied_removal_keeps_the_resource(world: World, stack: Any) -> None:
    kept = deny("Update:Delete", resource="*", Condition={"StringEquals": {"ResourceType": ["AWS::SSM::Parameter"]}})
    stack.set_stack_policy(StackName="stack", StackPolicyBody=policy(ALLOW, kept))
    assert updated(world, stack, PARAMETER) == "UPDATE_ROLLBACK_COMPLETE"
    assert "[Update:Delete]" in failure(stack)
    assert world.value(world.account, ONE, "/second") == "x"
    assert len(stack.describe_stack_resources(StackName="stack")["StackResources"]) == 2
    other = deny("Update:Delete", resource="*", Condition={"StringEquals": {"ResourceType": ["AWS::RDS::DBCluster"]}})
    stack.set_stack_policy(StackName="stack", StackPolicyBody=policy(ALLOW, other))
    assert updated(world, stack, PARAMETER) == "UPDATE_COMPLETE"


def test_what_no_statement_allows_is_denied(world: World, stack: Any) -> None:
    own = {**ALLOW, "Resource": "LogicalResourceId/Second"}
    stack.set_stack_policy(StackName="stack", StackPolicyBody=policy(own))
    assert updated(world, stack, Parameters=given({"Value": "other"})) == "UPDATE_ROLLBACK_COMPLETE"


def test_a_policy_for_one_update_replaces_the_stacks_own_for_it(world: World, stack: Any) -> None:
    stack.set_stack_policy(StackName="stack", StackPolicyBody=policy(ALLOW, deny("Update:*")))
    once = {"StackPolicyDuringUpdateBody": policy(ALLOW)}
    assert updated(world, stack, Parameters=given({"Value": "other"}), **once) == "UPDATE_COMPLETE"
    assert json.loads(stack.get_stack_policy(StackName="stack")["StackPolicyBody"])["Statement"][1]["Effect"] == "Deny"
    assert updated(world, stack, Parameters=given({"Value": "third"})) == "UPDATE_ROLLBACK_COMPLETE"


def test_a_policy_holds_for_the_updates_of_a_stackset_too(world: World, target: str) -> None:
    world.create()
    world.deploy([target], [ONE])
    there = world.client("cloudformation", ONE, target)
    name = world.instances()[target, ONE]["StackId"]
    there.set_stack_policy(StackName=name, StackPolicyBody=policy(ALLOW, deny("Update:*")))
    assert world.do("update_stack_set", TemplateBody=PARAMETER, Parameters=given({"Value": "second"})) == "FAILED"
    assert "Action denied by stack policy" in world.instances()[target, ONE]["StatusReason"]


def test_a_protected_stack_is_not_deleted(world: World, stack: Any) -> None:
    stack.update_termination_protection(StackName="stack", EnableTerminationProtection=True)
    with pytest.raises(ClientError, match="TerminationProtection is enabled"):
        stack.delete_stack(StackName="stack")
    stack.update_termination_protection(StackName="stack", EnableTerminationProtection=False)
    stack.delete_stack(StackName="stack")


def test_the_name_of_a_stack_that_failed_is_taken_until_it_is_deleted(world: World) -> None:
    formation = world.client("cloudformation", ONE)
    world.knobs.fail(account=world.account, times=1)
    formation.create_stack(StackName="stack", TemplateBody=PARAMETER)
    assert world.settled(world.account, ONE, "stack") == "ROLLBACK_COMPLETE"
    with pytest.raises(ClientError, match="already exists"):
        formation.create_stack(StackName="stack", TemplateBody=PARAMETER)
    with pytest.raises(ClientError, match="ROLLBACK_COMPLETE"):
        formation.update_stack(StackName="stack", TemplateBody=PARAMETER)
    formation.delete_stack(StackName="stack")


@pytest.mark.parametrize(
    ("statement", "denied"),
    [
        (deny("Update:Replace"), False),
        (deny("Update:*"), True),
        (deny("update:modify", resource="LogicalResourceId/Para*"), True),
        ({**deny("x"), "NotResource": "LogicalResourceId/Other", "Action": "Update:*"}, True),
        ({"Effect": "Deny", "NotAction": "Update:Modify", "Principal": "*", "Resource": "*"}, False),
    ],
)
def test_patterns_and_exclusions_of_a_policy_are_heeded(statement: dict[str, Any], denied: bool) -> None:
    found = denial(policy(ALLOW, statement), "Update:Modify", "Parameter", "AWS::SSM::Parameter")
    assert bool(found) is denied
