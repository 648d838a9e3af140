"""Whose StackSets these are: the administration account's own, or those of its organization.

Service-managed StackSets need trusted access between CloudFormation and AWS Organizations, and every call says
whether it is made by the management account or by a delegated administrator (CloudFormation API Reference,
``DescribeOrganizationsAccess``; CloudFormation User Guide, "Activate trusted access for StackSets with AWS
Organizations").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from generator import naming
from generator.aws.clients import Clouds
from generator.aws.errors import code, told
from generator.errors import CloudError

SERVICE_MANAGED = "service-managed"
_NOT_OURS = frozenset({"ValidationError", "InvalidOperationException"})
"""What is said to an account that is the other of the two."""


def call_as(clouds: Clouds) -> dict[str, str]:
    """Return the ``CallAs`` of every StackSet call; nothing for self-managed ones.

    Raises CloudError when the organization has not activated trusted access.
    """
    if clouds.environment.permission_model != SERVICE_MANAGED:
        return {}
    client, region = clouds.stacksets(), clouds.environment.dns_region
    answers, refused = [], []
    for who in ("SELF", "DELEGATED_ADMIN"):
        try:
            answers.append(client.describe_organizations_access(CallAs=who).get("Status"))
        except ClientError as error:
            refused.append(error)
            continue
        if answers[-1] == "ENABLED":
            return {"CallAs": who}
    denied = [error for error in refused if code(error) not in _NOT_OURS]
    if denied or not answers:
        with told(region, "asking for the organization's trusted access"):
            raise (denied or refused)[0]
    raise CloudError(
        f"CloudFormation has no trusted access to the organization of the account"
        f" {clouds.environment.accounts.administration}",
        hint="in the organization's management account: aws cloudformation activate-organizations-access, and"
        " register the administration account as a delegated administrator, if it is another",
    )


def ownership(clouds: Clouds) -> dict[str, Any]:
    """Return what CreateStackSet and UpdateStackSet say of the roles, or of the organization (trap 44d)."""
    environment = clouds.environment
    if environment.permission_model == SERVICE_MANAGED:
        return {"PermissionModel": "SERVICE_MANAGED"}
    role = naming.ADMINISTRATION_ROLE.of(suffix=environment.suffix)
    return {
        "PermissionModel": "SELF_MANAGED",
        "AdministrationRoleARN": f"arn:aws:iam::{environment.accounts.administration}:role/{role}",
        "ExecutionRoleName": naming.EXECUTION_ROLE.of(suffix=environment.suffix),
    }


def automatic(clouds: Clouds) -> dict[str, Any]:
    """Return what CreateStackSet alone says: that accounts which join a unit get nothing by themselves.

    CloudFormation API Reference, ``UpdateStackSet``, AutoDeployment: it is not given together with
    DeploymentTargets or Regions; and left out, it stays as it is.
    """
    return {"AutoDeployment": {"Enabled": False}} if clouds.environment.permission_model == SERVICE_MANAGED else {}


def targets(clouds: Clouds, account: str) -> Mapping[str, Any]:
    """Return where instances go: the account, or with an organization its part of the units.

    CloudFormation API Reference, ``DeploymentTargets``: INTERSECTION deploys only to the accounts that are named.
    """
    environment = clouds.environment
    if environment.permission_model != SERVICE_MANAGED:
        return {"Accounts": [account]}
    return {
        "DeploymentTargets": {
            "Accounts": [account],
            "OrganizationalUnitIds": list(environment.organizational_units),
            "AccountFilterType": "INTERSECTION",
        }
    }
