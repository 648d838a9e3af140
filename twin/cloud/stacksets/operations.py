"""The actions on a StackSet's operations, and on trusted access.

API Reference: "DescribeStackSetOperation", "ListStackSetOperations", "ListStackSetOperationResults",
"StopStackSetOperation", "DetectStackSetDrift", "DescribeOrganizationsAccess", "ActivateOrganizationsAccess",
"DeactivateOrganizationsAccess".
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twin.cloud.settings import SETTINGS
from twin.cloud.stacksets import drift, permissions, queue, store
from twin.cloud.stacksets.definitions import roles
from twin.cloud.stacksets.model import Operation, Result, StackSet, now
from twin.cloud.stacksets.refusal import RefusalError, invalid
from twin.cloud.stacksets.wire import Request, listed


def describe(request: Request) -> dict[str, Any]:
    """Carry out DescribeStackSetOperation."""
    stackset, operation = _one(request)
    return {
        "StackSetOperation": {
            **_common(operation),
            "StackSetId": stackset.id,
            "RetainStacks": operation.retain if operation.action == "DELETE" else None,
            **roles(stackset),
            "DeploymentTargets": dict(operation.targets) or None,
            "StackSetDriftDetectionDetails": (
                drift.details(stackset, operation) if operation.action == "DETECT_DRIFT" else None
            ),
        }
    }


def list_(request: Request) -> dict[str, Any]:
    """Carry out ListStackSetOperations, the newest first."""
    stackset = _stackset(request)
    return listed(request, [_common(each) for each in reversed(stackset.operations.values())])


def list_results(request: Request) -> dict[str, Any]:
    """Carry out ListStackSetOperationResults."""
    _, operation = _one(request)
    wanted = request.filters().get("OPERATION_RESULT_STATUS", [])
    found = [_result(each) for each in operation.results.values() if not wanted or each.status in wanted]
    return listed(request, found)


def stop(request: Request) -> dict[str, Any]:
    """Carry out StopStackSetOperation: what has not begun is cancelled, what runs comes to its end."""
    stackset, operation = _one(request)
    if operation.status == "QUEUED":
        operation.status, operation.ended = "STOPPED", now()
        queue.advance(stackset)
    elif operation.status == "RUNNING":
        operation.status = "STOPPING"
    else:
        raise RefusalError("InvalidOperationException", f"Operation {operation.id} is in {operation.status} state")
    return {}


def detect_drift(request: Request) -> dict[str, Any]:
    """Carry out DetectStackSetDrift."""
    stackset = _stackset(request)
    if identity := queue.repeated(stackset, request):
        return {"OperationId": identity}
    return {"OperationId": queue.begin(stackset, request, "DETECT_DRIFT", whole=True)}


def describe_access(request: Request) -> dict[str, Any]:
    """Carry out DescribeOrganizationsAccess."""
    organization = SETTINGS.organization
    if permissions.home(request) != organization.management or not organization.management:
        raise invalid(permissions.NOT_ADMINISTRATOR)
    return {"Status": "ENABLED" if organization.trusted_access else "DISABLED"}


def activate_access(request: Request) -> dict[str, Any]:
    """Carry out ActivateOrganizationsAccess."""
    return _access(request, active=True)


def deactivate_access(request: Request) -> dict[str, Any]:
    """Carry out DeactivateOrganizationsAccess."""
    return _access(request, active=False)


def _access(request: Request, *, active: bool) -> dict[str, Any]:
    organization = SETTINGS.organization
    if request.account != organization.management or not organization.management:
        raise RefusalError("InvalidOperationException", "only the management account of an organization may do this")
    SETTINGS.organization = replace(organization, trusted_access=active)
    return {}


def _stackset(request: Request) -> StackSet:
    return store.find(permissions.home(request), request.region, request.needed("StackSetName"))


def _one(request: Request) -> tuple[StackSet, Operation]:
    stackset = _stackset(request)
    identity = request.needed("OperationId")
    if identity not in stackset.operations:
        raise RefusalError("OperationNotFoundException", f"Operation {identity} not found")
    return stackset, stackset.operations[identity]


def _common(operation: Operation) -> dict[str, Any]:
    preferences = dict(operation.preferences)
    return {
        "OperationId": operation.id,
        "Action": operation.action,
        "Status": operation.status,
        "OperationPreferences": {"RegionOrder": preferences.pop("RegionOrder", []), **preferences},
        "CreationTimestamp": operation.created,
        "EndTimestamp": operation.ended or None,
        "StatusDetails": {"FailedStackInstancesCount": operation.failed},
    }


def _result(result: Result) -> dict[str, Any]:
    gate = {"Status": "SKIPPED", "StatusReason": result.gate} if result.gate else None
    return {
        "Account": result.account,
        "Region": result.region,
        "Status": result.status,
        "StatusReason": result.reason or None,
        "AccountGateResult": gate,
        "OrganizationalUnitId": result.unit,
    }
