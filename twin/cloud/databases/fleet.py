"""Servers, lines and front doors, made to fit what the emulator's records say.

Look, compare, change: :meth:`Fleet.fit` may be called again and again, and does nothing when all fits. A group has one
writer; all others stream from it, each over a line of its own. Who becomes the writer is decided elsewhere
(:mod:`twin.cloud.databases.swaps`); who has left the writer's history is brought back here, in a thread of its own.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from twin import replication
from twin.authority import Authority
from twin.cloud.databases.doors import Doors, Key, SignIn
from twin.cloud.databases.lines import Lines
from twin.cloud.databases.names import Names
from twin.cloud.databases.parameters import plain, version_for
from twin.cloud.databases.rebuilding import has_strayed, rebuild
from twin.cloud.databases.records import Cluster
from twin.cloud.databases.standing import Look, Standing
from twin.cloud.journal import JOURNAL
from twin.cloud.pace import shorter
from twin.cloud.settings import SETTINGS
from twin.installation import LOOPBACK, Config
from twin.passage import Hall
from twin.postgres import Yard
from twin.rds import make_master
from twin.relay import Relay

SOURCE = "database"
LOOK_EVERY_SECONDS = 0.5
STRAYED_SECONDS = 1.0
"""How long a replica may be without a stream of the writer's timeline until its history is compared with the writer's.

