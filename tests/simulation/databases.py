"""PostgreSQL in each region, as far as rows and replication go.

A log is the list of committed rows, in order; a replica holds a prefix of its writer's log. What has not arrived when a
replica is promoted is lost, and what a writer takes that nobody follows any more is a zombie's. Which of the two a
server believes itself to be is its own matter: nothing here asks the service.
"""

from __future__ import annotations

from dataclasses import dataclass, field

WRITER, REPLICA = "writer", "replica"
ARRIVES_MS = 200
"""How long a committed row travels, when nothing is wrong."""


@dataclass(frozen=True)
class Row:
    """A committed row. key: empty for a heartbeat. beat_ms: the writer's clock in a heartbeat."""

    key: str
    region: str
    at_ms: int
    beat_ms: int | None = None


@dataclass
class Server:
    """A region's database.

    alive: the process runs. hung: it takes connections and never answers. read_only: it refuses writes by itself.
    full: no slot is left. slow: seconds that each statement takes longer. blocked: the service has stopped its writes.
    epoch: of the process; an older connection is dead. behind_ms: replay is that late. broken: replication stopped.
    """

    region: str
    role: str = REPLICA
    alive: bool = True
    hung: bool = False
    read_only: bool = False
    full: bool = False
    slow: float = 0
    blocked: bool = False
    epoch: int = 0
    behind_ms: int = 0
    broken: bool = False
    upstream: str = ""
    log: list[Row] = field(default_factory=list)
    beats: dict[str, int] = field(default_factory=dict)

    @property
    def writable(self) -> bool:
        """Return whether a session that is open could commit a row now."""
        return self.alive and not self.hung and self.role == WRITER and not self.read_only and not self.blocked

    def answers(self, seconds: float) -> str:
        """Return why a new session gets no answer within ``seconds``, as the word of a proof's step, or nothing."""
        if not self.alive:
            return "connect"
        if self.full:
            return "connections"
        return "timeout" if self.hung or self.slow > seconds else ""

    def commit(self, row: Row) -> None:
        """Append a row."""
        self.log.append(row)
        if row.beat_ms is not None:
            self.beats[row.region] = row.beat_ms

    def replay(self, source: Server, now_ms: int) -> None:
        """Take over what has arrived from ``source``; the caller knows that the line is up."""
        if self.broken or not self.alive or self.hung or not source.alive or self.role == WRITER:
            return
        limit = now_ms - ARRIVES_MS - self.behind_ms
        at, end = len(self.log), len(source.log)
        while at < end and source.log[at].at_ms <= limit:
            self.commit(source.log[at])
            at += 1

    def catch_up(self, source: Server) -> bool:
        """Take over everything at once, as the end of a switchover does; return whether that is possible."""
        if self.broken or not self.alive or self.hung or not source.alive:
            return False
        for row in source.log[len(self.log) :]:
            self.commit(row)
        return True

    def promote(self) -> None:
        """Become a writer with what is there."""
        self.role, self.upstream, self.blocked, self.behind_ms, self.broken = WRITER, "", False, 0, False

    def rebuild(self, source: Server) -> None:
        """Become a replica on a new volume; what only this server had is gone (Aurora User Guide)."""
        self.role, self.upstream, self.blocked, self.epoch = REPLICA, source.region, False, self.epoch + 1
        self.log, self.beats = list(source.log), dict(source.beats)
