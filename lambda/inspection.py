"""The looks of a pre-flight: each asks one thing of AWS, changes nothing, and returns findings."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import facts
from clients import Clients, error_code

from recovery import parity
from recovery.state import CONNECTED, GlobalCluster

ROUTE_53_REGION = "us-east-1"
"""Route 53's control plane is there, whatever the region (AWS General Reference, "Route 53 endpoints").

Nothing in the path of a recovery needs it; looking at it beforehand does.
"""

WAKING = frozenset({"CodeArtifactUserPendingException", "ResourceConflictException", "ResourceNotReadyException"})
"""What a call is answered while an idle function becomes active again (Lambda API, ``Invoke``)."""

NEEDED = ("writer.", "reader.")
OURS = (*NEEDED, "service.")
"""The names under the domain that follow the writer. A zone that was given holds others, which are not ours."""

WAKING_LOOKS = 12
WAKING_SECONDS = 5.0


@dataclass(frozen=True)
class Finding:
    """What is not in order: of what, the problem, and what to do."""

    subject: str
    problem: str
    hint: str


def attempt(subject: str, look: Callable[[], list[Finding]]) -> list[Finding]:
    """Return what ``look`` found; that it could not look is a finding."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return look()
    except (facts.DeniedError, facts.UnavailableError) as error:
        return [Finding(subject, f"could not be looked at: {error}", "allow it in the pre-flight's role")]
    except (BotoCoreError, ClientError) as error:
        said = f"{error_code(error)}: {error}"
        return [Finding(subject, f"could not be looked at: {said}", "allow it in the pre-flight's role")]


def membership(clients: Clients, here: str, identifier: str, data_regions: tuple[str, ...]) -> list[Finding]:
    """Return findings about the global cluster and the clusters in it, each asked in its own region."""
    cluster = facts.read_global_cluster(clients("rds", here), identifier)
    if cluster is None:
        return [Finding(identifier, "the global cluster does not exist", "deploy global-database")]
    found = []
    if cluster.writer is None:
        found.append(Finding(identifier, "no member is the writer", "look at it in the RDS console"))
    for region in data_regions:
        if cluster.member(region) is None:
            found.append(Finding(region, "it is not a member of the global cluster", "deploy database there"))
            continue
        found += attempt(region, lambda region=region: _member(clients, cluster, region))  # type: ignore[misc]
    return found


def _member(clients: Clients, cluster: GlobalCluster, region: str) -> list[Finding]:
    member = cluster.member(region)
    assert member is not None
    found = []
    if not member.writer and member.synchronisation not in ("", CONNECTED):
        found.append(Finding(region, f"it is {member.synchronisation}", "wait; if it stays, see its lag"))
    database = facts.read_database(clients("rds", region), member.arn)
    if database is None:
        return [*found, Finding(region, "its cluster does not exist", "deploy database there")]
    if database.instances == 0:
        found.append(Finding(region, "its cluster has no instance", "a cluster without one can't take over"))
    if database.status != "available":
        found.append(Finding(region, f"its cluster is {database.status}", "wait until it is available"))
    versions = parity.compare(database.version, cluster.version)
    if not versions.compatible:
        found.append(Finding(region, versions.reason, "upgrade the standbys first, the active region last"))
    return found


def function(client: Any, name: str, pause: Callable[[float], None]) -> list[Finding]:
    """Return findings of a dry run of the function ``name``; one that is waking up is waited for."""
    from botocore.exceptions import ClientError

    for look in range(WAKING_LOOKS):
        if look:
            pause(WAKING_SECONDS)
        try:
            answer = client.invoke(FunctionName=name, Payload=json.dumps({"dry_run": True}).encode())
        except ClientError as error:
            if error_code(error) in WAKING:
                continue
            raise
        return _dry_run(name, answer)
    limit = int(WAKING_LOOKS * WAKING_SECONDS)
    return [Finding(name, f"it was not ready within {limit} s", "look at its state and last update")]


def _dry_run(name: str, answer: Any) -> list[Finding]:
    text = answer["Payload"].read().decode()
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    if answer.get("FunctionError") or not isinstance(said, dict):
        return [Finding(name, f"its dry run failed: {text[:300]}", "look at its log group")]
    return [
        Finding(f"{name}: {one.get('subject', '')}", str(one.get("problem", "")), str(one.get("hint", "")))
        for one in said.get("findings", [])
    ]


def subscriptions(sns: Any, topic: str) -> list[Finding]:
    """Return findings about who is told: nobody, or somebody who has not confirmed (trap 49f)."""
    found, seen = [], 0
    for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic):
        for one in page.get("Subscriptions", []):
            seen += 1
            if one.get("SubscriptionArn") in ("PendingConfirmation", "Deleted"):
                hint = 'open the message with the subject "AWS Notification - Subscription Confirmation"'
                found.append(Finding("topic", f"{one.get('Endpoint', 'somebody')} has not confirmed", hint))
    return found if seen else [Finding("topic", "nobody is subscribed", "add people to the environment file")]


def state_machine(stepfunctions: Any, arn: str) -> list[Finding]:
    """Return findings about the state machine: there, active, and with a definition that can be read."""
    described = stepfunctions.describe_state_machine(stateMachineArn=arn)
    found = []
    if described.get("status") != "ACTIVE":
        found.append(Finding("state machine", f"it is {described.get('status')}", "deploy recovery again"))
    try:
        readable = bool(json.loads(described["definition"])["States"])
    except (ValueError, KeyError, TypeError):
        readable = False
    if not readable or "${" in described.get("definition", ""):
        found.append(
            Finding("state machine", "its definition is not complete", "deploy recovery with its substitutions")
        )
    return found


def secret(secretsmanager: Any, name: str) -> list[Finding]:
    """Return findings about the secret's replicas; only the region it comes from knows their state.

    Secrets Manager API, ``DescribeSecret``: ``ReplicationStatus`` is ``InSync``, ``InProgress`` or
    ``Failed``.
    """
    described = secretsmanager.describe_secret(SecretId=name)
    return [
        Finding(
            f"secret in {one.get('Region')}",
            f"its replica is {one.get('Status')}: {one.get('StatusMessage', '')}",
            "look at the key in that region, and replicate again",
        )
        for one in described.get("ReplicationStatus") or []
        if one.get("Status") != "InSync"
    ]


def records(ssm: Any, route53: Any, parameter: str, domain: str) -> list[Finding]:
    """Return findings about the routed records of our names: each needs a health check that is switched on."""
    zone = ssm.get_parameter(Name=parameter)["Parameter"]["Value"]
    found, routed, checks = [], [], set()
    under = f"{domain.rstrip('.')}."
    ours = {name + under for name in OURS}
    for page in route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone):
        routed += [one for one in page["ResourceRecordSets"] if "SetIdentifier" in one and one["Name"] in ours]
    for name in (needed + under for needed in NEEDED):
        if not any(one["Name"] == name for one in routed):
            found.append(Finding("records", f"{name} has no routed record", "deploy records-failover or -weighted"))
    for one in routed:
        if "HealthCheckId" in one:
            checks.add(one["HealthCheckId"])
        else:
            said = f"{one['Name']} {one['SetIdentifier']} has no health check, so it always counts as healthy"
            found.append(Finding("records", said, "deploy the records again"))
    for check in sorted(checks):
        config = route53.get_health_check(HealthCheckId=check)["HealthCheck"]["HealthCheckConfig"]
        if config.get("Disabled"):
            said = f"{check} is switched off, so it always counts as healthy"
            found.append(Finding("health check", said, "switch it on; use Inverted to force a region off"))
    return found
