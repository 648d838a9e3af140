"""Gathers what a decision needs: this region's RDS and this region's state table, and nothing else.

``DescribeGlobalClusters`` answers in every member's region with all members (Aurora User Guide, "Managing
an Amazon Aurora global database"), so the lost region is asked nothing. Only a switchover may ask the
active region, which has to be well for it, and is not waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from clients import Clients, Limits, error_code
from settings import Settings
from state import StateTable

from recovery import signals
from recovery.state import (
    Database,
    GlobalCluster,
    Mark,
    Member,
    Snapshot,
    Swap,
    arn_region,
)

Answer = TypeVar("Answer")

WITNESS_REASON = "a witness decides nothing"
"""What a function that decides or promotes answers in a region without a database."""

QUICK = Limits(connect=1, read=3, attempts=2)
"""For a question that is asked again soon: eight seconds at worst, and a pause."""

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "OptInRequired"})
"""Codes of a refusal that asking again does not change (each service's "Common errors")."""

NO_TABLE = "ResourceNotFoundException"
"""DynamoDB's code for a table that does not exist or is being made (DynamoDB API, ``GetItem``)."""

GONE = frozenset({"GlobalClusterNotFoundFault", "DBClusterNotFoundFault"})
"""RDS's codes for what does not exist (RDS API, ``DescribeGlobalClusters`` and ``DescribeDBClusters``)."""


class UnavailableError(Exception):
    """A service of this region did not answer, or throttled. The state machine asks again, a few times."""


class NotDeployedError(UnavailableError):
    """This region has no state table: the probe stack, which makes it, is deployed after this function.

    Not by the name that the state machine repeats a step for: a table does not appear within seconds.
    """


class DeniedError(Exception):
    """A service of this region refused for good; the text says which and why."""


def ask(what: str, call: Callable[[], Answer], nothing: Answer) -> Answer:
    """Return what ``call`` answers, or ``nothing`` for what does not exist.

    Raises :class:`DeniedError` or :class:`UnavailableError`, which name ``what``.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return call()
    except ClientError as error:
        code = error_code(error)
        if code in GONE:
            return nothing
        kind = DeniedError if code in DENIED else UnavailableError
        raise kind(f"{what}: {code}: {error}") from error
    except BotoCoreError as error:
        raise UnavailableError(f"{what}: {error_code(error)}: {error}") from error


def read_global_cluster(rds: Any, identifier: str) -> GlobalCluster | None:
    """Return the global cluster as the region of ``rds`` shows it now, or ``None``.

    Raises :class:`DeniedError` or :class:`UnavailableError`.
    """
    answer: Mapping[str, Any] = ask(
        "DescribeGlobalClusters",
        lambda: rds.describe_global_clusters(GlobalClusterIdentifier=identifier),
        {},
    )
    found = answer.get("GlobalClusters", [])
    return global_cluster(found[0]) if found else None


def global_cluster(described: Mapping[str, Any]) -> GlobalCluster:
    """Return RDS's ``GlobalCluster`` as facts (RDS API, ``GlobalCluster`` and ``FailoverState``)."""
    members = tuple(
        Member(
            arn=member["DBClusterArn"],
            region=arn_region(member["DBClusterArn"]),
            writer=bool(member.get("IsWriter", False)),
            synchronisation=member.get("SynchronizationStatus", ""),
        )
        for member in described.get("GlobalClusterMembers", [])
        if member.get("DBClusterArn")
    )
    going = described.get("FailoverState") or {}
    swap = None
    if going.get("Status"):
        swap = Swap(
            status=going["Status"],
            from_arn=going.get("FromDbClusterArn", ""),
            to_arn=going.get("ToDbClusterArn", ""),
            data_loss=bool(going.get("IsDataLossAllowed", False)),
        )
    identifier, version = described["GlobalClusterIdentifier"], described.get("EngineVersion", "")
    return GlobalCluster(identifier, version, members, swap)


def read_database(rds: Any, arn: str) -> Database | None:
    """Return the cluster ``arn`` as its own region shows it, or ``None``.

    Raises :class:`DeniedError` or :class:`UnavailableError`.
    """
    answer: Mapping[str, Any] = ask("DescribeDBClusters", lambda: rds.describe_db_clusters(DBClusterIdentifier=arn), {})
    for cluster in answer.get("DBClusters", []):
        return Database(
            arn=arn,
            status=cluster.get("Status", ""),
            version=cluster.get("EngineVersion", ""),
            instances=len(cluster.get("DBClusterMembers", [])),
        )
    return None


def is_witness(told: Settings) -> bool:
    """Return whether the function runs in a region without a database: its role asks nothing about one."""
    return told.region not in told.data_regions


def gather(told: Settings, clients: Clients, identifier: str) -> Snapshot:
    """Return all facts that this region has.

    Raises :class:`NotDeployedError`, :class:`DeniedError` or :class:`UnavailableError`.
    """
    rds = clients("rds", told.region)
    cluster = read_global_cluster(rds, identifier)
    member = cluster.member(told.region) if cluster else None
    database = read_database(rds, member.arn) if member else None
    return replace(local(told, clients), cluster=cluster, database=database)


def local(told: Settings, clients: Clients) -> Snapshot:
    """Return the facts of the state table alone.

    Raises :class:`NotDeployedError`, :class:`DeniedError` or :class:`UnavailableError`.
    """
    table = StateTable(clients("dynamodb", told.region), told.table)
    lease = _ask_table(lambda: table.get(signals.LEASE, signals.LEASE_NAME), None)
    return Snapshot(
        region=told.region,
        data_regions=told.data_regions,
        witness_regions=told.witness_regions,
        views=_ask_table(lambda: tuple(table.views()), ()),
        fences=_marks(table, signals.FENCE),
        markers=_marks(table, signals.SUPERSEDED_ITEM),
        holder=str(lease.get("holder", "")) if lease else "",
    )


def _ask_table(call: Callable[[], Answer], nothing: Answer) -> Answer:
    try:
        return ask("the state table", call, nothing)
    except UnavailableError as error:
        cause = error.__cause__
        if isinstance(cause, Exception) and error_code(cause) == NO_TABLE:
            raise NotDeployedError(str(error)) from error
        raise


def _marks(table: StateTable, kind: str) -> tuple[Mark, ...]:
    items: list[dict[str, Any]] = _ask_table(lambda: table.items(kind), [])
    return tuple(
        Mark(item[signals.KEY_NAME], int(item.get("at_ms", 0)), str(item.get("execution", ""))) for item in items
    )


def finding(subject: str, problem: str, hint: str) -> dict[str, str]:
    """Return one finding of a dry run as plain data."""
    return {"subject": subject, "problem": problem, "hint": hint}


def dry_answer(findings: list[dict[str, str]], reason: str) -> dict[str, Any]:
    """Return what every function of the recovery path answers to ``{"dry_run": true}``."""
    return {"dry_run": True, "ok": not findings, "findings": findings, "reason": reason}
