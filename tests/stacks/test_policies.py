"""A role may do what its function does, and nothing else; a wildcard has a reason and a condition."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from generator.catalog import STACKS
from generator.policies import endpoints, handlers, stacksets
from generator.policies.wildcards import REASONS
from generator.shape import INTERFACE_SERVICES
from tests.stacks.conftest import SHAPES, built

Library = dict[str, dict[str, Any]]
LAMBDA = Path(__file__).parents[2] / "lambda"
OF_SERVICE = {"logs:CreateLogStream", "logs:PutLogEvents"}
"""What Lambda itself does under the function's role."""

BORROWED = {"kms:Decrypt", "kms:GenerateDataKey"}
"""What SNS and Secrets Manager ask of the caller for an encrypted topic or secret."""


def statements(resource: dict[str, Any]) -> list[dict[str, Any]]:
    documents = [policy["PolicyDocument"] for policy in resource["Properties"].get("Policies", [])]
    if "PolicyDocument" in resource["Properties"]:
        documents.append(resource["Properties"]["PolicyDocument"])
    if "KeyPolicy" in resource["Properties"]:
        documents.append(resource["Properties"]["KeyPolicy"])
    return [statement for document in documents for statement in document["Statement"]]


def calls(function: str, name: str = "CALLS") -> set[str]:
    tree = ast.parse((LAMBDA / f"{function}.py").read_text())
    for node in tree.body:
        target = node.target if isinstance(node, ast.AnnAssign) else None
        if isinstance(target, ast.Name) and target.id == name and isinstance(node, ast.AnnAssign) and node.value:
            return set(ast.literal_eval(node.value))
    raise AssertionError(f"{function}.py has no literal {name}")


def functions(library: Library) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    for template in library.values():
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::Lambda::Function":
                name = resource["Properties"]["Handler"].removesuffix(".handler")
                role = resource["Properties"]["Role"]["Fn::GetAtt"][0]
                yield name, resource, template["Resources"][role]


def actions(items: list[dict[str, Any]], effect: str = "Allow") -> set[str]:
    return {action for item in items if item["Effect"] == effect for action in item["Action"]}


def test_each_function_may_do_exactly_what_it_says_that_it_calls(default: Library) -> None:
    seen = set()
    for name, function, role in functions(default):
        allowed = actions(statements(role)) - OF_SERVICE - BORROWED
        if "VpcConfig" in function["Properties"]:
            allowed -= actions(statements(role), "Deny")  # Lambda's own, denied to the code
        assert allowed == calls(name), name
        seen.add(name)
    assert seen == {path.stem for path in LAMBDA.glob("*.py") if "def handler(" in path.read_text()}


def test_the_fence_role_may_do_what_the_fence_borrows_it_for(default: Library) -> None:
    role = default["recovery"]["Resources"]["PartnersFence"]
    assert actions(statements(role)) == calls("fence", "BORROWED_CALLS")


