"""Whose organization it is: service-managed StackSets deploy nothing to its management account (trap 79)."""

from __future__ import annotations

from generator.aws.access import SERVICE_MANAGED
from generator.aws.clients import Clouds
from generator.aws.looking import DarkError, ask
from generator.errors import CloudError


def management(clouds: Clouds) -> str:
    """Return the organization's management account; empty with self-managed permissions, or when nobody says it.

    Organizations API Reference, ``DescribeOrganization``: any account of the organization may ask. A refusal is no
    reason to stop: what is found out here only tells earlier what StackSets would do without a word.
    """
    environment = clouds.environment
    if environment.permission_model != SERVICE_MANAGED:
        return ""
    region, account = environment.dns_region, environment.accounts.administration
    client = clouds.looking().client("organizations", region, account)
    try:
        found = ask(region, "asking for the organization", client.describe_organization)["Organization"]
    except (CloudError, DarkError):
        return ""
    return str(found.get("MasterAccountId", ""))
