"""Whose organization it is, answered from the knob: the emulator makes an organization for whoever asks.

Organizations API Reference, "DescribeOrganization": any account of the organization may ask; others are told
AWSOrganizationsNotInUseException.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from twin.cloud.emulator import module
from twin.cloud.settings import SETTINGS, Organization

if TYPE_CHECKING:
    from generator.config import Environment

_NOT_IN_USE = "AWSOrganizationsNotInUseException"
Reply = tuple[int, dict[str, str], bytes]


def install() -> None:
    """Have the emulator answer DescribeOrganization from the knob."""
    responses = module("core.responses")

    def describe(_payload: dict[str, Any]) -> Reply:
        account = responses.get_account_id()
        if account not in members(SETTINGS.organization):
            message = "Your account is not a member of an organization."
            return _reply(400, {"__type": _NOT_IN_USE, "Message": message}, {"x-amzn-ErrorType": _NOT_IN_USE})
        return _reply(200, {"Organization": _shown(SETTINGS.organization.management)})

    module("services.organizations")._DISPATCH["DescribeOrganization"] = describe


def belonging(environment: Environment) -> dict[str, Any]:
    """Return the organization that an environment's accounts belong to, as an option; empty when it names none."""
    if not environment.organization:
        return {}
    accounts = environment.accounts
    units = {"r-1": {"accounts": [accounts.workload]}}
    return {"management": accounts.administration, "id": environment.organization, "units": units}


def members(organization: Organization) -> set[str]:
    """Return the accounts of an organization."""
    if not organization.management:
        return set()
    units = (account for unit in organization.units.values() for account in unit.accounts)
    return {organization.management, *units, *organization.delegated}


def _shown(management: str) -> dict[str, Any]:
    return {
        "Id": SETTINGS.organization.id,
        "Arn": f"arn:aws:organizations::{management}:organization/{SETTINGS.organization.id}",
        "FeatureSet": "ALL",
        "MasterAccountArn": f"arn:aws:organizations::{management}:account/{SETTINGS.organization.id}/{management}",
        "MasterAccountId": management,
        "MasterAccountEmail": f"management@{management}.invalid",
    }


def _reply(status: int, body: dict[str, Any], more: dict[str, str] | None = None) -> Reply:
    return status, {"Content-Type": "application/x-amz-json-1.1", **(more or {})}, json.dumps(body).encode()
