"""Who may work where: the roles of self-managed StackSets, trusted access and units of service-managed ones.

CloudFormation User Guide, "Grant self-managed permissions": the administration role trusts CloudFormation, with a
principal of its own for each region that must be opted into (trap 44d), and the execution role trusts the
administration role or its account. The reasons are those of the User Guide's "Troubleshooting CloudFormation
StackSets". API Reference, "DeploymentTargets": units, and accounts that refine them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from twin.cloud import emulator
from twin.cloud.settings import SETTINGS, Organization
from twin.cloud.stacksets.model import ADMINISTRATION_ROLE, EXECUTION_ROLE, Place, StackSet
from twin.cloud.stacksets.refusal import invalid
from twin.cloud.stacksets.wire import Request

CLOUDFORMATION = "cloudformation.amazonaws.com"
NO_ACCESS = "You must enable organizations access to operate a service managed stack set"
NOT_ADMINISTRATOR = (
    "You must be the management account or delegated admin account of an organization before operating a"
    " SERVICE_MANAGED stack set"
)
NOT_DELEGATED = "Account used is not a delegated administrator"
ALWAYS_ENABLED = frozenset(
    {
        "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1",
        "ap-southeast-2", "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1",
        "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2",
        "us-west-1", "us-west-2",
    }
)  # fmt: skip
"""Regions launched before 20 March 2019, which no account has to opt into; the list can't grow. A test compares it
with :mod:`generator.config.regions`, which takes long to import."""
OPERATORS = ("StringEquals", "StringLike", "ArnEquals", "ArnLike")
FILTERS = ("NONE", "INTERSECTION", "DIFFERENCE", "UNION")


def home(request: Request) -> str:
    """Return the account whose StackSets a request means. Raises :class:`RefusalError`.

    Those of delegated administrators are in the management account (API Reference, "CreateStackSet", CallAs).
    """
    caller = request.text("CallAs", "SELF")
    if caller == "SELF":
        return request.account
    organization = SETTINGS.organization
    if caller != "DELEGATED_ADMIN" or request.account not in organization.delegated:
        raise invalid(NOT_DELEGATED)
    return organization.management


def check_trusted_access(account: str) -> None:
    """Refuse to work with service-managed permissions without trusted access, or from another account."""
    organization = SETTINGS.organization
    if account != organization.management or not organization.management:
        raise invalid(NOT_ADMINISTRATOR)
    if not organization.trusted_access:
        raise invalid(NO_ACCESS)


def check_template(template: Mapping[str, Any]) -> None:
    """Refuse what service-managed StackSets can't deploy: macros and nested stacks (trap 79).

    User Guide, "StackSets considerations for service-managed permissions", and API Reference, "CreateStackSet".
    """
    if template.get("Transform") or "Fn::Transform" in json.dumps(template, default=str):
        raise invalid("StackSets with service-managed permissions don't support templates that reference macros")
    kinds = [each.get("Type") for each in template["Resources"].values() if isinstance(each, dict)]
    if "AWS::CloudFormation::Stack" in kinds:
        raise invalid("StackSets with service-managed permissions don't support nested stacks")


def reason_against(stackset: StackSet, place: Place) -> str:
    """Return why StackSets may not work at that place, in CloudFormation's words; empty when it may."""
    account, region = place
    if stackset.service_managed:
        return ""
    administration = stackset.administration_role or f"arn:aws:iam::{stackset.account}:role/{ADMINISTRATION_ROLE}"
    name = administration.rsplit("/", 1)[-1]
    execution = stackset.execution_role or EXECUTION_ROLE
    source = {"aws:SourceAccount": stackset.account, "aws:SourceArn": stackset.arn}
    if not _trusts(stackset.account, name, _services(region), source):
        return (
            f"Account {stackset.account} should have '{name}' role with trust relationship to CloudFormation service."
        )
    roots = (administration, f"arn:aws:iam::{stackset.account}:root", stackset.account, "*")
    principal = {"aws:PrincipalAccount": stackset.account, "aws:PrincipalArn": administration}
    if not _trusts(account, execution, roots, principal):
        return f"Account {account} should have '{execution}' role with trust relationship to Role '{name}'."
    return ""


def accounts_meant(request: Request, stackset: StackSet) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the accounts that a request names, and the unit that each was found in. Raises :class:`RefusalError`."""
    targets = request.targets()
    plain = request.texts("Accounts")
    if plain and targets:
        raise invalid("You can specify Accounts or DeploymentTargets, but not both")
    if not stackset.service_managed:
        if targets.get("OrganizationalUnitIds"):
            raise invalid("StackSets with SELF_MANAGED permission model can only have accounts as target")
        return tuple(dict.fromkeys(plain or targets.get("Accounts", ()))), {}
    if plain or not targets.get("OrganizationalUnitIds"):
        raise invalid("StackSets with SERVICE_MANAGED permission model can only have OrganizationalUnit as target")
    check_trusted_access(stackset.account)
    return _in_units(targets, SETTINGS.organization)


def _in_units(targets: Mapping[str, Any], organization: Organization) -> tuple[tuple[str, ...], dict[str, str]]:
    kind = targets.get("AccountFilterType", "NONE")
    if kind not in FILTERS:
        raise invalid(f"AccountFilterType must be one of {', '.join(FILTERS)}")
    if targets.get("AccountsUrl"):
        raise invalid("the local cloud does not know AccountsUrl")
    unknown = [unit for unit in targets["OrganizationalUnitIds"] if not organization.knows(unit)]
    if unknown:
        raise invalid(f"Organizational unit {unknown[0]} does not exist in the organization")
    named = list(targets.get("Accounts", ()))
    if named and kind == "NONE":
        raise invalid("AccountFilterType must be specified when Accounts and OrganizationalUnitIds are both given")
    units: dict[str, str] = {}
    for unit in targets["OrganizationalUnitIds"]:
        for account in organization.below(unit):
            units.setdefault(account, unit)
    chosen = {
        "NONE": list(units),
        "INTERSECTION": [account for account in units if account in named],
        "DIFFERENCE": [account for account in units if account not in named],
        "UNION": [*units, *(account for account in named if account not in units)],
    }[kind]
    return tuple(chosen), units


def _services(region: str) -> tuple[str, ...]:
    return (CLOUDFORMATION,) if region in ALWAYS_ENABLED else (f"cloudformation.{region}.amazonaws.com",)


def _trusts(account: str, role: str, wanted: tuple[str, ...], context: Mapping[str, str]) -> bool:
    """Tell whether the account's role lets one of those principals in, called in that context."""
    text = emulator.trust(account, role)
    if text is None:
        return False
    try:
        statements = json.loads(text).get("Statement", [])
    except ValueError:
        return False
    allowed = [each for each in _list(statements) if each.get("Effect") == "Allow" and _met(each, context)]
    return any(name in wanted for each in allowed for name in _principals(each.get("Principal")))


def _met(statement: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    """Tell whether the conditions are met; one of a kind that is not known here is not."""
    return all(
        operator in OPERATORS and any(fnmatchcase(context.get(key, ""), str(value)) for value in _list(values))
        for operator, keys in dict(statement.get("Condition") or {}).items()
        for key, values in keys.items()
    )


def _principals(principal: Any) -> list[str]:
    if isinstance(principal, Mapping):
        return [name for value in principal.values() for name in _principals(value)]
    return [str(each) for each in _list(principal)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
