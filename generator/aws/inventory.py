"""StackSets and stacks as the service describes them, turned into the planner's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from generator import naming
from generator.aws.clients import Clouds
from generator.aws.errors import told
from generator.config import Environment
from generator.plan.model import SeenInstance, SeenOperation, SeenStack, SeenStackSet

_UNDER_WAY = frozenset({"RUNNING", "STOPPING", "QUEUED"})
_OPEN = frozenset({"PENDING", "RUNNING"})


def names(environment: Environment, clouds: Clouds, calling: Mapping[str, str]) -> list[str]:
    """Return the names of the environment's StackSets. Raises CloudError."""
    prefix = naming.STACKSET.of(suffix=environment.suffix) + "-"
    with told(environment.dns_region, "listing the StackSets"):
        pages = clouds.stacksets().get_paginator("list_stack_sets").paginate(Status="ACTIVE", **calling)
        every = [each for page in pages for each in page["Summaries"]]
    return sorted(
        each["StackSetName"]
        for each in every
        if each["StackSetName"].startswith(prefix) and each.get("Status") != "DELETED"
    )


def stackset(clouds: Clouds, name: str, calling: Mapping[str, str]) -> SeenStackSet:
    """Return the StackSet; with an empty template when it is not there (any more)."""
    client, region = clouds.stacksets(), clouds.environment.dns_region
    with told(region, f"describing the StackSet {name}"):
        try:
            described = client.describe_stack_set(StackSetName=name, **calling)["StackSet"]
        except client.exceptions.StackSetNotFoundException:
            return SeenStackSet(name=name, template="")
        operations = client.list_stack_set_operations(StackSetName=name, **calling)["Summaries"]
    return SeenStackSet(
        name=name,
        template=described.get("TemplateBody", ""),
        parameters=_parameters(described.get("Parameters", [])),
        tags={each["Key"]: each["Value"] for each in described.get("Tags", [])},
        permission_model=described.get("PermissionModel", "SELF_MANAGED"),
        managed_execution=bool(described.get("ManagedExecution", {}).get("Active", False)),
        instances=listed(clouds, name, calling),
        operations=tuple(
            _operation(clouds, name, each, calling) for each in operations if each["Status"] in _UNDER_WAY
        ),
    )


def _operation(clouds: Clouds, name: str, summary: Mapping[str, Any], calling: Mapping[str, str]) -> SeenOperation:
    """Return the operation with the regions that it has no result of yet (``ListStackSetOperationResults``)."""
    pages = clouds.stacksets().get_paginator("list_stack_set_operation_results")
    with told(clouds.environment.dns_region, f"reading the results of an operation of {name}"):
        asked = pages.paginate(StackSetName=name, OperationId=summary["OperationId"], **calling)
        results = [each for page in asked for each in page["Summaries"]]
    open_ = tuple(sorted({each["Region"] for each in results if each["Status"] in _OPEN}))
    return SeenOperation(summary["OperationId"], summary["Action"], summary["Status"], open_ if results else None)


def listed(clouds: Clouds, name: str, calling: Mapping[str, str]) -> tuple[SeenInstance, ...]:
    """Return the StackSet's instances, each with a stack of which only the id is known. Raises CloudError."""
    pages = clouds.stacksets().get_paginator("list_stack_instances")
    with told(clouds.environment.dns_region, f"listing the instances of the StackSet {name}"):
        return tuple(
            _instance(each) for page in pages.paginate(StackSetName=name, **calling) for each in page["Summaries"]
        )


def _parameters(given: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {each["ParameterKey"]: each.get("ParameterValue", "") for each in given}


def _instance(summary: Mapping[str, Any]) -> SeenInstance:
    """Return the instance, for now with a stack of which only the id is known."""
    account, region = summary["Account"], summary["Region"]
    identity = summary.get("StackId", "")
    return SeenInstance(
        account=account,
        region=region,
        status=summary["Status"],
        detailed=summary.get("StackInstanceStatus", {}).get("DetailedStatus", ""),
        reason=summary.get("StatusReason", ""),
        stack=SeenStack(_name(identity), identity, region, account, "") if identity else None,
    )


def _name(identity: str) -> str:
    return identity.split("/")[1] if "/" in identity else identity


def described(stack: Mapping[str, Any], account: str, region: str) -> SeenStack:
    """Return a stack as the planner knows it."""
    return SeenStack(
        name=stack["StackName"],
        id=stack["StackId"],
        region=region,
        account=account,
        status=stack["StackStatus"],
        reason=stack.get("StackStatusReason", ""),
        drift=stack.get("DriftInformation", {}).get("StackDriftStatus", "NOT_CHECKED"),
        parameters=_parameters(stack.get("Parameters", [])),
        outputs={each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])},
        tags={each["Key"]: each["Value"] for each in stack.get("Tags", [])},
        protected=bool(stack.get("EnableTerminationProtection", False)),
    )
