"""One server that follows another: born as its copy, rewound to it, and where their histories part.

PostgreSQL's documentation: "Log-Shipping Standby Servers", "pg_basebackup", "pg_rewind" (which needs
``wal_log_hints`` and a server that was shut down cleanly), "Timelines".
"""

from __future__ import annotations

import contextlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from twin.installation import LOOPBACK, SUPERUSER
from twin.server import Server

SIGNAL = "standby.signal"
OWN_SETTINGS = "postgresql.auto.conf"
_FORK = re.compile(r"^(\d+)\t([0-9A-F]+/[0-9A-F]+)", re.MULTILINE)

Address = tuple[str, int]


@dataclass(frozen=True)
class Fork:
    """Where a server's history left an older timeline: what that timeline holds beyond ``lsn`` is not in it."""

    timeline: int
    lsn: str


def slot_of(server: Server) -> str:
    """Return the name of the slot that a server streams from."""
    return server.name.replace("-", "_")


def reserve(of: Server, slot: str, seconds: float = 20.0) -> None:
    """Have ``of`` keep, from now on, what the one behind the slot has not taken yet; twice is fine."""
    of.execute(
        "SELECT pg_create_physical_replication_slot(:slot, true) WHERE NOT EXISTS"
        " (SELECT FROM pg_replication_slots WHERE slot_name = :slot)",
        slot=slot,
        seconds=seconds,
    )


def release(server: Server) -> None:
    """Have a server keep nothing for others any more: a replica's slots hold its log back for ever."""
    server.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active")


def copy(server: Server, of: Server, upstream: Address | None = None) -> None:
    """Give a server that is not started a base backup of ``of``, whom it follows from its start on.

    upstream: where it streams from and is copied from when that is not the server itself, a proxy for example.
    Raises :class:`twin.installation.PostgresError`.
    """
    reserve(of, slot_of(server))
    shutil.rmtree(server.data, ignore_errors=True)
    source = _source(server, upstream or (LOOPBACK, of.port))
    program = str(server.yard.binary(server.config.version, "pg_basebackup"))
    options = ["--wal-method=stream", "--checkpoint=fast", "--no-sync", "--slot", slot_of(server)]
    server.yard.run([program, "--pgdata", str(server.data), "--dbname", source, *options])
    follow(server, upstream or (LOOPBACK, of.port))


def rewind(server: Server, of: Server, upstream: Address | None = None) -> str:
    """Take back, in a stopped server, what ``of`` does not have; it follows ``of`` from its next start on.

    Returns what pg_rewind said. Raises :class:`twin.installation.PostgresError` when that is not possible: the log
    back to where the two part is gone, or the server did not shut down cleanly.
    """
    reserve(of, slot_of(server))
    of.execute("CHECKPOINT")  # pg_rewind reads the timeline from the source's last checkpoint
    source = f"host={of.yard.folder} port={of.port} user={SUPERUSER} dbname=postgres"
    program = str(server.yard.binary(server.config.version, "pg_rewind"))
    said = server.yard.run([program, "--target-pgdata", str(server.data), "--source-server", source, "--no-sync"])
    follow(server, upstream or (LOOPBACK, of.port))
    return said


def follow(server: Server, upstream: Address) -> None:
    """Have a stopped server be a replica from its next start on.

    Settings that another server brought with its files are dropped, and so is a fence that it stood behind.
    """
    server.stream = {"primary_conninfo": _source(server, upstream), "primary_slot_name": slot_of(server)}
    for name in (SIGNAL, OWN_SETTINGS):
        (server.data / name).write_text("")
        server.yard.give(server.data / name)
    server.admit()


def part(server: Server) -> None:
    """Have a stopped server be a primary of its own from its next start on."""
    server.stream = {}
    (server.data / SIGNAL).unlink(missing_ok=True)
    server.admit()


def forks(server: Server) -> dict[int, Fork]:
    """Return where the server's history left each older timeline, from its newest history file."""
    histories = sorted((server.data / "pg_wal").glob("*.history"))
    return _read(histories[-1]) if histories else {}


def _read(history: Path) -> dict[int, Fork]:
    with contextlib.suppress(FileNotFoundError):
        return {int(old): Fork(int(old), lsn) for old, lsn in _FORK.findall(history.read_text())}
    return {}


def position(lsn: str) -> int:
    """Return a log sequence number as the number that it is."""
    high, _, low = lsn.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def _source(server: Server, upstream: Address) -> str:
    host, port = upstream
    return f"host={host} port={port} user={SUPERUSER} application_name={server.name} connect_timeout=5"
