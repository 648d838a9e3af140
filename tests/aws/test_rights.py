"""The rights of the commands: all that is called is allowed, nothing else is, and nothing wider than it must be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from generator.config import load
from generator.errors import Exit
from generator.policies.operator import Scope, documents
from generator.policies.operator_rights import BEHIND, COMMANDS, FREE, RIGHTS
from generator.resources import folder
from tests.aws.calls import calls, modules, reached

ONE = Scope("one", "111122223333", "111122223333", "eu-central-1", ("eu-west-1", "eu-central-1"))
TWO = Scope("two", "444455556666", "111122223333", "eu-central-1", ("eu-west-1", "eu-central-1"), access_role="deploy")
MANAGED = Scope("org", "444455556666", "111122223333", "eu-central-1", ("eu-west-1",), True, "deploy")
SCOPES = {"one account": ONE, "two accounts": TWO, "service-managed": MANAGED}
WORDS = {each.action for each in BEHIND}
CHANGES = ("Create", "Update", "Delete", "Put", "Set", "Stop", "Modify", "Invoke", "Remove", "Add")


def policies(scope: Scope, command: str) -> dict[str, Any]:
    return {account: json.loads(each.to_json()) for account, each in documents(scope, command).items()}


def statements(scope: Scope, command: str) -> list[dict[str, Any]]:
    return [each for policy in policies(scope, command).values() for each in policy["Statement"]]


def allowed(scope: Scope, command: str) -> set[str]:
    return {action for each in statements(scope, command) for action in each["Action"]}


def called() -> frozenset[str]:
    return frozenset().union(*(calls(path) for path in modules())) - FREE


def test_calls_are_found_in_every_form_that_the_source_uses() -> None:
    assert {"cloudformation:CreateStackSet", "cloudformation:ListStackSets", "s3:PutObject", "lambda:InvokeFunction",
            "dynamodb:Scan", "route53:TestDNSAnswer", "rds:DescribeGlobalClusters"} <= called()  # fmt: skip


def test_every_call_of_the_source_is_allowed_to_some_command() -> None:
    given = {action for each in RIGHTS for action in each.actions}
    assert sorted(called() - given) == []


def test_nothing_is_allowed_that_is_neither_called_nor_needed_behind_a_call() -> None:
    given = {action for each in RIGHTS for action in each.actions}
    assert sorted(given - called() - WORDS) == []


@pytest.mark.parametrize(
    ("command", "starts"), [("plan", ["observe"]), ("diff", ["observe"]), ("status", ["status.look"])]
)
def test_a_command_that_looks_is_allowed_exactly_the_calls_that_its_modules_make(
    command: str, starts: list[str]
) -> None:
    made = frozenset().union(*(calls(path) for path in reached(starts))) - FREE
    assert sorted(allowed(MANAGED, command) ^ made) == ["cloudformation:ListStacks"]


@pytest.mark.parametrize("command", ["plan", "diff", "status", "outputs", "follow"])
def test_a_command_that_looks_may_change_nothing(command: str) -> None:
    for scope in SCOPES.values():
        assert [each for each in allowed(scope, command) if each.split(":")[1].startswith(CHANGES)] == []


@pytest.mark.parametrize("name", SCOPES)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_resource_is_everything_only_with_a_reason_and_within_named_regions(name: str, command: str) -> None:
    reasons = {each.sid: each.reason for each in RIGHTS}
    for each in statements(SCOPES[name], command):
        if "*" in each["Resource"]:
            assert len(reasons[each["Sid"]].split()) > 4, each["Sid"]
            assert each["Condition"]["StringEquals"]["aws:RequestedRegion"], each["Sid"]


@pytest.mark.parametrize("name", SCOPES)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_other_resource_names_the_environment_or_a_key_by_its_alias(name: str, command: str) -> None:
    scope = SCOPES[name]
    for each in statements(scope, command):
        for resource in each["Resource"]:
            ours = scope.suffix in resource or resource.endswith("role/deploy")
            by_alias = "kms:ResourceAliases" in json.dumps(each.get("Condition", {}))
            types = resource.endswith("type/resource/*")
            assert resource == "*" or ours or by_alias or types, (each["Sid"], resource)


def test_no_hole_of_a_pattern_is_left() -> None:
    for scope in SCOPES.values():
        for command in COMMANDS:
            assert "{" not in "".join(resource for each in statements(scope, command) for resource in each["Resource"])


def test_two_accounts_get_a_policy_each_and_only_the_first_may_assume_the_access_role() -> None:
    found = policies(TWO, "deploy")
    assert list(found) == ["444455556666", "111122223333"]
    sids = {account: {each["Sid"] for each in policy["Statement"]} for account, policy in found.items()}
    assert "AssumeAccessRole" in sids["444455556666"] and "AssumeAccessRole" not in sids["111122223333"]
    assert "ChangeStackSets" not in sids["111122223333"] and "CallBootstrap" not in sids["444455556666"]


def test_service_managed_stacksets_need_no_role_to_be_passed() -> None:
    assert "iam:PassRole" not in allowed(MANAGED, "deploy")
    assert "iam:PassRole" in allowed(TWO, "deploy")


@pytest.mark.parametrize("name", SCOPES)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_policy_fits_into_a_roles_inline_policies(name: str, command: str) -> None:
    """IAM User Guide, "IAM and AWS STS quotas": 10,240 characters for a role, white space not counted."""
    for policy in policies(SCOPES[name], command).values():
        assert len("".join(json.dumps(policy).split())) <= 10_240


def test_taking_an_environment_down_may_make_nothing_but_snapshots() -> None:
    made = [each for each in allowed(TWO, "destroy") if each.split(":")[1].startswith(("Create", "Put", "Attach"))]
    assert sorted(made) == ["rds:CreateDBClusterSnapshot", "s3:PutObject"]


RECOVERIES = ("failover", "switchover", "failback")


@pytest.mark.parametrize("command", [*RECOVERIES, "follow", "approve", "refuse"])
@pytest.mark.parametrize("name", SCOPES)
def test_a_recovery_needs_no_right_on_a_global_control_plane(name: str, command: str) -> None:
    services = {each.split(":")[0] for each in allowed(SCOPES[name], command)}
    assert services <= {"states", "lambda", "dynamodb", "rds", "sts"}


@pytest.mark.parametrize("command", RECOVERIES)
def test_whoever_may_start_a_recovery_may_not_promote_fence_or_write_by_themselves(command: str) -> None:
    doing = {
        each for each in allowed(ONE, command) if each.split(":")[1].startswith((*CHANGES, "Start", "Send", "Fail"))
    }
    assert doing == {"states:StartExecution", "lambda:InvokeFunction"}
    functions = [each["Resource"] for each in statements(ONE, command) if "lambda:InvokeFunction" in each["Action"]]
    assert functions == [["arn:aws:lambda:*:111122223333:function:dr-one-*-assess"]]


def test_starting_and_approving_are_two_peoples_rights() -> None:
    for command in RECOVERIES:
        assert "states:SendTaskSuccess" not in allowed(ONE, command)
    assert "states:StartExecution" not in allowed(ONE, "approve")


def test_moving_home_may_update_instances_and_change_nothing_else() -> None:
    doing = {each for each in allowed(ONE, "rehome") if each.split(":")[1].startswith(CHANGES)}
    assert doing == {"cloudformation:UpdateStackInstances", "dynamodb:UpdateItem"}


def test_an_unknown_command_has_no_rights() -> None:
    with pytest.raises(KeyError):
        documents(ONE, "dance")


def test_the_command_writes_policies_that_can_be_attached(capsys: pytest.CaptureFixture[str]) -> None:
    from generator.cli.rights import rights, scope_of

    path = folder("stacksets") / "example.yaml"
    assert rights(path, command="plan", as_json=True) == Exit.FINE
    shown = json.loads(capsys.readouterr().out)
    assert shown == {"plan": policies(scope_of(load(path)), "plan")}


def test_the_table_names_every_statement_of_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    from generator.cli.rights import rights, scope_of

    path = folder("stacksets") / "example.yaml"
    assert rights(path) == Exit.FINE
    shown = capsys.readouterr().out
    scope = scope_of(load(path))
    wanted = [(command, each["Sid"]) for command in COMMANDS for each in statements(scope, command)]
    lines = [line.split()[0:3] for line in shown.splitlines()]
    assert [pair for pair in wanted if [pair[0], scope.workload, pair[1]] not in lines] == []


def test_a_command_that_is_none_is_refused_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    from generator.cli.app import main

    assert main(["rights", str(folder("stacksets") / "example.yaml"), "--command", "dance"]) == Exit.USAGE
    assert "plan, deploy, diff" in capsys.readouterr().err


def test_the_page_is_current() -> None:
    from generator.rights_page import FILE, page

    assert (folder("docs") / FILE).read_text(encoding="utf-8") == page(), "run: python -m generator.rights_page"