def test_only_the_recovery_role_may_assume_a_fence_role_and_both_ends_carry_conditions(library: Library) -> None:
    assuming = {
        name
        for template in library.values()
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::IAM::Role" and "sts:AssumeRole" in actions(statements(resource))
    }
    assert assuming == {"FenceRole", "AdministrationRole"}
    recovery = library["recovery"]["Resources"]
    assert recovery["FenceRole"]["Properties"]["RoleName"] == {"Fn::Sub": "dr-${Suffix}-${AWS::Region}-recovery"}
    (asks,) = [item for item in statements(recovery["FenceRole"]) if "sts:AssumeRole" in item["Action"]]
    assert "aws:ResourceAccount" in asks["Condition"]["StringEquals"]
    (trusts,) = recovery["PartnersFence"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    condition = trusts["Condition"]
    assert condition["ArnLike"]["aws:PrincipalArn"]["Fn::Sub"].endswith(":role/dr-${Suffix}-*-recovery")
    assert {"aws:PrincipalAccount", "aws:PrincipalOrgID", "sts:ExternalId"} <= set(condition["StringEquals"])
    assert "aws:RequestedRegion" not in json.dumps(condition), "trap 49a"


def test_every_wildcard_resource_has_a_condition_and_a_reason_beside_it(library: Library) -> None:
    for name, template in library.items():
        for title, resource in template["Resources"].items():
            for item in statements(resource):
                if "Principal" in item and resource["Type"] != "AWS::KMS::Key":
                    continue
                wide = item.get("Resource") == ["*"] or item.get("Resource") == "*"
                wide = wide or any(action.endswith(":*") for action in item["Action"] if item["Effect"] == "Allow")
                if wide:
                    default_of_a_key = item["Sid"] == "AccountAdministers"
                    assert item.get("Condition") or default_of_a_key, (name, title, item["Sid"])
                    assert resource["Metadata"]["Wildcards"][item["Sid"]] == REASONS[item["Sid"]], (name, title)


def test_every_reason_for_a_wildcard_is_still_needed() -> None:
    used = {
        sid
        for shape in SHAPES
        for template in built(shape).values()
        for resource in template["Resources"].values()
        for sid in resource.get("Metadata", {}).get("Wildcards", {})
    }
    assert used == set(REASONS)


def test_stacksets_may_make_every_type_of_the_library_and_no_other() -> None:
    types = {
        resource["Type"]
        for shape in SHAPES
        for stack in STACKS
        if stack.name != "stackset-roles"
        for resource in built(shape)[stack.name]["Resources"].values()
    }
    assert types == set(handlers.HANDLERS)


def test_the_execution_role_has_every_call_of_the_handlers(default: Library) -> None:
    resources = default["stackset-roles"]["Resources"]
    allowed = {action for resource in resources.values() for action in actions(statements(resource))}
    needed = {action for calls in handlers.HANDLERS.values() for action in calls}
    assert needed <= allowed
    assert "iam:*" not in allowed and "*" not in allowed


def test_the_execution_role_passes_roles_to_every_service_that_runs_under_one(library: Library) -> None:
    principals = set()
    for template in library.values():
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::IAM::Role":
                for item in resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]:
                    service = item["Principal"].get("Service", [])
                    principals |= {
                        each for each in ([service] if isinstance(service, str) else service) if isinstance(each, str)
                    }
    assert principals - {"cloudformation.amazonaws.com"} <= set(stacksets.PASSED_TO)


NOT_OURS = ("autoscaling", "elasticfilesystem", "kinesis", "route53-recovery-control-config", "s3files", "s3tables")
NOT_ASKED = {
    "dynamodb:GetItem", "iam:GetGroupPolicy", "iam:GetUserPolicy", "logs:DescribeLogStreams", "s3:GetObjectMetadata",
}  # fmt: skip
"""What the handlers read for features that the library does not use: imports, users and groups, table buckets."""


@pytest.mark.parametrize("kind", sorted(handlers.HANDLERS))
def test_the_execution_role_may_read_all_that_a_types_own_handlers_read(kind: str) -> None:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    listed = schema.get("handlers", {})
    wanted = {action for name in ("create", "read", "update", "delete") for action in _permissions(listed, name)}
    reads = {action for action in wanted if action.split(":")[1].startswith(("Get", "Describe"))}
    granted = {action for needed in handlers.HANDLERS.values() for action in needed}
    left_out = {action for action in reads if action.split(":")[0] in (*NOT_OURS, "vpc-lattice")} | NOT_ASKED
    assert not reads - granted - left_out


def _permissions(listed: dict[str, Any], name: str) -> list[str]:
    return list(listed.get(name, {}).get("permissions", []))


@pytest.mark.parametrize("title", ["ExecutionStacks", "ExecutionNames", "ExecutionNetwork", "ExecutionUnnamed"])
def test_a_managed_policy_is_small_enough_for_iam(title: str, default: Library) -> None:
    document = default["stackset-roles"]["Resources"][title]["Properties"]["PolicyDocument"]
    assert len(json.dumps(document, separators=(",", ":"))) < 6144


def test_every_service_that_an_environment_may_name_has_an_endpoint_policy() -> None:
    assert set(endpoints.SERVICES) == set(INTERFACE_SERVICES)


def test_a_function_in_the_vpc_asks_for_nothing_that_has_no_endpoint_there(default: Library) -> None:
    reachable = {"cloudwatch", "dynamodb", "secretsmanager", "rds-db", "kms", "logs", "ec2"}
    for name, function, role in functions(default):
        if "VpcConfig" in function["Properties"]:
            assert {action.split(":")[0] for action in actions(statements(role))} <= reachable, f"{name}: trap 71"


def test_no_function_that_calls_another_region_is_in_the_vpc(default: Library) -> None:
    in_vpc = {name for name, function, _ in functions(default) if "VpcConfig" in function["Properties"]}
    assert in_vpc == {"prove_writer", "bootstrap_database"}
