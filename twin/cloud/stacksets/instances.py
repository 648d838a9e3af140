"""The actions on a StackSet's instances.

API Reference: "CreateStackInstances", "UpdateStackInstances", "DeleteStackInstances", "DescribeStackInstance",
"ListStackInstances", "ListStackInstanceResourceDrifts", "ImportStacksToStackSet".
"""

from __future__ import annotations

from typing import Any

from twin.cloud import emulator
from twin.cloud.stacksets import drift, parameters, permissions, queue, store
from twin.cloud.stacksets.definitions import missing, summary
from twin.cloud.stacksets.model import Instance, Place, StackSet
from twin.cloud.stacksets.refusal import RefusalError, invalid
from twin.cloud.stacksets.wire import Request, listed, pairs

MOST_IMPORTED = 10


def create(request: Request) -> dict[str, Any]:
    """Carry out CreateStackInstances."""
    return _operate(request, "CREATE")


def update(request: Request) -> dict[str, Any]:
    """Carry out UpdateStackInstances."""
    return _operate(request, "UPDATE")


def delete(request: Request) -> dict[str, Any]:
    """Carry out DeleteStackInstances."""
    request.needed("RetainStacks")
    return _operate(request, "DELETE")


def describe(request: Request) -> dict[str, Any]:
    """Carry out DescribeStackInstance."""
    stackset, instance = _one(request)
    return {"StackInstance": {**summary(stackset, instance), "ParameterOverrides": pairs(instance.overrides)}}


def list_(request: Request) -> dict[str, Any]:
    """Carry out ListStackInstances."""
    stackset = _stackset(request)
    filters = request.filters()
    wanted = {
        "account": _one_of(request, "StackInstanceAccount"),
        "region": _one_of(request, "StackInstanceRegion"),
        "detailed": filters.get("DETAILED_STATUS", []),
        "operation": filters.get("LAST_OPERATION_ID", []),
        "drift": filters.get("DRIFT_STATUS", []),
    }
    found = [
        summary(stackset, each)
        for each in stackset.instances.values()
        if all(not values or getattr(each, name) in values for name, values in wanted.items())
    ]
    return listed(request, found)


def list_resource_drifts(request: Request) -> dict[str, Any]:
    """Carry out ListStackInstanceResourceDrifts."""
    stackset, instance = _one(request)
    identity = request.needed("OperationId")
    if identity not in stackset.operations:
        raise RefusalError("OperationNotFoundException", f"Operation {identity} not found")
    wanted = request.texts("StackInstanceResourceDriftStatuses")
    found = [each for each in drift.resources(instance) if not wanted or each["StackResourceDriftStatus"] in wanted]
    return listed(request, found)


def adopt(request: Request) -> dict[str, Any]:
    """Carry out ImportStacksToStackSet."""
    stackset = _stackset(request)
    if identity := queue.repeated(stackset, request):
        return {"OperationId": identity}
    ids = request.texts("StackIds")
    if request.given("StackIdsUrl") or not ids:
        raise invalid("the local cloud imports the stacks of StackIds only")
    if len(ids) > MOST_IMPORTED:
        raise invalid(f"You can import up to {MOST_IMPORTED} stacks at a time")
    found: dict[Place, str] = {}
    for each in ids:
        account, region, name = _parts(each)
        if emulator.stack(account, region, name) is None:
            raise RefusalError("StackNotFoundException", f"Stack {each} does not exist")
        if (account, region) in stackset.instances:
            raise RefusalError("InvalidOperationException", f"there is an instance for {account} in {region} already")
        found[account, region] = each
    return {"OperationId": queue.begin(stackset, request, "CREATE", places=tuple(found), imported=found)}


def _operate(request: Request, action: str) -> dict[str, Any]:
    stackset = _stackset(request)
    if identity := queue.repeated(stackset, request):
        return {"OperationId": identity}
    queue.check_free(stackset)
    regions = list(dict.fromkeys(request.texts("Regions")))
    accounts, units = permissions.accounts_meant(request, stackset)
    if not regions or not (accounts or units):
        raise invalid("You must specify at least one account or organizational unit, and at least one region")
    places = tuple((account, region) for region in regions for account in accounts)
    if action == "UPDATE":
        for place in places:
            if place not in stackset.instances:
                raise missing(place)
    given = None if action == "DELETE" else request.parameters("ParameterOverrides")
    parameters.unknown(emulator.template(stackset.definition.template), given or {})
    identity = queue.begin(
        stackset,
        request,
        action,
        places=places,
        units={(account, region): units[account] for account, region in places if account in units},
        overrides=given,
        retain=action == "DELETE" and request.true("RetainStacks"),
    )
    return {"OperationId": identity}


def _stackset(request: Request) -> StackSet:
    return store.find(permissions.home(request), request.region, request.needed("StackSetName"))


def _one(request: Request) -> tuple[StackSet, Instance]:
    stackset = _stackset(request)
    place = request.needed("StackInstanceAccount"), request.needed("StackInstanceRegion")
    if place not in stackset.instances:
        raise missing(place)
    return stackset, stackset.instances[place]


def _one_of(request: Request, name: str) -> list[str]:
    return [request.text(name)] if request.text(name) else []


def _parts(arn: str) -> tuple[str, str, str]:
    """Return the account, region and name of a stack's ARN. Raises :class:`RefusalError`."""
    parts = arn.split(":")
    if len(parts) != 6 or not parts[5].startswith("stack/"):
        raise invalid(f"Invalid stack id {arn}")
    return parts[4], parts[3], parts[5].split("/")[1]
