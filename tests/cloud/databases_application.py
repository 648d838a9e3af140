"""An application that writes to every region's database, by name and over TLS, and what the writer owes it."""

from __future__ import annotations

import itertools
import json
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

USER, PASSWORD, DATABASE = "master", "a-long-password", "app"
LIMIT_SECONDS = 1.0
PAUSE_SECONDS = 0.02
AGAIN_SECONDS = 0.1
INSERT = "INSERT INTO kept VALUES (:row)"


@dataclass(frozen=True)
class Acknowledged:
    """A row that a region's database acknowledged, over one of its names. began: by the monotonic clock."""

    row: int
    region: str
    host: str
    began: float


class Names:
    """What resolves, as functions' processes in a region see it."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "names.json"
        self._context = ssl.create_default_context(cadata=(folder / "authority.pem").read_text())

    def find(self, origin: str, host: str) -> tuple[str, int] | None:
        """Return the address of a name, None when it does not resolve there."""
        found = json.loads(self._file.read_text()).get(origin, {}).get(host)
        return (found[0], int(found[1])) if found else None

    def connect(self, origin: str, host: str) -> Any:
        """Return a session of the master's. Raises ``OSError``, also when the name does not resolve, and pg8000's."""
        from pg8000.native import Connection

        address = self.find(origin, host)
        if address is None:
            raise OSError(f"{host} does not resolve in {origin}")
        opened = socket.create_connection(address, LIMIT_SECONDS)
        try:
            return Connection(
                USER, host=host, sock=opened, database=DATABASE, password=PASSWORD, ssl_context=self._context
            )
        except BaseException:
            opened.close()
            raise


class Application:
    """Somebody in each region who knows only that region's database, and writes to it whenever it lets them.

    They keep their sessions, as a pool does: a name that does not lead there any more does not end one.
    """

    def __init__(self, names: Names, hosts: dict[str, tuple[str, str]]) -> None:
        self.acknowledged: list[Acknowledged] = []
        self._names, self._hosts = names, hosts
        self._numbers = itertools.count(1)
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(each,), daemon=True) for each in hosts]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Write no more; ending twice is fine."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def write(self, origin: str, region: str) -> int:
        """Write a row from a region over another's writer endpoint, and return it. Raises when that does not work."""
        host, _ = self._hosts[region]
        session = self._names.connect(origin, host)
        try:
            return self._insert(session, region, host)
        finally:
            session.close()

    def read(self, origin: str, region: str) -> set[int]:
        """Return the rows that are read in a region over another's reader endpoint."""
        session = self._names.connect(origin, self._hosts[region][1])
        try:
            return {row for (row,) in session.run("SELECT id FROM kept")}
        finally:
            session.close()

    def _insert(self, session: Any, region: str, host: str) -> int:
        row, began = next(self._numbers), time.monotonic()
        session.run(INSERT, row=row)
        self.acknowledged.append(Acknowledged(row, region, host, began))
        return row

    def _write(self, region: str) -> None:
        """Write over the writer endpoint as long as that lets anybody in, else over the reader endpoint."""
        session, host, turn = None, "", itertools.cycle(self._hosts[region])
        while not self._ended.wait(PAUSE_SECONDS):
            try:
                if session is None:
                    host = next(turn)
                    session = self._names.connect(region, host)
                self._insert(session, region, host)
            except Exception:  # does not resolve, refused, read-only, cut off, silent: it signs in again
                if session is not None:
                    with suppress(Exception):
                        session.close()
                session = None
                self._ended.wait(AGAIN_SECONDS)


@dataclass(frozen=True)
class Asked:
    """A swap that the service took on. held: what the target's database had when it was asked, if it answered."""

    kind: Literal["switchover", "failover"]
    old: str
    new: str
    at: float
    held: frozenset[int] = field(default=frozenset(), repr=False)


@dataclass
class Ledger:
    """Which rows a writer must have, by who acknowledged them and when.

    sure: it must have them. open: those of a lost writer, of which only what was replicated is there. barred: those
    that were acknowledged by who was not the writer: no writer may ever have them.
    """

    writer: str
    sure: set[int] = field(default_factory=set)
    open: set[int] = field(default_factory=set)
    barred: set[int] = field(default_factory=set)
    swap: Asked | None = None
    _last: tuple[Asked, float] | None = None
    _read: int = 0

    def ask(self, swap: Asked, acknowledged: list[Acknowledged]) -> None:
        """Note that the service has taken a swap on; whatever ran before is over, and its old writer says how."""
        self.close(swap.old, acknowledged)
        self.swap = swap

    def close(self, writer: str, acknowledged: list[Acknowledged]) -> None:
        """Note who is the writer, now that no swap is under way, and enter what was acknowledged so far."""
        now, swap, self.swap = time.monotonic(), self.swap, None
        assert writer in ({self.writer} if swap is None else {swap.old, swap.new}), f"{writer} is the writer, unasked"
        self._last = (swap, now) if swap is not None and writer != self.writer else self._last
        self.writer = writer
        new = acknowledged[self._read :]
        self._read += len(new)
        if swap is not None and swap.new == writer and swap.kind == "failover":
            known = self.sure | self.open | {each.row for each in new if each.region == swap.old and each.began < now}
            self.sure, self.open = known & swap.held, known - swap.held
        for each in new:
            self._enter(each)

    def _enter(self, ack: Acknowledged) -> None:
        swap, over = self._last or (None, 0.0)
        if ack.region == self.writer:
            self.sure.add(ack.row)
        elif swap is None or ack.region != swap.old or ack.began >= over:
            self.barred.add(ack.row)
            told = f"{ack.region} acknowledged {ack.row} after the switchover to {self.writer}"
            assert swap is None or swap.kind == "failover" or ack.region != swap.old, told
        elif swap.kind == "switchover":
            self.sure.add(ack.row)
        elif ack.row not in self.sure:
            self.open.add(ack.row)

    def check(self, rows: set[int]) -> None:
        """Hold the ledger against what the writer has, read after the last :meth:`close`."""
        lost, risen = self.sure - rows, self.barred & rows
        assert not lost, (
            f"{self.writer} has lost {sorted(lost)[:5]}, {len(lost)} of {len(self.sure)} (last {self._last})"
        )
        assert not risen, f"{self.writer} has {sorted(risen)[:5]}, which who was no writer acknowledged"
        self.sure |= self.open & rows
        self.open.clear()
