"""What the emulator says of its Aurora PostgreSQL clusters: read from its tables, and told to them.

Nothing here asks for a request's account and region: these are called from threads of their own, which have none.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

ENGINE = "aurora-postgresql"


@dataclass(frozen=True)
class Cluster:
    """A cluster that has at least one instance.

    group: the global cluster's identifier, else the cluster's own. writer: whether it is the group's writer.
    parameters: what its parameter groups set, RDS's own names too.
    """

    account: str
    region: str
    name: str
    group: str
    writer: bool
    reader_host: str
    writer_host: str
    port: int
    engine_version: str
    database: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    parameters: tuple[tuple[str, str], ...] = ()
    resource_id: str = ""

    @property
    def arn(self) -> str:
        """Return its ARN."""
        return f"arn:aws:rds:{self.region}:{self.account}:cluster:{self.name}"

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what tells the cluster from all others of the cloud."""
        return self.account, self.region, self.name


def clusters() -> tuple[Cluster, ...]:
    """Return every cluster of every account and region that has an instance."""
    from ministack.services import rds

    instances: dict[tuple[str, str, str], dict[str, Any]] = {}
    for (account, region, _), record in list(rds._instances._data.items()):
        instances.setdefault((account, region, str(record.get("DBClusterIdentifier"))), record)
    found = []
    for key, record in list(rds._clusters._data.items()):
        if record.get("Engine") == ENGINE and key in instances:
            parameters = _parameters(rds, key, record, instances[key])
            found.append(replace(_cluster(key, record, _membership(rds, key[0], record)), parameters=parameters))
    return tuple(found)


def regions() -> frozenset[str]:
    """Return the regions in which any account has a stack or a cluster: that is where questions come from."""
    from ministack.services import cloudformation, rds

    return frozenset(region for store in (cloudformation._stacks, rds._clusters) for _, region, _ in list(store._data))


def group(account: str, name: str) -> dict[str, Any] | None:
    """Return the emulator's own record of a global cluster, to be read and changed in place."""
    from ministack.services import rds

    found: dict[str, Any] | None = rds._global_clusters._data.get((account, name))
    return found


def make_writer(cluster: Cluster) -> None:
    """Have the global cluster show this member, and no other, as its writer."""
    for member in (group(cluster.account, cluster.group) or {}).get("GlobalClusterMembers", ()):
        member["IsWriter"] = member["DBClusterArn"] == cluster.arn


def synchronise(cluster: Cluster, status: str) -> None:
    """Show a member's ``SynchronizationStatus``: ``connected`` or ``pending-resync``."""
    for member in (group(cluster.account, cluster.group) or {}).get("GlobalClusterMembers", ()):
        if member["DBClusterArn"] == cluster.arn:
            member["SynchronizationStatus"] = status


def show(cluster: Cluster, status: str) -> None:
    """Show a cluster's status, as ``DescribeDBClusters`` tells it."""
    from ministack.services import rds

    record = rds._clusters._data.get(cluster.key)
    if record is not None:
        record["Status"] = status


def _parameters(
    rds: Any, key: tuple[str, str, str], cluster: dict[str, Any], instance: dict[str, Any]
) -> tuple[tuple[str, str], ...]:
    """Return what is set for a cluster and its instance; the instance's group wins, as on Aurora."""
    own = (instance.get("DBParameterGroups") or [{}])[0].get("DBParameterGroupName")
    found: dict[str, str] = {}
    for store, name in (
        (rds._db_cluster_param_groups, cluster.get("DBClusterParameterGroup")),
        (rds._param_groups, own),
    ):
        held = store._data.get((*key[:2], name)) or {}
        for parameter, value in list(held.get("Parameters", {}).items()):
            found[parameter] = str(value["ParameterValue"] if isinstance(value, dict) else value)
    return tuple(sorted(found.items()))


def _membership(rds: Any, account: str, record: dict[str, Any]) -> tuple[str, bool]:
    """Return the global cluster that the cluster is a member of, and whether as its writer."""
    for (owner, name), held in list(rds._global_clusters._data.items()):
        for member in held.get("GlobalClusterMembers") or []:
            if owner == account and member.get("DBClusterArn") == record["DBClusterArn"]:
                return str(name), bool(member.get("IsWriter"))
    return "", True


def _cluster(key: tuple[str, str, str], record: dict[str, Any], member: tuple[str, bool]) -> Cluster:
    account, region, name = key
    group_name, writer = member
    reader = str(record.get("ReaderEndpoint") or "")
    return Cluster(
        account=account,
        region=region,
        name=name,
        group=group_name or name,
        writer=writer,
        reader_host=reader,
        writer_host=reader.replace(".cluster-ro-", ".cluster-", 1),
        port=int(record.get("Port") or 5432),
        engine_version=str(record.get("EngineVersion") or ""),
        database=str(record.get("DatabaseName") or ""),
        user=str(record.get("MasterUsername") or ""),
        password=str(record.get("_MasterUserPassword") or ""),
        resource_id=str(record.get("DbClusterResourceId") or ""),
    )
