"""Keeps everybody from the old writer's database, from the outside, and lets them in again.

The fence is one entry in the network ACL of the other region's data subnets, before all others: inbound, deny
the database's port from anywhere. Each region makes it under a number of its own, so that it never lifts
another one's. Network ACLs keep no state, so connections that are open stop as well
(VPC User Guide, "Control subnet traffic with network access control lists"); revoking a security group's
rule would leave them alive (trap 49b).

It works through a role of the other region that only this function may assume, by this region's STS
endpoint (trap 57). A region that is gone can't be fenced: each call has a limit of seconds, and a failure
is an answer with a reason, never an error; the state machine records it and goes on.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import facts
import settings
from clients import ClientFactory, Clients, Limits, error_code

CALLS: tuple[str, ...] = ("sts:AssumeRole",)
"""What the function's own role is asked for."""

BORROWED_CALLS: tuple[str, ...] = ("ec2:CreateNetworkAclEntry", "ec2:DeleteNetworkAclEntry")
"""What the fence role of the other region is asked for."""

PORT = 5432
SESSION_SECONDS = 900
"""The shortest session there is (STS API, ``AssumeRole``)."""

AT_HOME = Limits(connect=1, read=2, attempts=2)
AWAY = Limits(connect=2, read=3, attempts=2)
"""Six and ten seconds at worst, and the pauses: within the limit of the state machine's step."""

FENCED = "fenced"
UNFENCED = "unfenced"
FAILED = "failed"

DONE = {
    "NetworkAclEntryAlreadyExists": FENCED,
    "InvalidNetworkAclEntry.NotFound": UNFENCED,
}
"""Codes that say that the entry is already there, or already gone (EC2 API, "Error codes")."""

DRY_RUN_PASSED = "DryRunOperation"
"""What EC2 answers to a dry run that would have been allowed (EC2 API, "Error codes")."""

Borrow = Callable[[Mapping[str, str], str], Any]
"""``borrow(credentials, region)`` returns an EC2 client with STS's ``Credentials``."""


@dataclass(frozen=True)
class Settings(settings.Settings):
    """What this function is told. ``fence_roles`` is an ARN with the literal text ``{region}``."""

    fence_roles: str
    network_acls: Mapping[str, str]
    external_id: str | None

    @property
    def rule(self) -> int:
        """Return the number of this region's fences, the same wherever home is; the ACL's own begin at 100."""
        return 1 + sorted(self.data_regions).index(self.region)


@dataclass(frozen=True)
class Fence:
    """The function and what it is connected to."""

    settings: Settings
    clients: Clients
    borrow: Borrow


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Fence ``event["region"]``, or let it go with ``"action": "unfence"``; return the outcome.

    outcome: ``fenced``, ``unfenced`` or ``failed``, with a reason. Doing it again changes nothing.
    """
    return run(_configured(), event)


def run(fence: Fence, event: Mapping[str, Any]) -> dict[str, Any]:
    """Do what :func:`handler` says."""
    if event.get("dry_run"):
        return _dry(fence)
    region, action = str(event.get("region", "")), str(event.get("action", "fence"))
    wanted = UNFENCED if action == "unfence" else FENCED
    if region not in fence.settings.network_acls:
        return _outcome(FAILED, region, f"no network ACL is known in {region or 'no region'}")
    failed = _act(fence, region, wanted, dry_run=False)
    return _outcome(FAILED, region, failed) if failed else _outcome(wanted, region, f"{region} is {wanted}")


def _act(fence: Fence, region: str, wanted: str, *, dry_run: bool) -> str:
    """Make or remove the entry in ``region``; return what failed, or an empty text."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        credentials = _assume(fence, region)
    except (BotoCoreError, ClientError) as error:
        return f"the fence role of {region} could not be assumed: {error_code(error)}: {error}"
    entry: dict[str, Any] = {
        "NetworkAclId": fence.settings.network_acls[region],
        "RuleNumber": fence.settings.rule,
        "Egress": False,
        "DryRun": dry_run,
    }
    denial = {
        "Protocol": "6",
        "RuleAction": "deny",
        "CidrBlock": "0.0.0.0/0",
        "PortRange": {"From": PORT, "To": PORT},
    }
    try:
        ec2 = fence.borrow(credentials, region)
        if wanted == FENCED:
            ec2.create_network_acl_entry(**entry, **denial)
        else:
            ec2.delete_network_acl_entry(**entry)
    except ClientError as error:
        code = error_code(error)
        if DONE.get(code) == wanted or (dry_run and code == DRY_RUN_PASSED):
            return ""
        return f"EC2 in {region} refused: {code}: {error}"
    except BotoCoreError as error:
        return f"EC2 in {region} does not answer: {error_code(error)}: {error}"
    return ""


def _assume(fence: Fence, region: str) -> Mapping[str, str]:
    told = fence.settings
    request: dict[str, Any] = {
        "RoleArn": told.fence_roles.replace("{region}", region),
        "RoleSessionName": f"fence-from-{told.region}",
        "DurationSeconds": SESSION_SECONDS,
    }
    if told.external_id is not None:
        request["ExternalId"] = told.external_id
    credentials: Mapping[str, str] = fence.clients("sts", told.region).assume_role(**request)["Credentials"]
    return credentials


def _dry(fence: Fence) -> dict[str, Any]:
    """Try both calls in every other data region without effect."""
    found = []
    for region in fence.settings.other_data_regions:
        role = fence.settings.fence_roles.replace("{region}", region)
        hint = f"look at the role {role} and its trust policy"
        if region not in fence.settings.network_acls:
            found.append(facts.finding(region, "its network ACL is not known here", "deploy recovery again"))
            continue
        for wanted in (FENCED, UNFENCED):
            failed = _act(fence, region, wanted, dry_run=True)
            if failed:
                found.append(facts.finding(region, failed, hint))
                break
    return facts.dry_answer(found, "both calls of the fence were tried without effect")


def _outcome(outcome: str, region: str, reason: str) -> dict[str, Any]:
    return {"outcome": outcome, "region": region, "reason": reason}


def _borrowed_ec2(credentials: Mapping[str, str], region: str) -> Any:
    import botocore.session
    from botocore.config import Config

    return botocore.session.get_session().create_client(
        "ec2",
        region_name=region,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        config=Config(
            connect_timeout=AWAY.connect,
            read_timeout=AWAY.read,
            retries={"mode": "standard", "total_max_attempts": AWAY.attempts},
        ),
    )


@functools.cache
def _configured() -> Fence:
    return Fence(settings.read(Settings, os.environ), ClientFactory(AT_HOME), _borrowed_ec2)
