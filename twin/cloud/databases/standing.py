"""A cluster's database as it stands: its server, the line that it streams over, and what PostgreSQL says of it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from twin.cloud.databases.records import Cluster
from twin.installation import PostgresError
from twin.passage import Faults
from twin.relay import Relay
from twin.replication import position
from twin.server import Server, State

Role = Literal["writer", "replica", "none"]

LOOK_SECONDS = 2.0
_LOOK = """
SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only') = 'off',
  CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END::text,
  CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text,
  CASE WHEN pg_is_in_recovery() THEN
    greatest((SELECT received_tli FROM pg_stat_wal_receiver), (SELECT timeline_id FROM pg_control_checkpoint()),
      (SELECT min_recovery_end_timeline FROM pg_control_recovery()))
  ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END,
  coalesce((SELECT status FROM pg_stat_wal_receiver), '') = 'streaming'"""
MARKS = 10_000
"""How many positions of a writer are remembered: more than an hour's, at two looks a second."""


@dataclass(frozen=True)
class Look:
    """What a server said of itself when it was asked.

    received and replayed: log positions; of a primary, both are how far it has written.
    """

    process: State
    answers: bool = False
    recovering: bool = False
    writable: bool = False
    received: str = "0/0"
    replayed: str = "0/0"
    timeline: int = 0
    streaming: bool = False

    @property
    def role(self) -> Role:
        """Return what it is: a writer takes writes, a replica replays, and who does neither is none."""
        if not self.answers:
            return "none"
        if self.recovering:
            return "replica"
        return "writer" if self.writable else "none"

    def has(self, lsn: str) -> bool:
        """Tell whether it has replayed up to there."""
        return self.answers and position(self.replayed) >= position(lsn)


@dataclass
class Standing:
    """A cluster's database. ``lock`` is held by whoever rebuilds or promotes it.

    leads: whether its writer endpoint leads to it: it was born or promoted as a writer, and nobody has fenced it
    since. strayed: why it has to be rebuilt from the writer, or empty. down: it was killed on purpose, and stays so
    until it is started. fenced: its sessions were ended and new ones are refused. diverged: where the writer's history
    left its own, and how far it had come: what lies between is lost. kept: a server of what it had before it was
    rebuilt. came_back, alone_since: when it was first seen as a second primary, and as a replica without a stream.
    reached: the newest timeline that it was seen on, which a replica that does not stream just now can't tell.
    marks: of a writer, its positions and when each was seen last.
    """

    cluster: Cluster
    server: Server
    relay: Relay
    leads: bool
    strayed: str = ""
    down: bool = False
    fenced: bool = False
    diverged: dict[str, Any] | None = None
    kept: Server | None = None
    came_back: float | None = None
    alone_since: float | None = None
    looked: float = 0.0
    reached: int = 0
    unfinished: bool = False
    source: str = ""
    line: Faults = field(default_factory=Faults)
    lock: threading.RLock = field(default_factory=threading.RLock)
    marks: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=MARKS))
    sessions: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def region(self) -> str:
        """Return the region of its cluster."""
        return self.cluster.region

    def look(self, seconds: float = LOOK_SECONDS) -> Look:
        """Return what PostgreSQL says of itself; one that does not run is not asked."""
        process = self.server.state
        if process != "running":
            return Look(process)
        try:
            ((recovering, writable, received, replayed, timeline, streaming),) = self.server.execute(
                _LOOK, seconds=seconds
            )
        except Exception:  # pg8000 and the socket have many; each means that it did not answer
            return Look(self.server.state)
        replayed = replayed or "0/0"
        self.reached = max(self.reached, int(timeline or 0))
        look = Look(process, answers=True, recovering=recovering, writable=writable and not self.fenced)
        look = replace(
            look,
            received=max(received or "0/0", replayed, key=position),
            replayed=replayed,
            timeline=self.reached,
            streaming=bool(streaming),
        )
        if not recovering:
            self._mark(position(look.received))
        return look

    def behind(self, look: Look) -> float | None:
        """Return by how many seconds a look at another is behind this writer; None when this one never answered.

        That is the time between what it has replayed and the newest that the writer is known to have written: of a
        writer that is lost it does not grow, and is what a failover loses.
        """
        marks = list(self.marks)
        if not marks:
            return None
        has = [seen for lsn, seen in marks if lsn <= position(look.replayed)]
        return marks[-1][1] - (has[-1] if has else marks[0][1])

    def _mark(self, lsn: int) -> None:
        if self.marks and self.marks[-1][0] == lsn:
            self.marks.pop()
        self.marks.append((lsn, time.monotonic()))

    def start(self) -> None:
        """Start its server. Raises :class:`PostgresError` when it was killed on purpose, before or meanwhile."""
        if not self.down:
            self.server.start()
        if self.down:
            self.server.kill()
            raise PostgresError(f"{self.server.name} was killed")

    def fence(self, seconds: float) -> bool:
        """End its sessions and refuse new ones; tell whether that was done in time. If not, it is not fenced at all."""
        try:
            self.server.fence(seconds)
        except Exception:  # whatever is wrong with it
            self.open()
            return False
        self.fenced = True
        return True

    def open(self) -> None:
        """Let it be signed in to again, as soon as it can read its rules: when it goes on, or starts."""
        self.server.admit()
        self.server.read_again()
        if self.server.state == "running":
            with contextlib.suppress(Exception):  # whatever is wrong with it, it was told
                self.server.reload(LOOK_SECONDS)
        self.fenced = False

    def let_go(self, name: str = "") -> int:
        """Close sessions that an act holds open, all of them or those under a name; return how many."""
        held = [self.sessions.pop(each) for each in list(self.sessions) if name in ("", each)]
        for session in (one for many in held for one in many):
            with contextlib.suppress(Exception):  # the server may have ended it
                session.close()
        return sum(map(len, held))

    def remove(self) -> None:
        """Kill it and delete all that it had."""
        self.let_go()
        self.relay.stop()
        self.server.remove()
        if self.kept is not None:
            self.kept.remove()
