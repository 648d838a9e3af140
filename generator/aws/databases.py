"""The global cluster as it is now: who writes, who follows, which versions. Never taken from a file (trap 14)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    """Return the global cluster, as all data regions together say; dark regions are not asked.

    A region that was lost and answers again may still say that it writes, while the others say who took over: then
    nobody is known to be active. RDS API Reference, ``DescribeGlobalClusters``. Raises CloudError when a region
    refuses.
    """
    environment = clouds.environment
    wanted = naming.GLOBAL_CLUSTER.of(suffix=environment.suffix)
    regions = [each.name for each in environment.data_regions]
    answers = side_by_side(lambda each: None if each in dark else _global_cluster(clouds, each, wanted), regions)
    views = [each for each in answers if each]
    if not views:
        return Database(known=None not in answers)
    return _described(clouds, agreed(views), dark)


def agreed(views: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return one description of the global cluster from several regions': the first's, with all members.

    Where they say different things of who writes, every member that one of them calls the writer is one; if that
    is still a single one, none is. In neither case does anybody count as active.
    """
    members = {each["DBClusterArn"]: each for view in reversed(views) for each in view.get("GlobalClusterMembers", [])}
    said = [_writers(view) for view in views]
    writers = frozenset().union(*said)
    if any(each != writers for each in said) and len(writers) == 1:
        writers = frozenset()
    busy = [view["FailoverState"] for view in views if (view.get("FailoverState") or {}).get("Status")]
    return {
        **views[0],
        "GlobalClusterMembers": [{**each, "IsWriter": arn in writers} for arn, each in members.items()],
        "FailoverState": busy[0] if busy else {},
    }


def _writers(view: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(each["DBClusterArn"] for each in view.get("GlobalClusterMembers", []) if each.get("IsWriter"))


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
