"""Who may deploy where: roles of self-managed StackSets, organizations of service-managed ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from generator.config.regions import REGIONS
from tests.cloud.cloud_world import EXECUTION, ONE, PARAMETER, World, fresh_account
from twin.cloud.launch import Options
from twin.cloud.process import local_cloud
from twin.cloud.stacksets.permissions import ALWAYS_ENABLED

OPTED_IN = "ap-east-1"
UNIT, INNER, OTHER = "ou-aaaa-11111111", "ou-aaaa-22222222", "ou-aaaa-33333333"


def refused(call: Any, *arguments: Any, **settings: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **settings)
    return str(caught.value.response["Error"]["Message"])


def test_without_the_administration_role_an_instance_fails_with_cloudformations_reason(world: World) -> None:
    alone = World(world.url)
    target = alone.admit()
    alone.create()
    assert alone.deploy([target], [ONE]) == "FAILED"
    instance = alone.instances()[target, ONE]
    assert instance["StatusReason"] == (
        f"Account {alone.account} should have 'administration' role with trust relationship to CloudFormation service."
    )
    assert (instance["Status"], "StackId" in instance) == ("OUTDATED", False)


def test_without_the_execution_role_an_instance_fails_with_cloudformations_reason(world: World) -> None:
    target = fresh_account()
    world.create()
    identity = world.begin("create_stack_instances", Accounts=[target], Regions=[ONE])
    assert world.ended(identity)["Status"] == "FAILED"
    reason = f"Account {target} should have 'execution' role with trust relationship to Role 'administration'."
    result = world.results(identity)[target, ONE]
    assert result["StatusReason"] == reason
    assert result["AccountGateResult"] == {"Status": "SKIPPED", "StatusReason": reason}
    world.admit(target)
    assert world.deploy([target], [ONE]) == "SUCCEEDED"


def test_a_role_that_trusts_somebody_else_is_none(world: World) -> None:
    target = fresh_account()
    world.role(target, EXECUTION, {"AWS": "arn:aws:iam::999999999999:root"})
    world.create()
    assert world.deploy([target], [ONE]) == "FAILED"


def test_a_trust_with_conditions_that_are_not_met_is_none(world: World) -> None:
    target = world.admit()
    policy = """{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal":
        {"Service": "cloudformation.amazonaws.com"}, "Condition": {"StringLike":
        {"aws:SourceArn": "arn:aws:cloudformation:*:ACCOUNT:stackset/allowed-*"}}}]}"""
    world.client("iam").update_assume_role_policy(
        RoleName="administration", PolicyDocument=policy.replace("ACCOUNT", world.account)
    )
    world.create("other")
    assert world.deploy([target], [ONE], "other") == "FAILED"
    world.create("allowed-set")
    assert world.deploy([target], [ONE], "allowed-set") == "SUCCEEDED"


def test_a_region_that_was_opted_into_needs_a_principal_of_its_own(world: World, target: str) -> None:
    world.create()
    assert world.deploy([target], [OPTED_IN]) == "FAILED"
    services = ["cloudformation.amazonaws.com", f"cloudformation.{OPTED_IN}.amazonaws.com"]
    world.client("iam").delete_role(RoleName="administration")
    world.role(world.account, "administration", {"Service": services})
    assert world.deploy([target], [OPTED_IN, ONE]) == "SUCCEEDED"


def test_the_regions_that_need_no_opting_in_are_those_the_environment_file_knows() -> None:
    assert {name for name, region in REGIONS.items() if not region.opt_in} == ALWAYS_ENABLED


@pytest.fixture
def company(world: World) -> Iterator[tuple[World, list[str]]]:
    """A management account with trusted access, and three accounts in units below one another and beside."""
    members = [fresh_account() for _ in range(3)]
    world.knobs.organize(
        management=world.account,
        units={
            UNIT: {"accounts": [members[0], world.account], "parent": "r-aaaa"},
            INNER: {"accounts": [members[1]], "parent": UNIT},
            OTHER: {"accounts": [members[2]], "parent": "r-aaaa"},
        },
    )
    yield world, members


def managed(world: World, template: str = PARAMETER, **settings: Any) -> None:
    automatic = {"AutoDeployment": {"Enabled": False}}
    world.formation.create_stack_set(
        **{"StackSetName": "set", "TemplateBody": template, "PermissionModel": "SERVICE_MANAGED"},
        **automatic,
        **settings,
    )


def targets(*units: str, **more: Any) -> dict[str, Any]:
    return {"DeploymentTargets": {"OrganizationalUnitIds": list(units), **more}, "Regions": [ONE]}


def test_service_managed_stacksets_need_trusted_access(company: tuple[World, list[str]]) -> None:
    world, _ = company
    assert world.formation.describe_organizations_access()["Status"] == "DISABLED"
    assert "must enable organizations access" in refused(managed, world)
    world.formation.activate_organizations_access()
    assert world.formation.describe_organizations_access()["Status"] == "ENABLED"
    managed(world)
    found = world.formation.describe_stack_set(StackSetName="set")["StackSet"]
    assert (found["PermissionModel"], found["AutoDeployment"]) == ("SERVICE_MANAGED", {"Enabled": False})
    assert "AdministrationRoleARN" not in found


def test_a_unit_means_its_accounts_and_those_below_but_never_the_management(company: tuple[World, list[str]]) -> None:
    world, members = company
    world.formation.activate_organizations_access()
    managed(world)
    assert world.do("create_stack_instances", **targets(UNIT)) == "SUCCEEDED"
    assert set(world.instances()) == {(members[0], ONE), (members[1], ONE)}
    assert {each["OrganizationalUnitId"] for each in world.instances().values()} == {UNIT}
    assert world.value(members[1], ONE) == "first"
    assert world.formation.describe_stack_set(StackSetName="set")["StackSet"]["OrganizationalUnitIds"] == [UNIT]


@pytest.mark.parametrize(
    ("kind", "named", "meant"),
    [("INTERSECTION", [1], {1}), ("DIFFERENCE", [1], {0}), ("UNION", [2], {0, 1, 2}), ("INTERSECTION", [2], set())],
)
def test_accounts_refine_units(company: tuple[World, list[str]], kind: str, named: list[int], meant: set[int]) -> None:
    world, members = company
    world.formation.activate_organizations_access()
    managed(world)
    wanted = targets(UNIT, AccountFilterType=kind, Accounts=[members[number] for number in named])
    assert world.do("create_stack_instances", **wanted) == "SUCCEEDED"
    assert {account for account, _ in world.instances()} == {members[number] for number in meant}


def test_each_model_refuses_the_others_targets(company: tuple[World, list[str]]) -> None:
    world, members = company
    world.formation.activate_organizations_access()
    managed(world)
    assert "OrganizationalUnit" in refused(world.begin, "create_stack_instances", Accounts=members, Regions=[ONE])
    assert "does not exist" in refused(world.begin, "create_stack_instances", **targets("ou-zzzz-99999999"))
    world.create("own")
    assert "accounts" in refused(world.begin, "create_stack_instances", "own", **targets(UNIT))


def test_service_managed_stacksets_refuse_macros_nested_stacks_and_automatic_deployment(
    company: tuple[World, list[str]],
) -> None:
    world, _ = company
    world.formation.activate_organizations_access()
    macro = "Transform: AWS::LanguageExtensions\n" + PARAMETER
    assert "macros" in refused(managed, world, macro, Capabilities=["CAPABILITY_AUTO_EXPAND"])
    nested = '{"Resources": {"S": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "x"}}}}'
    assert "nested" in refused(managed, world, nested)
    settings = {"StackSetName": "set", "TemplateBody": PARAMETER, "PermissionModel": "SERVICE_MANAGED"}
    assert "AutoDeployment" in refused(world.formation.create_stack_set, **settings)
    automatic = {**settings, "AutoDeployment": {"Enabled": True, "RetainStacksOnAccountRemoval": False}}
    assert "automatic deployment" in refused(world.formation.create_stack_set, **automatic)


def test_automatic_deployment_is_not_given_together_with_places(company: tuple[World, list[str]]) -> None:
    world, _ = company
    world.formation.activate_organizations_access()
    managed(world)
    assert world.do("create_stack_instances", **targets(UNIT)) == "SUCCEEDED"
    update = {"UsePreviousTemplate": True, "PermissionModel": "SERVICE_MANAGED"}
    automatic = {"AutoDeployment": {"Enabled": False}}
    assert "don't specify" in refused(world.begin, "update_stack_set", **update, **automatic, **targets(UNIT))
    assert world.do("update_stack_set", **update, **automatic) == "SUCCEEDED"
    assert world.do("update_stack_set", **update, **targets(UNIT)) == "SUCCEEDED"


def test_every_account_of_the_organization_is_told_its_management_account_and_no_other(
    company: tuple[World, list[str]],
) -> None:
    world, members = company
    for account in (world.account, *members):
        told = world.client("organizations", account=account).describe_organization()["Organization"]
        assert told["MasterAccountId"] == world.account
    stranger = world.client("organizations", account=fresh_account())
    with pytest.raises(stranger.exceptions.AWSOrganizationsNotInUseException):
        stranger.describe_organization()


def test_a_delegated_administrator_works_in_the_management_account(company: tuple[World, list[str]]) -> None:
    world, members = company
    world.formation.activate_organizations_access()
    managed(world)
    delegated = World(world.url, members[2])
    call = {"StackSetName": "set", "CallAs": "DELEGATED_ADMIN"}
    assert "not a delegated administrator" in refused(delegated.formation.describe_stack_set, **call)
    organization = world.knobs.health()["organization"]
    world.knobs.organize(**{**organization, "delegated": [members[2]]})
    found = delegated.formation.describe_stack_set(**call)["StackSet"]
    assert found["StackSetARN"].split(":")[4] == world.account
    delegated.formation.create_stack_instances(**call, **targets(INNER))
    assert "management account" in refused(managed, delegated)


def test_a_suspended_account_is_skipped(company: tuple[World, list[str]]) -> None:
    world, members = company
    world.formation.activate_organizations_access()
    managed(world)
    organization = world.knobs.health()["organization"]
    world.knobs.organize(**{**organization, "suspended": [members[1]]})
    assert world.do("create_stack_instances", **targets(UNIT)) == "SUCCEEDED"
    states = {
        account: each["StackInstanceStatus"]["DetailedStatus"] for (account, _), each in world.instances().items()
    }
    assert states == {members[0]: "SUCCEEDED", members[1]: "SKIPPED_SUSPENDED_ACCOUNT"}


def test_an_account_has_only_so_many_stacksets() -> None:
    with local_cloud(Options(quota=1)) as running:
        world = World(running.url)
        world.create()
        with pytest.raises(ClientError) as caught:
            world.create("second")
        assert caught.value.response["Error"]["Code"] == "LimitExceededException"
