"""The global cluster as it is now: who writes, who follows, which versions. Never taken from a file (trap 14)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from generator import naming
from generator.aws.clients import Clouds
from generator.aws.errors import code
from generator.aws.looking import DarkError, ask, side_by_side
from generator.plan.model import Database, Member

_NOT_THERE = frozenset({"GlobalClusterNotFoundFault", "DBClusterNotFoundFault"})
UNKNOWN = "unknown"
"""The status of a member whose region does not answer."""


def database(clouds: Clouds, dark: tuple[str, ...] = ()) -> Database:
    """Return the global cluster, as the first data region says that knows one; dark regions are not asked.

    RDS API Reference, ``DescribeGlobalClusters``. Raises CloudError when a region refuses.
    """
    environment, refused = clouds.environment, False
    wanted = naming.GLOBAL_CLUSTER.of(suffix=environment.suffix)
    for region in (each.name for each in environment.data_regions):
        found = None if region in dark else _global_cluster(clouds, region, wanted)
        if found:
            return _described(clouds, found, dark)
        refused = refused or found is None
    return Database(known=not refused)


def _global_cluster(clouds: Clouds, region: str, name: str) -> Mapping[str, Any] | None:
    """Return the global cluster, an empty mapping when the region knows none, None when it is dark."""
    client = clouds.client("rds", region)
    try:
        answer: Mapping[str, Any] = ask(
            region, "describing the global cluster", lambda: _or_nothing(client, GlobalClusterIdentifier=name)
        )
    except DarkError:
        return None
    found: list[Mapping[str, Any]] = list(answer.get("GlobalClusters", []))
    return found[0] if found else {}


def _or_nothing(client: Any, **asked: str) -> Mapping[str, Any]:
    try:
        answer: Mapping[str, Any] = client.describe_global_clusters(**asked)
    except ClientError as error:
        if code(error) not in _NOT_THERE:
            raise
        return {}
    return answer


def _described(clouds: Clouds, found: Mapping[str, Any], dark: tuple[str, ...]) -> Database:
    members = side_by_side(lambda each: _member(clouds, each, dark), found.get("GlobalClusterMembers", []))
    state = found.get("FailoverState") or {}
    return Database(
        exists=True,
        status=str(found.get("Status", "")),
        engine_version=str(found.get("EngineVersion", "")),
        members=tuple(members),
        busy=_busy(state),
        endpoint=str(found.get("Endpoint", "")),
    )


def _busy(state: Mapping[str, Any]) -> str:
    if not state.get("Status"):
        return ""
    verb = "failover" if state.get("IsDataLossAllowed") else "switchover"
    target = str(state.get("ToDbClusterArn", "")).split(":")
    return f"a {verb} is {state['Status']}" + (f", to {target[3]}" if len(target) > 3 else "")


def _member(clouds: Clouds, told: Mapping[str, Any], dark: tuple[str, ...]) -> Member:
    arn = str(told["DBClusterArn"])
    region, name = arn.split(":")[3], arn.rsplit(":", 1)[-1]
    member = Member(region, name, arn, bool(told.get("IsWriter")), status=UNKNOWN, instances=0)
    if region in dark:
        return member
    client = clouds.client("rds", region)
    try:
        answer = ask(region, f"describing {name}", lambda: client.describe_db_clusters(DBClusterIdentifier=name))
    except DarkError:
        return member
    cluster = answer["DBClusters"][0]
    return Member(
        region,
        name,
        arn,
        bool(told.get("IsWriter")),
        engine_version=str(cluster.get("EngineVersion", "")),
        status=str(cluster.get("Status", "")),
        instances=len(cluster.get("DBClusterMembers", [])),
    )
