"""The application: one worker in each data region, writing numbered rows to wherever the writer's name leads.

It has the settings of a careful client (design, "DNS follows the writer"): it honours the TTL, drops a connection that
failed, and lets none grow older than its lifetime. Its own record of what was acknowledged is what everything is judged
by.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .databases import Row
from .network import PEERING

if TYPE_CHECKING:
    from .world import World

LIFETIME_SECONDS = 120
"""How old a pooled connection may grow."""


@dataclass(frozen=True)
class Ack:
    """A row that was acknowledged: where, when, and when the connection was opened that it went through."""

    key: str
    region: str
    at_ms: int
    opened_ms: int


@dataclass
class Connection:
    """An open session: to which region's server process, and since when."""

    region: str
    epoch: int
    opened_ms: int


@dataclass
class Worker:
    """The application in one region."""

    world: World
    region: str
    number: int = 0
    connection: Connection | None = None
    acks: list[Ack] = field(default_factory=list)
    refused: int = 0
    _answer: str = ""
    _until: int = 0

    def write(self) -> None:
        """Try to write the next row."""
        world = self.world
        if self.region in world.network.lost:
            self.connection = None
            return
        now = world.clock.now
        if self.connection and now - self.connection.opened_ms > LIFETIME_SECONDS * 1000:
            self.connection = None
        if self.connection is None:
            self.connection = self._open(self._resolve())
        if self.connection is None or not self._take(self.connection):
            self.connection = None
            self.refused += 1

    def _resolve(self) -> str:
        """Return the region that the name leads to; an answer is kept for the TTL."""
        now = self.world.clock.now
        if now >= self._until and self.world.watch.answers:
            found = self.world.watch.answers
            self._answer = found[self.number % len(found)]
            self._until = now + self.world.shape.ttl * 1000
        return self._answer

    def _open(self, region: str) -> Connection | None:
        if not region or not self._reaches(region) or region in self.world.network.fenced:
            return None
        server = self.world.servers[region]
        if server.answers(5) or region in self.world.cloud.open_rules:
            return None
        return Connection(region, server.epoch, self.world.clock.now)

    def _reaches(self, region: str) -> bool:
        return self.world.network.connects(PEERING, self.region, region)

    def _take(self, connection: Connection) -> bool:
        """Write the row through the connection; return whether it was acknowledged."""
        world, region = self.world, connection.region
        server = world.servers[region]
        if not self._reaches(region) or region in world.network.fenced or server.epoch != connection.epoch:
            return False
        if not server.writable or server.slow > 5:
            return False
        key = f"{self.region}#{self.number}"
        self.number += 1
        server.commit(Row(key, region, world.clock.now))
        self.acks.append(Ack(key, region, world.clock.now, connection.opened_ms))
        return True
