"""What the emulator says of its Aurora PostgreSQL clusters, read from its tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ENGINE = "aurora-postgresql"


@dataclass(frozen=True)
class Cluster:
    """A cluster that has at least one instance.

    group: the global cluster's identifier, else the cluster's own. writer: whether it is the group's writer.
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

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what tells the cluster from all others of the cloud."""
        return self.account, self.region, self.name


def clusters() -> tuple[Cluster, ...]:
    """Return every cluster of every account and region that has an instance."""
    from ministack.services import rds

    instances = {
        (account, region, record.get("DBClusterIdentifier"))
        for (account, region, _), record in list(rds._instances._data.items())
    }
    found = []
    for (account, region, name), record in list(rds._clusters._data.items()):
        if record.get("Engine") == ENGINE and (account, region, name) in instances:
            found.append(_cluster(account, region, name, record, _membership(rds, account, record)))
    return tuple(found)


def _membership(rds: Any, account: str, record: dict[str, Any]) -> tuple[str, bool]:
    """Return the global cluster that the cluster is a member of, and whether as its writer."""
    for (owner, name), group in list(rds._global_clusters._data.items()):
        for member in group.get("GlobalClusterMembers") or []:
            if owner == account and member.get("DBClusterArn") == record["DBClusterArn"]:
                return str(name), bool(member.get("IsWriter"))
    return "", True


def _cluster(account: str, region: str, name: str, record: dict[str, Any], member: tuple[str, bool]) -> Cluster:
    group, writer = member
    reader = str(record.get("ReaderEndpoint") or "")
    return Cluster(
        account=account,
        region=region,
        name=name,
        group=group or name,
        writer=writer,
        reader_host=reader,
        writer_host=reader.replace(".cluster-ro-", ".cluster-", 1),
        port=int(record.get("Port") or 5432),
        engine_version=str(record.get("EngineVersion") or ""),
        database=str(record.get("DatabaseName") or ""),
        user=str(record.get("MasterUsername") or ""),
        password=str(record.get("_MasterUserPassword") or ""),
    )
