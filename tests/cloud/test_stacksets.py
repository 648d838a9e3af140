"""StackSets of the local cloud: definitions, instances, overrides, statuses."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.cloud_world import NEEDY, ONE, PARAMETER, TOPIC, TWO, World, given, until


def refused(call: Any, *arguments: Any, **settings: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **settings)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_instances_are_real_stacks_in_their_account_and_region(world: World, target: str) -> None:
    world.create(Tags=[{"Key": "owner", "Value": "test"}])
    assert world.deploy([target], [ONE, TWO]) == "SUCCEEDED"
    assert world.states() == {ONE: ("CURRENT", "SUCCEEDED"), TWO: ("CURRENT", "SUCCEEDED")}
    instance = world.instances()[target, ONE]
    stack = world.stack(target, ONE, instance["StackId"])
    assert stack["StackName"].startswith("StackSet-set-")
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["Tags"] == [{"Key": "owner", "Value": "test"}]
    assert stack["Outputs"][0]["OutputValue"] == "/stackset/value"
    assert world.value(target, TWO) == "first"
    events = world.client("cloudformation", ONE, target).describe_stack_events(StackName=stack["StackName"])
    assert [each["ResourceStatus"] for each in events["StackEvents"]][-2:] == ["CREATE_IN_PROGRESS"] * 2


def test_a_stackset_is_described_as_it_was_made(world: World) -> None:
    identity = world.create(Description="words", ManagedExecution={"Active": True}, Parameters=given({"Value": "x"}))
    found = world.formation.describe_stack_set(StackSetName=identity)["StackSet"]
    assert (found["StackSetName"], found["StackSetId"], found["Status"]) == ("set", identity, "ACTIVE")
    assert found["StackSetARN"] == f"arn:aws:cloudformation:us-east-1:{world.account}:stackset/{identity}"
    assert found["TemplateBody"] == PARAMETER
    assert found["Parameters"] == given({"Value": "x", "Name": "/stackset/value"})
    assert found["ManagedExecution"] == {"Active": True}
    assert found["PermissionModel"] == "SELF_MANAGED"
    assert found["Description"] == "words"


def test_a_parameter_without_a_value_is_refused_at_once(world: World) -> None:
    assert refused(world.create, template=NEEDY) == ("ValidationError", "Parameters: [Value] must have values")


def test_a_parameter_that_the_template_lacks_is_refused(world: World, target: str) -> None:
    said = ("ValidationError", "Parameters: [Other] do not exist in the template")
    assert refused(world.create, Parameters=given({"Other": "x"})) == said
    world.create()
    assert refused(world.deploy, [target], [ONE], overrides={"Other": "x"}) == said
    assert world.instances() == {}


def test_a_value_against_the_templates_constraints_is_refused(world: World) -> None:
    strict = PARAMETER.replace("Default: first", "Default: first, AllowedValues: [first, second]")
    code, _ = refused(world.create, template=strict, Parameters=given({"Value": "third"}))
    assert code == "ValidationError"


def test_a_template_that_is_none_is_refused(world: World) -> None:
    assert refused(world.create, template="Resources: {}")[0] == "ValidationError"
    assert refused(world.create, template="{")[0] == "ValidationError"


def test_named_roles_need_their_capability(world: World) -> None:
    role = """{"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r",
        "AssumeRolePolicyDocument": {}}}}}"""
    said = ("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]")
    assert refused(world.create, template=role) == said
    assert world.create(template=role, Capabilities=["CAPABILITY_NAMED_IAM"])


def test_a_name_is_taken_until_its_stackset_is_deleted(world: World) -> None:
    world.create()
    assert refused(world.create)[0] == "NameAlreadyExistsException"
    world.formation.delete_stack_set(StackSetName="set")
    world.create()
    listed = world.formation.list_stack_sets()["Summaries"]
    assert [each["Status"] for each in listed] == ["DELETED", "ACTIVE"]
    assert len(world.formation.list_stack_sets(Status="ACTIVE")["Summaries"]) == 1


def test_making_a_stackset_again_with_the_same_token_is_the_same_call(world: World) -> None:
    first = world.create(ClientRequestToken="token")
    assert world.create(ClientRequestToken="token") == first
    assert refused(world.create, ClientRequestToken="token", Description="other")[0] == "NameAlreadyExistsException"


def test_a_stackset_with_instances_is_not_deleted(world: World, target: str) -> None:
    world.create()
    world.deploy([target], [ONE])
    assert refused(world.formation.delete_stack_set, StackSetName="set")[0] == "StackSetNotEmptyException"


def test_what_is_not_there_is_said_with_the_codes_of_the_api(world: World, target: str) -> None:
    formation = world.formation
    assert refused(formation.describe_stack_set, StackSetName="none")[0] == "StackSetNotFoundException"
    assert refused(formation.delete_stack_set, StackSetName="none")[0] == "StackSetNotFoundException"
    world.create()
    here = {"StackSetName": "set", "StackInstanceAccount": target, "StackInstanceRegion": ONE}
    assert refused(formation.describe_stack_instance, **here)[0] == "StackInstanceNotFoundException"
    places = {"StackSetName": "set", "Accounts": [target], "Regions": [ONE]}
    assert refused(formation.update_stack_instances, **places)[0] == "StackInstanceNotFoundException"
    updated = {**places, "UsePreviousTemplate": True}
    assert refused(formation.update_stack_set, **updated)[0] == "StackInstanceNotFoundException"
    operation = {"StackSetName": "set", "OperationId": "none"}
    assert refused(formation.describe_stack_set_operation, **operation)[0] == "OperationNotFoundException"


def test_deleting_an_instance_that_is_not_there_does_nothing(world: World, target: str) -> None:
    world.create()
    assert world.do("delete_stack_instances", Accounts=[target], Regions=[ONE], RetainStacks=False) == "SUCCEEDED"


def test_overrides_are_the_instances_own(world: World, target: str) -> None:
    world.create()
    world.deploy([target], [ONE], overrides={"Value": "own"})
    world.deploy([target], [TWO])
    assert (world.value(target, ONE), world.value(target, TWO)) == ("own", "first")
    found = world.formation.describe_stack_instance(
        StackSetName="set", StackInstanceAccount=target, StackInstanceRegion=ONE
    )["StackInstance"]
    assert found["ParameterOverrides"] == given({"Value": "own"})


def test_an_override_survives_an_update_of_the_stackset(world: World, target: str) -> None:
    world.create()
    world.deploy([target], [ONE], overrides={"Value": "own"})
    world.deploy([target], [TWO])
    updated = {"TemplateBody": PARAMETER, "Parameters": given({"Value": "second"})}
    assert world.do("update_stack_set", **updated) == "SUCCEEDED"
    assert (world.value(target, ONE), world.value(target, TWO)) == ("own", "second")


def test_an_override_left_out_of_a_list_falls_back(world: World, target: str) -> None:
    world.create()
    world.deploy([target], [ONE], overrides={"Value": "own", "Name": "/own"})
    here = {"Accounts": [target], "Regions": [ONE]}
    world.do("update_stack_instances", **here, overrides={"Name": "/own"})
    assert world.value(target, ONE, "/own") == "first"


def test_overrides_stay_without_a_list_and_where_the_previous_value_is_asked_for(world: World, target: str) -> None:
    world.create()
    here = {"Accounts": [target], "Regions": [ONE]}
    world.deploy([target], [ONE], overrides={"Value": "own"})
    world.do("update_stack_instances", **here)
    assert world.value(target, ONE) == "own"
    world.do("update_stack_instances", **here, overrides={"Value": None})
    assert world.value(target, ONE) == "own"
    world.do("update_stack_instances", **here, overrides={})
    assert world.value(target, ONE) == "first"


def test_a_new_parameter_has_the_stacksets_value_everywhere(world: World, target: str) -> None:
    world.create()
    world.deploy([target], [ONE], overrides={"Value": "own"})
    more = PARAMETER.replace("Parameters:\n", "Parameters:\n  More: {Type: String, Default: more}\n")
    more = more.replace("Value: !Ref Value}", "Value: !Ref More}")
    world.do("update_stack_set", TemplateBody=more)
    assert world.value(target, ONE) == "more"
    world.do("update_stack_instances", Accounts=[target], Regions=[ONE], overrides={"More": "mine"})
    assert world.value(target, ONE) == "mine"


def test_an_update_without_targets_is_for_all_with_targets_the_others_are_outdated(world: World, target: str) -> None:
    world.create()
    world.deploy([target], [ONE, TWO])
    second = {"TemplateBody": PARAMETER, "Parameters": given({"Value": "second"})}
    world.do("update_stack_set", **second, Accounts=[target], Regions=[ONE])
    assert world.states() == {ONE: ("CURRENT", "SUCCEEDED"), TWO: ("OUTDATED", "PENDING")}
    assert (world.value(target, ONE), world.value(target, TWO)) == ("second", "first")
    world.do("update_stack_set", UsePreviousTemplate=True, Parameters=given({"Value": None}))
    assert world.states() == {ONE: ("CURRENT", "SUCCEEDED"), TWO: ("CURRENT", "SUCCEEDED")}
    assert world.value(target, TWO) == "second"


def test_an_update_without_template_and_parameters_leaves_the_others_current(world: World, target: str) -> None:
    world.create()
    world.deploy([target], [ONE, TWO])
    world.do("update_stack_set", UsePreviousTemplate=True, Accounts=[target], Regions=[ONE])
    assert world.states() == {ONE: ("CURRENT", "SUCCEEDED"), TWO: ("CURRENT", "SUCCEEDED")}


def test_an_update_that_changes_nothing_succeeds_and_says_so(world: World, target: str) -> None:
    world.create()
    world.deploy([target], [ONE])
    identity = world.begin("update_stack_instances", Accounts=[target], Regions=[ONE])
    assert world.ended(identity)["Status"] == "SUCCEEDED"
    assert world.results(identity)[target, ONE]["StatusReason"] == "No updates are to be performed."


def test_a_failed_update_still_changes_the_stackset(world: World, target: str) -> None:
    world.create()
    world.deploy([target], [ONE])
    world.knobs.fail(type="AWS::SSM::Parameter", when="update", account=target, reason="no", times=1)
    second = {"TemplateBody": PARAMETER, "Parameters": given({"Value": "second"})}
    assert world.do("update_stack_set", **second) == "FAILED"
    instance = world.instances()[target, ONE]
    assert (instance["Status"], instance["StackInstanceStatus"]["DetailedStatus"]) == ("OUTDATED", "FAILED")
    assert instance["StatusReason"] == (
        "ResourceLogicalId:Parameter, ResourceType:AWS::SSM::Parameter, ResourceStatusReason:no."
    )
    assert world.stack(target, ONE, instance["StackId"])["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert world.value(target, ONE) == "first"
    assert "second" in str(world.formation.describe_stack_set(StackSetName="set")["StackSet"]["Parameters"])
    assert world.do("update_stack_instances", Accounts=[target], Regions=[ONE]) == "SUCCEEDED"
    assert world.value(target, ONE) == "second"


def test_a_stack_that_cannot_be_made_is_deleted_and_made_anew(world: World, target: str) -> None:
    world.create()
    world.knobs.fail(type="AWS::SSM::Parameter", region=ONE, account=target, reason="no room", times=1)
    assert world.deploy([target], [ONE]) == "FAILED"
    instance = world.instances()[target, ONE]
    assert instance["Status"] == "OUTDATED"
    assert "no room" in instance["StatusReason"]
    assert world.stack(target, ONE, instance["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    assert world.deploy([target], [ONE]) == "SUCCEEDED"
    assert world.instances()[target, ONE]["StackId"] != instance["StackId"]


def test_a_stack_deleted_by_hand_is_made_anew_by_the_next_update(world: World, target: str) -> None:
    world.create()
    world.deploy([target], [ONE], overrides={"Value": "own"})
    lost = world.instances()[target, ONE]["StackId"]
    world.client("cloudformation", ONE, target).delete_stack(StackName=lost)
    assert world.settled(target, ONE, lost) == "DELETE_COMPLETE"
    assert world.do("update_stack_instances", Accounts=[target], Regions=[ONE]) == "SUCCEEDED"
    assert world.instances()[target, ONE]["StackId"] != lost
    assert world.value(target, ONE) == "own"


def test_an_instance_goes_even_if_its_stack_was_deleted_by_hand(world: World, target: str) -> None:
    world.create()
    world.deploy([target], [ONE])
    lost = world.instances()[target, ONE]["StackId"]
    world.client("cloudformation", ONE, target).delete_stack(StackName=lost)
    world.settled(target, ONE, lost)
    assert world.do("delete_stack_instances", Accounts=[target], Regions=[ONE], RetainStacks=False) == "SUCCEEDED"
    assert world.instances() == {}


def test_deleting_instances_deletes_their_stacks_unless_they_are_retained(world: World, target: str) -> None:
    world.create()
    world.deploy([target], [ONE, TWO])
    stacks = {region: each["StackId"] for (_, region), each in world.instances().items()}
    world.do("delete_stack_instances", Accounts=[target], Regions=[ONE], RetainStacks=True)
    world.do("delete_stack_instances", Accounts=[target], Regions=[TWO], RetainStacks=False)
    assert world.instances() == {}
    assert world.stack(target, ONE, stacks[ONE])["StackStatus"] == "CREATE_COMPLETE"
    assert world.stack(target, TWO, stacks[TWO])["StackStatus"] == "DELETE_COMPLETE"
    world.formation.delete_stack_set(StackSetName="set")


def test_a_deletion_that_fails_makes_the_instance_inoperable(world: World, target: str) -> None:
    world.create()
    world.deploy([target], [ONE, TWO])
    world.knobs.fail(type="AWS::SSM::Parameter", when="delete", region=ONE, account=target, reason="in use", times=1)
    places = {"Accounts": [target], "Regions": [ONE], "RetainStacks": False}
    assert world.do("delete_stack_instances", **places) == "FAILED"
    assert world.states()[ONE] == ("INOPERABLE", "INOPERABLE")
    world.do("update_stack_set", TemplateBody=PARAMETER, Parameters=given({"Value": "second"}))
    assert world.states() == {ONE: ("INOPERABLE", "INOPERABLE"), TWO: ("CURRENT", "SUCCEEDED")}
    assert world.deploy([target], [ONE]) == "FAILED"
    assert world.do("delete_stack_instances", **places) == "SUCCEEDED"


def test_termination_protection_keeps_an_instances_stack(world: World, target: str) -> None:
    world.create()
    world.deploy([target], [ONE])
    stack = world.instances()[target, ONE]["StackId"]
    there = world.client("cloudformation", ONE, target)
    there.update_termination_protection(StackName=stack, EnableTerminationProtection=True)
    places = {"Accounts": [target], "Regions": [ONE], "RetainStacks": False}
    assert world.do("delete_stack_instances", **places) == "FAILED"
    assert "TerminationProtection" in world.instances()[target, ONE]["StatusReason"]
    there.update_termination_protection(StackName=stack, EnableTerminationProtection=False)
    assert world.do("delete_stack_instances", **places) == "SUCCEEDED"


def test_instances_are_listed_by_filters_and_page_by_page(world: World, target: str) -> None:
    other = world.admit()
    world.create()
    world.deploy([target, other], [ONE, TWO])
    assert set(world.instances(StackInstanceAccount=target)) == {(target, ONE), (target, TWO)}
    assert set(world.instances(StackInstanceRegion=TWO)) == {(target, TWO), (other, TWO)}
    last = world.begin("update_stack_instances", Accounts=[other], Regions=[TWO])
    world.ended(last)
    named = [{"Name": "LAST_OPERATION_ID", "Values": last}]
    assert set(world.instances(Filters=named)) == {(other, TWO)}
    assert world.instances(Filters=[{"Name": "DETAILED_STATUS", "Values": "FAILED"}]) == {}
    pages = world.formation.get_paginator("list_stack_instances").paginate(
        StackSetName="set", PaginationConfig={"PageSize": 3}
    )
    assert [len(page["Summaries"]) for page in pages] == [3, 1]


def test_a_template_over_the_requests_limit_comes_from_a_bucket(world: World, target: str) -> None:
    long = PARAMETER + "\nMetadata: {Words: [" + ", ".join(["word"] * 12_000) + "]}\n"
    assert refused(world.create, template=long)[0] == "ValidationError"
    bucket, formation = f"templates-{world.account}", world.formation
    storage = world.client("s3")
    storage.create_bucket(Bucket=bucket)
    storage.put_object(Bucket=bucket, Key="a/long.yaml", Body=long.encode())
    roles = {
        "AdministrationRoleARN": f"arn:aws:iam::{world.account}:role/administration",
        "ExecutionRoleName": "execution",
    }
    for name, url in {
        "set": f"https://{bucket}.s3.us-east-1.amazonaws.com/a/long.yaml",
        "other": f"{world.url}/{bucket}/a/long.yaml",
    }.items():
        formation.create_stack_set(StackSetName=name, TemplateURL=url, **roles)
    assert world.deploy([target], [ONE]) == "SUCCEEDED"
    assert refused(formation.create_stack_set, StackSetName="no", TemplateURL=f"{world.url}/{bucket}/none")[0] == (
        "ValidationError"
    )
    formation.create_stack(StackName="plain", TemplateURL=f"https://{bucket}.s3.us-east-1.amazonaws.com/a/long.yaml")
    assert world.settled(world.account, world.region, "plain") == "CREATE_COMPLETE"


def test_drift_of_a_stack_is_drift_of_its_instance_and_stackset(world: World, target: str) -> None:
    world.create()
    world.deploy([target], [ONE, TWO])
    assert {each["DriftStatus"] for each in world.instances().values()} == {"NOT_CHECKED"}
    world.client("ssm", TWO, target).put_parameter(Name="/stackset/value", Value="by hand", Overwrite=True)
    identity = world.begin("detect_stack_set_drift")
    assert world.ended(identity)["Status"] == "SUCCEEDED"
    assert {region: each["DriftStatus"] for (_, region), each in world.instances().items()} == {
        ONE: "IN_SYNC",
        TWO: "DRIFTED",
    }
    details = world.formation.describe_stack_set(StackSetName="set")["StackSet"]["StackSetDriftDetectionDetails"]
    assert details["DriftStatus"] == "DRIFTED"
    assert (details["DriftedStackInstancesCount"], details["InSyncStackInstancesCount"]) == (1, 1)
    found = world.formation.list_stack_instance_resource_drifts(
        StackSetName="set", StackInstanceAccount=target, StackInstanceRegion=TWO, OperationId=identity
    )["Summaries"]
    assert found[0]["StackResourceDriftStatus"] == "MODIFIED"
    assert found[0]["PropertyDifferences"][0]["ActualValue"] == "by hand"


def test_a_stack_that_exists_is_taken_into_a_stackset(world: World, target: str) -> None:
    there = world.client("cloudformation", ONE, target)
    identity = there.create_stack(StackName="before", TemplateBody=TOPIC)["StackId"]
    until(lambda: world.stack(target, ONE, "before")["StackStatus"] == "CREATE_COMPLETE")
    world.create(template=TOPIC)
    assert world.do("import_stacks_to_stack_set", StackIds=[identity]) == "SUCCEEDED"
    assert world.instances()[target, ONE]["StackId"] == identity
    world.create("other")
    assert world.do("import_stacks_to_stack_set", "other", StackIds=[identity]) == "FAILED"
    assert world.states("other")[ONE] == ("INOPERABLE", "FAILED_IMPORT")
    unknown = {"StackSetName": "set", "StackIds": [identity.replace("before", "never")]}
    assert refused(world.formation.import_stacks_to_stack_set, **unknown)[0] == "StackNotFoundException"
