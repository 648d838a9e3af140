"""Servers, replicas and front doors, made to fit what the emulator's records say.

Look, compare, change: :meth:`Fleet.fit` may be called again and again, and does nothing when all fits. A group
has one writer; all others stream from it. When the records name another writer, that one is promoted and the
others are built anew from it, which is what Aurora does to a region that was failed away from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from twin.authority import Authority
from twin.cloud.databases.names import Names
from twin.cloud.databases.records import Cluster
from twin.front_door import Door, FrontDoor
from twin.installation import INSTALLATIONS, Config
from twin.postgres import Server, Yard
from twin.rds import make_master
from twin.tokens import Credentials

Key = tuple[str, str, str]


def version_for(engine_version: str) -> int:
    """Return the major version of PostgreSQL that stands in for an engine version: its own, else the next.

    The wheel holds 16 and 18; what is not there is emulated by the next newer one, or by the newest.
    """
    major = int(engine_version.split(".", maxsplit=1)[0] or 0)
    newer = [version for version in sorted(INSTALLATIONS) if version >= major]
    return newer[0] if newer else max(INSTALLATIONS)


@dataclass
class _Standing:
    """A cluster's server and its front door. ``upstream``: whom it streams from; None for a writer."""

    cluster: Cluster
    server: Server
    door: FrontDoor
    upstream: Key | None


class Fleet:
    """All databases of a local cloud; not safe to be called from several threads at a time."""

    def __init__(
        self, yard: Yard, authority: Authority, names: Names, known: Callable[[str], Credentials | None]
    ) -> None:
        self._yard, self._authority, self._names, self._known = yard, authority, names, known
        self._standing: dict[Key, _Standing] = {}
        self._made = 0

    def ready(self, key: Key) -> bool:
        """Tell whether the cluster's database answers."""
        return key in self._standing

    def fit(self, wanted: Iterable[Cluster]) -> None:
        """Make what stands fit what is wanted. Raises :class:`twin.postgres.PostgresError`."""
        clusters = {cluster.key: cluster for cluster in wanted}
        for key in [key for key in self._standing if key not in clusters]:
            self._remove(key)
        for cluster in sorted(clusters.values(), key=lambda each: not each.writer):
            upstream = None if cluster.writer else self._writer_of(cluster, clusters)
            if cluster.writer or upstream in self._standing:
                self._place(cluster, upstream)
        self._names.publish(self._doors())

    def close(self) -> None:
        """Stop all front doors; the yard stops the servers."""
        for standing in self._standing.values():
            standing.door.stop()
        self._standing.clear()

    def _place(self, cluster: Cluster, upstream: Key | None) -> None:
        standing = self._standing.get(cluster.key)
        if standing is None:
            self._standing[cluster.key] = self._begin(cluster, upstream)
        elif standing.upstream is not None and upstream is None:
            standing.server.promote()
            standing.upstream, standing.cluster = None, cluster
        elif standing.upstream != upstream:
            self._remove(cluster.key)
            self._standing[cluster.key] = self._begin(cluster, upstream)

    def _begin(self, cluster: Cluster, upstream: Key | None) -> _Standing:
        self._made += 1  # a rebuilt replica is a new server, and its slot has a name of its own
        config = Config(f"{cluster.region}-{cluster.name}-{self._made}", version_for(cluster.engine_version))
        if upstream is None:
            server = self._yard.primary(config).start()
            make_master(server, cluster.user, cluster.password, cluster.database)
        else:
            server = self._yard.replica(config, of=self._standing[upstream].server).start()
        names = (cluster.writer_host, cluster.reader_host)
        door = Door(
            server=("127.0.0.1", server.port),
            names=names,
            region=cluster.region,
            certificate=self._authority.issue(names),
            known=self._known,
            port=cluster.port,
        )
        return _Standing(cluster, server, FrontDoor(door).start(), upstream)

    def _remove(self, key: Key) -> None:
        standing = self._standing.pop(key)
        standing.door.stop()
        standing.server.remove()

    def _writer_of(self, cluster: Cluster, clusters: dict[Key, Cluster]) -> Key | None:
        for each in clusters.values():
            if each.writer and (each.account, each.group) == (cluster.account, cluster.group):
                return each.key
        return None

    def _doors(self) -> dict[str, tuple[str, int]]:
        """Return where each name leads; a standby's writer endpoint leads nowhere (trap 70)."""
        doors = {}
        for standing in self._standing.values():
            doors[standing.cluster.reader_host] = standing.door.address
            if standing.upstream is None:
                doors[standing.cluster.writer_host] = standing.door.address
        return {host.lower(): (str(address[0]), int(address[1])) for host, address in doors.items()}