One that is too far may still stream: the segment that it is in, up to where the histories part, again and again.
"""
ALONE_SECONDS = 5.0
"""How long a replica may be without a stream, though the line and the writer are well, until it is rebuilt."""

CLOSE_SECONDS = 10.0

logger = logging.getLogger("databases")


@dataclass
class Timing:
    """How long things take of which AWS does not say how long.

    zombie: how long a lost writer that is back goes on as a writer before the service fences it; an interval, shorter
    at speed. catch_up: how long a switchover waits for its target, in real seconds. completes: how long the service
    goes on showing a failover after its target was promoted, and refuses another one; an interval.
    """

    zombie: float = 5.0
    catch_up: float = 30.0
    completes: float = 5.0


class Fleet:
    """All databases of a local cloud. :meth:`fit` is called from one thread; everything else from any.

    busy: the groups that a swap is at, by account and name. turn: held by whoever reads the records to act on them, or
    changes who is the writer. tell: shows a cluster's ``SynchronizationStatus``.
    """

    def __init__(
        self,
        yard: Yard,
        authority: Authority,
        names: Names,
        sign_in: SignIn,
        tell: Callable[[Cluster, str], None] = lambda _cluster, _status: None,
    ) -> None:
        self._yard, self._names, self._tell = yard, names, tell
        self._hall = Hall("databases' doors").start()
        self.doors = Doors(self._hall, authority, sign_in)
        self.lines = Lines()
        self.timing = Timing()
        self.busy: set[tuple[str, str]] = set()
        self.turn, self._publishing = threading.Lock(), threading.Lock()
        self._standing: dict[Key, Standing] = {}
        self._closed = False

    def ready(self, key: Key) -> bool:
        """Tell whether the cluster's database answers."""
        return key in self._standing

    def standing(self) -> list[Standing]:
        """Return all databases."""
        return list(self._standing.values())

    def find(self, key: Key) -> Standing | None:
        """Return a cluster's database."""
        return self._standing.get(key)

    def others(self, one: Standing) -> list[Standing]:
        """Return the other members of a database's group."""
        group = group_of(one.cluster)
        return [each for each in self.standing() if each is not one and group_of(each.cluster) == group]

    def fit(self, wanted: Callable[[], Iterable[Cluster]], origins: Iterable[str] = ()) -> None:
        """Make what stands fit what is wanted. Raises :class:`twin.postgres.PostgresError`.

        origins: regions that have no database, and whose functions and applications look at those of others.
        """
        with self.turn:
            clusters = {cluster.key: cluster for cluster in wanted()}
            for key in [key for key in self._standing if key not in clusters]:
                self._standing.pop(key).remove()
            for cluster in sorted(clusters.values(), key=lambda each: not each.writer):
                self._place(cluster)
        self.publish(origins)
        for member in self.standing():
            if time.monotonic() - member.looked > LOOK_EVERY_SECONDS and group_of(member.cluster) not in self.busy:
                member.looked = time.monotonic()
                self._tend(member)

    def publish(self, origins: Iterable[str] = ()) -> None:
        """Let each name lead where it leads now."""
        with self._publishing:
            if self._closed:
                return
            standing = list(self._standing.items())
            here = {each.region for _, each in standing} | {each.origin for each in self.doors.entrances()}
            led = {key: (each.cluster, each.server.port, each.leads) for key, each in standing}
            self.doors.fit(led, sorted({*origins, *here}))
            self._names.publish(self.doors.seen("functions"))

    def close(self) -> None:
        """Stop all ways, and whoever still rebuilds or promotes; the yard stops the servers, once more."""
        self._closed = True
        self.doors.close()
        for standing in self.standing():
            standing.let_go()
            standing.relay.stop()
            standing.server.kill()
        for standing in self.standing():
            if standing.lock.acquire(timeout=CLOSE_SECONDS):
                standing.lock.release()
        self._standing.clear()
        self._hall.stop()

    def hand_over(self, new: Standing, old: Standing | None = None) -> None:
        """Have a group follow a server that has just been promoted, its ``old`` writer as soon as it is rebuilt."""
        new.leads, new.strayed = True, ""
        new.relay.lead(None)
        new.source = ""
        look = new.look()
        seen = {"promoted": True, "timeline": look.timeline, "lsn": look.received}
        JOURNAL.note(SOURCE, new.region, "is the writer", "it was promoted", **seen)
        for member in self.others(new):
            self.connect(member, new)
            if member.leads or member is old:
                self.mark(member, f"{new.region} was promoted without it")

    def connect(self, member: Standing, writer: Standing) -> None:
        """Lead a member's line to the writer, who keeps from now on what the member has not taken."""
        replication.reserve(writer.server, replication.slot_of(member.server))
        member.source = writer.region
        member.relay.lead((LOOPBACK, writer.server.port))
        self.mend()

    def mend(self) -> None:
        """Let every line be as broken as it is said to be."""
        for member in self.standing():
            faults = self.lines.faults(member.source, member.region)
            if faults != member.line:
                member.line = faults
                member.relay.break_(faults)

    def mark(self, member: Standing, why: str) -> None:
        """Note that a member has to be rebuilt."""
        if not member.strayed:
            member.strayed = why
            JOURNAL.note(SOURCE, member.region, "has to be rebuilt", why)
        self._tell(member.cluster, "pending-resync")

    def reaches(self, member: Standing, start: str) -> bool:
        """Tell whether the service, working in region ``start``, can do anything to a member."""
        lit = not SETTINGS.dark.get(member.region)
        return lit and member.server.state == "running" and self.lines.connected(start, member.region)

    def bring_back(self, member: Standing, writer: Standing) -> None:
        """Rebuild a member; nobody else touches it meanwhile. Raises :class:`twin.postgres.PostgresError`."""
        with member.lock:
            self.connect(member, writer)
            rebuild(member, writer)
        self._tell(member.cluster, "connected")
        self.publish()

    def _place(self, cluster: Cluster) -> None:
        standing = self._standing.get(cluster.key)
        if standing is None:
            writer = None if cluster.writer else self._writer_of(cluster)
            if cluster.writer or (writer is not None and writer.look().answers):
                self._standing[cluster.key] = self._begin(cluster, writer)
            return
        standing.cluster = cluster
        if cluster.writer and not standing.leads and group_of(cluster) not in self.busy:
            self._promote(standing)

    def _promote(self, standing: Standing) -> None:
        """Follow records that were changed by something else than a swap: it has left its group."""
        if standing.lock.acquire(blocking=False):
            try:
                standing.server.promote()
                self.hand_over(standing)
            finally:
                standing.lock.release()

    def _begin(self, cluster: Cluster, writer: Standing | None) -> Standing:
        version = version_for(cluster.engine_version)
        settings = plain(self._yard, version, cluster.parameters)
        config = Config(f"{cluster.region}-{cluster.name}-{cluster.account}", version, settings=settings)
        relay = Relay(self._hall).start()
        if writer is None:
            server = self._yard.primary(config).start()
            make_master(server, cluster.user, cluster.password, cluster.database)
            return Standing(cluster, server, relay, leads=True)
        relay.lead((LOOPBACK, writer.server.port))
        server = self._yard.replica(config, of=writer.server, upstream=relay.address).start()
        standing = Standing(cluster, server, relay, leads=False, source=writer.region)
        relay.break_(self.lines.faults(writer.region, cluster.region))
        return standing

    def _tend(self, member: Standing) -> None:
        """See to it that whoever is no writer follows the one that is."""
        writer = self._writer_of(member.cluster)
        if member.cluster.writer or writer is None or member.down or not free(member.lock):
            return
        if not (member.unfinished or self.reaches(member, writer.region)):
            return
        look, of_writer = member.look(), writer.look()
        if not of_writer.answers or (look.process == "running" and not look.answers):
            return
        self._judge(member, look, of_writer, writer)
        if (member.strayed or member.unfinished) and self._may_be_fenced(member, look):
            threading.Thread(target=self._try_to_bring_back, args=(member, writer), daemon=True).start()

    def _judge(self, member: Standing, look: Look, of_writer: Look, writer: Standing) -> None:
        if look.recovering and look.streaming and look.timeline == of_writer.timeline:
            member.alone_since = None
            if member.strayed:
                member.strayed = ""
                self._tell(member.cluster, "connected")
            return
        if look.answers and not look.recovering:
            self.mark(member, f"{writer.region} is the writer")
        elif look.recovering:
            member.alone_since = member.alone_since or time.monotonic()
            alone = time.monotonic() - member.alone_since
            if alone > STRAYED_SECONDS and has_strayed(look, of_writer, writer):
                self.mark(member, f"it has what {writer.region} does not have")
            elif alone > ALONE_SECONDS and not look.streaming:
                self.mark(member, f"it does not stream from {writer.region}")

    def _may_be_fenced(self, member: Standing, look: Look) -> bool:
        """Tell whether a writer that is back has gone on for long enough; all others need not wait (trap 8)."""
        if look.recovering or member.fenced or member.unfinished:
            return True
        if member.came_back is None:
            member.came_back = time.monotonic()
            said = "it was not there when another was promoted, and does not know"
            JOURNAL.note(SOURCE, member.region, "takes itself for the writer", said)
        return time.monotonic() - member.came_back >= shorter(self.timing.zombie)

    def _try_to_bring_back(self, member: Standing, writer: Standing) -> None:
        if not member.lock.acquire(blocking=False):
            return
        try:
            self.bring_back(member, writer)
        except Exception:
            if self._closed:
                return
            logger.exception("%s could not be rebuilt; it is tried again", member.server.name)
        finally:
            member.lock.release()

    def _writer_of(self, cluster: Cluster) -> Standing | None:
        for each in self.standing():
            if each.cluster.writer and group_of(each.cluster) == group_of(cluster):
                return each
        return None


def group_of(cluster: Cluster) -> tuple[str, str]:
    """Return what tells a cluster's group from all others."""
    return cluster.account, cluster.group


def free(lock: threading.RLock) -> bool:
    """Tell whether nobody else holds the lock."""
    if lock.acquire(blocking=False):
        lock.release()
        return True
    return False
