"""Makes what the probe needs in the database: its role, its table, and no right beyond them.

Called by ``deploy`` in the **active** region, again and again: it looks first, changes what differs and
says what that was. Not a custom resource of a stack: after a swap the origin is a replica and the stack
could not be updated any more (trap 94).

The master of an Aurora cluster is no superuser: it may create roles and hand out ``rds_iam``, membership in
which is what makes a user sign in by token (Aurora User Guide, "Creating a database account using IAM
authentication"; "Understanding the rds_superuser role").
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import postgres
import settings
from clients import DECIDING, ClientFactory, Clients
from grants import NEEDS, RESERVED, Need, Slot, reserve_slot
from wire import Deadline

from recovery import signals

CALLS: tuple[str, ...] = ("secretsmanager:GetSecretValue",)
LIMIT_SECONDS = 40.0
STEP_SECONDS = 10.0
LOCK = "SELECT pg_advisory_xact_lock(hashtext('disaster-recovery bootstrap'))"


class BootstrapError(RuntimeError):
    """The database was not prepared; the message says why and what to do."""


@dataclass(frozen=True)
class Settings(settings.Settings):
    """What the bootstrap is told. ``secret`` is a name: the ARN of a replicated secret ends at random."""

    reader_host: str
    port: int
    database: str
    secret: str


@dataclass(frozen=True)
class Bootstrap:
    """The bootstrap and what it is connected to."""

    settings: Settings
    clients: Clients
    network: postgres.Network = field(default_factory=postgres.Network)


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Prepare the database, or with ``dry_run`` only say what would be changed.

    Returns ``changed`` and ``unchanged`` (what each is about), ``slot`` (whether the probe has a reserved
    connection, and if not, why) and ``dry_run``. Raises :class:`BootstrapError` and
    :class:`settings.SettingsError`.
    """
    return prepare(_configured(), dry_run=bool(event.get("dry_run", False)))


def prepare(bootstrap: Bootstrap, *, dry_run: bool) -> dict[str, Any]:
    """Do what :func:`handler` says."""
    steps = postgres.Stopwatch(Deadline.after(LIMIT_SECONDS), STEP_SECONDS)
    try:
        with postgres.sign_in(_target(bootstrap), bootstrap.network, steps) as session:
            _check_place(session, bootstrap.settings.region)
            session.ask("begin", "BEGIN")
            session.ask("lock", LOCK)
            changed, unchanged = _meet(session)
            slot = reserve_slot(session)
            session.ask("commit", "ROLLBACK" if dry_run else "COMMIT")
    except postgres.StepError as failure:
        if failure.word in ("name", "read-only"):
            raise _elsewhere(bootstrap.settings.region, failure.detail) from failure
        raise BootstrapError(f"the database was not prepared: {failure}") from failure
    (changed if slot is Slot.GRANTED else unchanged).append(RESERVED)
    return {"changed": changed, "unchanged": unchanged, "slot": slot.value, "dry_run": dry_run}


def _target(bootstrap: Bootstrap) -> postgres.Target:
    told = bootstrap.settings
    answer = bootstrap.clients("secretsmanager", told.region).get_secret_value(SecretId=told.secret)
    secret = json.loads(answer["SecretString"])
    milliseconds = str(int(STEP_SECONDS * 1000))
    return postgres.Target(
        host=signals.writer_host(told.reader_host),
        port=told.port,
        database=told.database,
        user=secret["username"],
        password=lambda: str(secret["password"]),
        settings={"statement_timeout": milliseconds, "lock_timeout": milliseconds},
    )


def _check_place(session: postgres.Session, region: str) -> None:
    if session.ask("role", "SELECT pg_is_in_recovery()") == [[True]]:
        raise _elsewhere(region, "its database is a replica")
    if not session.ask("role", "SELECT FROM pg_roles WHERE rolname = 'rds_iam'"):
        raise BootstrapError(
            "the database has no role rds_iam, so nobody can sign in by IAM token"
            "\nhint: enable IAM database authentication on the cluster"
        )
    rows = session.ask("role", "SELECT rolsuper FROM pg_roles WHERE rolname = :user", user=signals.PROBE_USER)
    if rows == [[True]]:
        raise BootstrapError(
            f"{signals.PROBE_USER} is a superuser, which the probe must never be"
            "\nhint: drop the role and call this again"
        )


def _meet(session: postgres.Session) -> tuple[list[str], list[str]]:
    """Meet each need that is not met, in order, within the transaction."""
    changed: list[str] = []
    unchanged: list[str] = []
    for need in NEEDS:
        if _met(session, need):
            unchanged.append(need.about)
            continue
        for statement in need.statements:
            session.ask(need.about, statement)
        if not _met(session, need):
            raise BootstrapError(f"{need.about} is still not as it should be after it was changed")
        changed.append(need.about)
    return changed, unchanged


def _met(session: postgres.Session, need: Need) -> bool:
    return session.ask(need.about, need.question) == [[True]]


def _elsewhere(region: str, why: str) -> BootstrapError:
    return BootstrapError(f"{region} is not the active region: {why}\nhint: call this in the active region (trap 94)")


@functools.cache
def _configured() -> Bootstrap:
    return Bootstrap(settings.read(Settings, os.environ), ClientFactory(DECIDING))
