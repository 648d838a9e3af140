"""All actions of StackSets, by their names in the API, put into the emulator's table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twin.cloud.emulator import module
from twin.cloud.stacksets import definitions, instances, operations, store
from twin.cloud.stacksets.refusal import RefusalError
from twin.cloud.stacksets.wire import Reply, Request, answer, refused

ACTIONS: Mapping[str, Callable[[Request], dict[str, Any]]] = {
    "CreateStackSet": definitions.create,
    "UpdateStackSet": definitions.update,
    "DeleteStackSet": definitions.delete,
    "DescribeStackSet": definitions.describe,
    "ListStackSets": definitions.list_,
    "CreateStackInstances": instances.create,
    "UpdateStackInstances": instances.update,
    "DeleteStackInstances": instances.delete,
    "DescribeStackInstance": instances.describe,
    "ListStackInstances": instances.list_,
    "ListStackInstanceResourceDrifts": instances.list_resource_drifts,
    "ImportStacksToStackSet": instances.adopt,
    "DescribeStackSetOperation": operations.describe,
    "ListStackSetOperations": operations.list_,
    "ListStackSetOperationResults": operations.list_results,
    "StopStackSetOperation": operations.stop,
    "DetectStackSetDrift": operations.detect_drift,
    "DescribeOrganizationsAccess": operations.describe_access,
    "ActivateOrganizationsAccess": operations.activate_access,
    "DeactivateOrganizationsAccess": operations.deactivate_access,
}


def install() -> None:
    """Put the actions into the emulator, and have its reset forget the StackSets too."""
    cloudformation = module("services.cloudformation")
    for name, action in ACTIONS.items():
        cloudformation._ACTION_HANDLERS[name] = _handler(name, action)
    before = cloudformation.reset

    def reset() -> None:
        before()
        store.clear()

    cloudformation.reset = reset


def _handler(name: str, action: Callable[[Request], dict[str, Any]]) -> Callable[[Mapping[str, Any]], Reply]:
    responses = module("core.responses")

    def handle(parameters: Mapping[str, Any]) -> Reply:
        try:
            return answer(name, action(Request(parameters, responses.get_account_id(), responses.get_region())))
        except RefusalError as refusal:
            return refused(refusal)

    return handle
