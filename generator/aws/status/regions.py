"""What one region says of itself, each part by a question of its own, so that one that fails leaves the others."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from generator import naming
from generator.aws.clients import Clouds
from generator.aws.status.metrics import measured
from generator.aws.status.report import Alarm, Incident, Preflight, Stack, Subscribers, Table
from generator.config import Environment
from recovery import signals
from recovery.state import Database, GlobalCluster, Mark, Member, Swap, View, arn_region

STACKS = "stacks"
CLUSTER = "cluster"
TABLE = "table"
MEASURED = "measured"
ALARMS = "alarms"
SUBSCRIBERS = "subscribers"

PARTS = {
    STACKS: "stacks",
    CLUSTER: "the database",
    TABLE: "the state table",
    MEASURED: "metrics",
    ALARMS: "alarms",
    SUBSCRIBERS: "subscriptions",
}
"""The parts of a region, and how a gap names them."""

_OURS = r"(StackSet[-:])?(?P<name>dr-{suffix}-.+?)(-[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})?"
"""A stack of a StackSet is named after it, with a random id; moto says ``StackSet:NAME``, without one."""

_GONE = frozenset({"GlobalClusterNotFoundFault", "DBClusterNotFoundFault", "ResourceNotFoundException", "NotFound"})
"""What RDS, DynamoDB and SNS answer about what does not exist (each service's API reference)."""


def questions(clouds: Clouds, environment: Environment, region: str, now_ms: int) -> dict[str, Callable[[], Any]]:
    """Return the questions to a region, by part. Their clients are made here, before anybody counts seconds."""
    suffix, account = environment.suffix, environment.accounts.workload
    stacks, alarms, topics = (clouds.client(name, region) for name in ("cloudformation", "cloudwatch", "sns"))
    dynamodb, rds = clouds.client("dynamodb", region), clouds.client("rds", region)
    asked: dict[str, Callable[[], Any]] = {
        STACKS: lambda: read_stacks(stacks, suffix),
        TABLE: lambda: _unless_gone(
            lambda: read_table(dynamodb, naming.STATE_TABLE.of(suffix=suffix, region=region)), None
        ),
        MEASURED: lambda: measured(alarms, environment, region, now_ms),
        ALARMS: lambda: read_alarms(alarms, f"dr-{suffix}-{region}-"),
        SUBSCRIBERS: lambda: _unless_gone(
            lambda: read_subscribers(topics, topic_arn(topics, suffix, region, account)), None
        ),
    }
    if environment.regions[region].role != "witness":
        asked[CLUSTER] = lambda: read_database(
            rds, naming.GLOBAL_CLUSTER.of(suffix=suffix), naming.CLUSTER.of(suffix=suffix, region=region)
        )
    return asked


def topic_arn(client: Any, suffix: str, region: str, account: str) -> str:
    """Return the ARN of the region's topic, in the partition of the client's region."""
    return f"arn:{client.meta.partition}:sns:{region}:{account}:{naming.TOPIC.of(suffix=suffix, region=region)}"


def read_stacks(client: Any, suffix: str) -> tuple[Stack, ...]:
    """Return the region's stacks of the environment, by their names; ``describe_stacks`` lists no deleted ones."""
    ours = re.compile(_OURS.format(suffix=suffix))
    return tuple(
        Stack(
            stackset=match["name"],
            status=each["StackStatus"],
            drift=each.get("DriftInformation", {}).get("StackDriftStatus", "NOT_CHECKED"),
            reason=each.get("StackStatusReason", ""),
            created_ms=int(each["CreationTime"].timestamp() * 1000),
        )
        for page in client.get_paginator("describe_stacks").paginate()
        for each in page["Stacks"]
        if (match := ours.fullmatch(each["StackName"]))
    )


def read_database(client: Any, name: str, cluster: str) -> tuple[GlobalCluster | None, Database | None]:
    """Return the global cluster and the region's own cluster as that region's RDS shows them; None for what is not.

    ``DescribeGlobalClusters`` answers with all members in the region of any (Aurora User Guide, "Managing an
    Amazon Aurora global database").
    """
    listed = _unless_gone(lambda: client.describe_global_clusters(GlobalClusterIdentifier=name)["GlobalClusters"], [])
    listed = [each for each in listed if each["GlobalClusterIdentifier"] == name]  # moto lists all of them
    own = _unless_gone(lambda: client.describe_db_clusters(DBClusterIdentifier=cluster)["DBClusters"], [])
    database = None
    for each in own:
        members = len(each.get("DBClusterMembers", []))
        database = Database(
            each.get("DBClusterArn", ""), each.get("Status", ""), each.get("EngineVersion", ""), members
        )
    return (_global_cluster(listed[0]) if listed else None), database


def _global_cluster(described: Mapping[str, Any]) -> GlobalCluster:
    """Return RDS's ``GlobalCluster`` as facts (RDS API, ``GlobalCluster`` and ``FailoverState``)."""
    members = tuple(
        Member(
            each["DBClusterArn"],
            arn_region(each["DBClusterArn"]),
            bool(each.get("IsWriter")),
            each.get("SynchronizationStatus", ""),
        )
        for each in described.get("GlobalClusterMembers", [])
        if each.get("DBClusterArn")
    )
    going = described.get("FailoverState") or {}
    swap = (
        Swap(
            going["Status"],
            going.get("FromDbClusterArn", ""),
            going.get("ToDbClusterArn", ""),
            bool(going.get("IsDataLossAllowed")),
        )
        if going.get("Status")
        else None
    )
    return GlobalCluster(described["GlobalClusterIdentifier"], described.get("EngineVersion", ""), members, swap)


def read_table(client: Any, name: str) -> Table:
    """Return what the state table holds; it is a few dozen items, read consistently in one go."""
    pages = client.get_paginator("scan").paginate(TableName=name, ConsistentRead=True)
    reading = TypeDeserializer()
    items = [
        {key: reading.deserialize(value) for key, value in item.items()} for page in pages for item in page["Items"]
    ]
    return table_of(items)


def table_of(items: list[dict[str, Any]]) -> Table:
    """Return the table's items as facts (:mod:`recovery.signals` says what each kind is)."""

    def of(kind: str) -> list[dict[str, Any]]:
        return sorted(
            (item for item in items if item[signals.KEY_KIND] == kind), key=lambda item: item[signals.KEY_NAME]
        )

    leases, flights = of(signals.LEASE), of(signals.PREFLIGHT_ITEM)
    return Table(
        views=tuple(map(_view, of(signals.VIEW))),
        fences=tuple(map(_mark, of(signals.FENCE))),
        markers=tuple(map(_mark, of(signals.SUPERSEDED_ITEM))),
        holder=str(leases[0].get("holder", "")) if leases else "",
        incidents=tuple(
            Incident(item[signals.KEY_NAME], int(item.get("since_ms", 0))) for item in of(signals.INCIDENT)
        ),
        preflight=_preflight(flights[-1]) if flights else None,
    )


def _mark(item: Mapping[str, Any]) -> Mark:
    return Mark(item[signals.KEY_NAME], int(item.get("at_ms", 0)), str(item.get("execution", "")))


def _view(item: Mapping[str, Any]) -> View:
    lag = item.get("lag_seconds")
    return View(
        voter=item["voter"],
        about=item["about"],
        role=item["role"],
        writer=item["writer"],
        reached=item["reached"],
        reason=item["reason"],
        at_ms=int(item["at_ms"]),
        valid_until_ms=int(item["valid_until_ms"]),
        lag_seconds=None if lag is None else float(lag),
        supersedes=tuple(item.get("supersedes", ())),
    )


def _preflight(item: Mapping[str, Any]) -> Preflight:
    found = tuple(f"{each.get('subject', '')}: {each.get('problem', '')}" for each in item.get("findings", ()))
    return Preflight(int(item.get("at_ms", 0)), found)


def read_alarms(client: Any, prefix: str) -> tuple[Alarm, ...]:
    """Return the environment's alarms of the region, those of metrics with their settings."""
    pages = client.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=prefix, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    return tuple(
        Alarm(each["AlarmName"], each["StateValue"], each)
        for page in pages
        for kind in ("MetricAlarms", "CompositeAlarms")
        for each in page.get(kind, [])
    )


def read_subscribers(client: Any, topic: str) -> Subscribers:
    """Return who is told (SNS API, ``ListSubscriptionsByTopic``: an ARN says PendingConfirmation until then)."""
    pages = client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    people = [
        (each["Endpoint"], each["SubscriptionArn"])
        for page in pages
        for each in page.get("Subscriptions", [])
        if each.get("Protocol") in ("email", "email-json")
    ]
    pending = tuple(who for who, arn in people if arn in ("PendingConfirmation", "Deleted"))
    return Subscribers(len(people) - len(pending), pending)


def _unless_gone(call: Callable[[], Any], nothing: Any) -> Any:
    from botocore.exceptions import ClientError

    from generator.aws.errors import code

    try:
        return call()
    except ClientError as error:
        if code(error) in _GONE:
            return nothing
        raise
