"""The actions on StackSets themselves: create, update, delete, describe, list.

API Reference: "CreateStackSet", "UpdateStackSet", "DeleteStackSet", "DescribeStackSet", "ListStackSets".
"""

from __future__ import annotations

import re
from typing import Any

from twin.cloud import emulator
from twin.cloud.settings import SETTINGS
from twin.cloud.stacksets import parameters, permissions, queue, store
from twin.cloud.stacksets.model import ADMINISTRATION_ROLE, EXECUTION_ROLE, Definition, Instance, StackSet
from twin.cloud.stacksets.refusal import RefusalError, busy, invalid
from twin.cloud.stacksets.wire import Request, listed, pairs

_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
_MODELS = ("SELF_MANAGED", "SERVICE_MANAGED")
_NO_ECHO = "****"
LONGEST_BODY = 51_200


def create(request: Request) -> dict[str, Any]:
    """Carry out CreateStackSet."""
    name = request.needed("StackSetName")
    if not _NAME.fullmatch(name):
        raise invalid(
            f"1 validation error detected: Value '{name}' at 'stackSetName' failed to satisfy constraint: Member must"
            " satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )
    if request.given("StackId"):
        raise invalid("the local cloud does not know CreateStackSet with a StackId")
    account = permissions.home(request)
    there = store.named(account, request.region, name)
    if there is not None:
        return {"StackSetId": _same(there, request)}
    model = _model(request.text("PermissionModel", "SELF_MANAGED"))
    text, template = _template(request, model)
    if model == "SERVICE_MANAGED":
        permissions.check_trusted_access(account)
        _check_automatic(request)
    if sum(1 for each in store.living(account, request.region) if each.status == "ACTIVE") >= SETTINGS.quota:
        raise RefusalError("LimitExceededException", f"account {account} has {SETTINGS.quota} StackSets already")
    values = _values(template, request.parameters("Parameters") or {}, {})
    stackset = StackSet(
        name,
        account,
        request.region,
        Definition(text, values, _capabilities(request, template), request.tags(), request.text("Description")),
        permission_model=model,
        administration_role=request.text("AdministrationRoleARN"),
        execution_role=request.text("ExecutionRoleName"),
        managed=request.true("ManagedExecution.Active"),
        token=request.text("ClientRequestToken"),
        request=request.without("ClientRequestToken"),
    )
    store.add(stackset)
    return {"StackSetId": stackset.id}


def update(request: Request) -> dict[str, Any]:
    """Carry out UpdateStackSet."""
    account = permissions.home(request)
    stackset = store.find(account, request.region, request.needed("StackSetName"))
    if identity := queue.repeated(stackset, request):
        return {"OperationId": identity}
    queue.check_free(stackset)
    definition = stackset.definition
    model = _model(request.text("PermissionModel", stackset.permission_model))
    if model != stackset.permission_model and stackset.instances:
        raise RefusalError("InvalidOperationException", "PermissionModel can't be modified with stack instances")
    previous = request.true("UsePreviousTemplate")
    text, template = _template(request, model, previous=definition.template if previous else "")
    values = _values(template, request.parameters("Parameters") or {}, definition.parameters)
    changed = Definition(
        text,
        values,
        _capabilities(request, template),
        request.tags() if request.given("Tags") else definition.tags,
        request.text("Description", definition.description),
    )
    if request.given("AutoDeployment"):
        _check_unplaced(request)
    whole = not any(map(request.given, ("Accounts", "Regions", "DeploymentTargets")))
    accounts, units = ((), {}) if whole else permissions.accounts_meant(request, stackset)
    places = _existing(stackset, accounts, request.texts("Regions"))
    changes: dict[str, Any] = {
        "definition": changed,
        "permission_model": model,
        "administration_role": request.text("AdministrationRoleARN", stackset.administration_role),
        "execution_role": request.text("ExecutionRoleName", stackset.execution_role),
        "outdated": not previous or request.given("Parameters"),
        **_execution(request, stackset),
    }
    return {
        "OperationId": queue.begin(
            stackset, request, "UPDATE", places=places, units=_by_place(units, places), whole=whole, update=changes
        )
    }


def delete(request: Request) -> dict[str, Any]:
    """Carry out DeleteStackSet."""
    stackset = store.find(permissions.home(request), request.region, request.needed("StackSetName"))
    if stackset.unended():
        raise busy(stackset.arn)
    if stackset.instances:
        raise RefusalError("StackSetNotEmptyException", "StackSet is not empty")
    stackset.status = "DELETED"
    return {}


def describe(request: Request) -> dict[str, Any]:
    """Carry out DescribeStackSet."""
    stackset = store.find(permissions.home(request), request.region, request.needed("StackSetName"))
    definition = stackset.definition
    secret = _hidden(emulator.template(definition.template))
    shown = {name: _NO_ECHO if name in secret else value for name, value in definition.parameters.items()}
    return {
        "StackSet": {
            **_common(stackset),
            "TemplateBody": definition.template,
            "Parameters": pairs(shown),
            "Capabilities": definition.capabilities,
            "Tags": pairs(definition.tags, "Key", "Value"),
            "StackSetARN": stackset.arn,
            **roles(stackset),
            "StackSetDriftDetectionDetails": stackset.drift or {"DriftStatus": "NOT_CHECKED"},
            "OrganizationalUnitIds": sorted({each.unit for each in stackset.instances.values() if each.unit}),
            "Regions": list(dict.fromkeys(region for _, region in stackset.instances)),
        }
    }


def list_(request: Request) -> dict[str, Any]:
    """Carry out ListStackSets; deleted ones are listed too, as the API does."""
    wanted = request.text("Status")
    found = store.living(permissions.home(request), request.region)
    if request.text("CallAs") == "DELEGATED_ADMIN":
        found = [each for each in found if each.service_managed]
    shown = [
        {
            **_common(each),
            "DriftStatus": each.drift.get("DriftStatus", "NOT_CHECKED"),
            "LastDriftCheckTimestamp": each.drift.get("LastDriftCheckTimestamp"),
        }
        for each in found
        if wanted in ("", each.status)
    ]
    return listed(request, shown)


def _existing(stackset: StackSet, accounts: tuple[str, ...], regions: list[str]) -> tuple[tuple[str, str], ...]:
    """Return the places that an update names; all of them must have an instance."""
    places = tuple((account, region) for region in regions for account in accounts)
    for place in places:
        if place not in stackset.instances:
            raise missing(place)
    return places


def missing(place: tuple[str, str]) -> RefusalError:
    """Return the refusal for an instance that is not there."""
    account, region = place
    return RefusalError(
        "StackInstanceNotFoundException", f"Stack instance for account {account} in region {region} not found"
    )


def _by_place(units: dict[str, str], places: tuple[tuple[str, str], ...]) -> dict[tuple[str, str], str]:
    return {place: units[place[0]] for place in places if place[0] in units}


def _same(there: StackSet, request: Request) -> str:
    """Return the id when the request repeats the one that made the StackSet. Raises :class:`RefusalError`."""
    token = request.text("ClientRequestToken")
    if token and token == there.token and there.request == request.without("ClientRequestToken"):
        return there.id
    raise RefusalError("NameAlreadyExistsException", f"StackSet with name {there.name} already exists")


def _model(text: str) -> str:
    if text not in _MODELS:
        raise invalid(f"PermissionModel must be one of {', '.join(_MODELS)}")
    return text


def _template(request: Request, model: str, *, previous: str = "") -> tuple[str, dict[str, Any]]:
    """Return the template's text, and the same parsed. Raises :class:`RefusalError`.

    An address is read as the caller, who may be a delegated administrator: the bucket is the caller's.
    """
    body, url = request.text("TemplateBody"), request.text("TemplateURL")
    if sum(map(bool, (body, url, previous))) != 1:
        raise invalid("You must specify only one of the following: TemplateBody, TemplateURL, UsePreviousTemplate")
    if len(body.encode()) > LONGEST_BODY:
        raise invalid(
            "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have"
            f" length less than or equal to {LONGEST_BODY}"
        )
    try:
        text = body or previous or emulator.body_at(request.account, request.region, url)
        template = emulator.template(text)
    except ValueError as error:
        raise invalid(str(error)) from error
    if model == "SERVICE_MANAGED":
        permissions.check_template(template)
    return text, template


def _values(template: dict[str, Any], given: parameters.Given, before: dict[str, str]) -> dict[str, str]:
    values = parameters.stackset_values(template, given, before)
    try:
        emulator.constraints(template, values)
    except ValueError as error:
        raise invalid(str(error)) from error
    return values


def _capabilities(request: Request, template: dict[str, Any]) -> list[str]:
    given = request.texts("Capabilities")
    lacking = emulator.capabilities_missing(template, given)
    if lacking:
        raise RefusalError("InsufficientCapabilitiesException", f"Requires capabilities : [{', '.join(lacking)}]")
    return given


def _check_automatic(request: Request) -> None:
    if not request.given("AutoDeployment"):
        raise invalid("AutoDeployment is required for StackSets with service-managed permissions")
    if request.true("AutoDeployment.Enabled"):
        raise invalid("the local cloud does not know automatic deployment (AutoDeployment.Enabled)")


def _check_unplaced(request: Request) -> None:
    """Refuse places beside AutoDeployment, as the API Reference has it ("UpdateStackSet", AutoDeployment)."""
    _check_automatic(request)
    if any(map(request.given, ("Accounts", "Regions", "DeploymentTargets"))):
        raise invalid("If you specify AutoDeployment, don't specify DeploymentTargets or Regions")


def _execution(request: Request, stackset: StackSet) -> dict[str, bool]:
    """Return the change of the execution configuration; none is allowed while operations run or wait."""
    if not request.given("ManagedExecution"):
        return {}
    active = request.true("ManagedExecution.Active")
    if active != stackset.managed and stackset.unended():
        raise RefusalError(
            "InvalidOperationException", "ManagedExecution can't be modified while operations are running or queued"
        )
    return {"managed": active}


def _hidden(template: dict[str, Any]) -> set[str]:
    found = parameters.declared(template).items()
    return {name for name, each in found if str(each.get("NoEcho", "")).lower() == "true"}


def _common(stackset: StackSet) -> dict[str, Any]:
    automatic = {"Enabled": False} if stackset.service_managed else None
    return {
        "StackSetName": stackset.name,
        "StackSetId": stackset.id,
        "Description": stackset.definition.description or None,
        "Status": stackset.status,
        "PermissionModel": stackset.permission_model,
        "ManagedExecution": {"Active": stackset.managed},
        "AutoDeployment": automatic,
    }


def roles(stackset: StackSet) -> dict[str, str]:
    """Return the roles of a self-managed StackSet, as the API shows them."""
    if stackset.service_managed:
        return {}
    default = f"arn:aws:iam::{stackset.account}:role/{ADMINISTRATION_ROLE}"
    return {
        "AdministrationRoleARN": stackset.administration_role or default,
        "ExecutionRoleName": stackset.execution_role or EXECUTION_ROLE,
    }


def summary(stackset: StackSet, instance: Instance) -> dict[str, Any]:
    """Return an instance as ListStackInstances shows it."""
    return {
        "StackSetId": stackset.id,
        "Region": instance.region,
        "Account": instance.account,
        "StackId": instance.stack_id or None,
        "Status": instance.status,
        "StatusReason": instance.reason or None,
        "StackInstanceStatus": {"DetailedStatus": instance.detailed},
        "OrganizationalUnitId": instance.unit,
        "DriftStatus": instance.drift,
        "LastDriftCheckTimestamp": instance.drift_checked or None,
        "LastOperationId": instance.operation or None,
    }
