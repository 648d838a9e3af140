"""What the probe needs in the database: each need a question and the statements that meet it.

The probe may sign in and write one row of one table. Whoever takes over its function can do no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import postgres

from recovery import signals

USER = signals.PROBE_USER
SCHEMA = signals.SCHEMA
TABLE = f"{SCHEMA}.{signals.HEARTBEAT_TABLE}"
CONNECTIONS = 20
"""At most: two a region and round, and rounds that overlap. The rest belongs to the application."""

DEFAULTS = {
    "statement_timeout": "5s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "5s",
    "search_path": "pg_catalog",
}
RESERVED = "reserved connection"


@dataclass(frozen=True)
class Need:
    """``question`` selects whether the need is met; ``statements`` meet it."""

    about: str
    question: str
    statements: tuple[str, ...]


class Slot(Enum):
    """Whether the probe has a connection when the application has taken all others."""

    GRANTED = "granted: the probe may use reserved_connections"
    HELD = "held: the probe may use reserved_connections"
    ABSENT = "none: this version of PostgreSQL has no reserved_connections (16 has)"
    EMPTY = "none: reserved_connections is 0 in the parameter group"
    REFUSED = "none: the master may not grant pg_use_reserved_connections"


def _needs() -> tuple[Need, ...]:
    config = ", ".join(f"'{key}={value}'" for key, value in sorted(DEFAULTS.items()))
    return (
        Need(
            f"role {USER}",
            f"SELECT count(*) = 1 FROM pg_roles WHERE rolname = '{USER}'",
            # No superuser, no creator: the defaults. To name those attributes takes a superuser.
            (f"CREATE ROLE {USER} LOGIN",),
        ),
        Need(
            f"limits of {USER}",
            f"SELECT rolcanlogin AND rolconnlimit = {CONNECTIONS} AND NOT rolcreatedb AND NOT rolcreaterole"
            f" FROM pg_roles WHERE rolname = '{USER}'",
            (f"ALTER ROLE {USER} LOGIN NOCREATEDB NOCREATEROLE CONNECTION LIMIT {CONNECTIONS}",),
        ),
        Need(
            f"defaults of {USER}",
            f"SELECT coalesce(ARRAY[{config}] = (SELECT array_agg(one ORDER BY one) FROM unnest(rolconfig) one),"
            f" false) FROM pg_roles WHERE rolname = '{USER}'",
            (
                f"ALTER ROLE {USER} RESET ALL",
                *(f"ALTER ROLE {USER} SET {key} = '{value}'" for key, value in DEFAULTS.items()),
            ),
        ),
        Need(
            "sign-in by IAM token",
            f"SELECT pg_has_role('{USER}', 'rds_iam', 'MEMBER')",
            (f"GRANT rds_iam TO {USER}",),
        ),
        Need(
            "connection to the database",
            f"SELECT has_database_privilege('{USER}', current_database(), 'CONNECT')",
            (f"DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO {USER}', current_database()); END $$",),
        ),
        Need(
            f"schema {SCHEMA}",
            f"SELECT count(*) = 1 FROM pg_namespace WHERE nspname = '{SCHEMA}'",
            (f"CREATE SCHEMA {SCHEMA}",),
        ),
        Need(
            f"table {TABLE}",
            f"SELECT to_regclass('{TABLE}') IS NOT NULL",
            (
                (
                    f"CREATE TABLE {TABLE} (region text PRIMARY KEY, token uuid NOT NULL,"
                    " beat timestamptz NOT NULL DEFAULT clock_timestamp())"
                ),
            ),
        ),
        Need(f"rights on {SCHEMA}", *_schema_rights()),
        Need(f"rights on {TABLE}", *_table_rights()),
    )


def _schema_rights() -> tuple[str, tuple[str, ...]]:
    question = (
        f"SELECT has_schema_privilege('{USER}', '{SCHEMA}', 'USAGE')"
        f" AND NOT has_schema_privilege('{USER}', '{SCHEMA}', 'CREATE')"
    )
    return question, (
        f"REVOKE ALL ON SCHEMA {SCHEMA} FROM PUBLIC, {USER}",
        f"GRANT USAGE ON SCHEMA {SCHEMA} TO {USER}",
    )


def _table_rights() -> tuple[str, tuple[str, ...]]:
    wanted = " AND ".join(
        f"{'' if right in ('INSERT', 'SELECT', 'UPDATE') else 'NOT '}"
        f"has_table_privilege('{USER}', '{TABLE}', '{right}')"
        for right in ("INSERT", "SELECT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
    )
    return f"SELECT {wanted}", (
        f"REVOKE ALL ON TABLE {TABLE} FROM PUBLIC, {USER}",
        f"GRANT INSERT, SELECT, UPDATE ON TABLE {TABLE} TO {USER}",
    )


NEEDS: tuple[Need, ...] = _needs()


def reserve_slot(session: postgres.Session) -> Slot:
    """Let the probe use a reserved connection where there is one; return how that went.

    PostgreSQL 16 keeps ``reserved_connections`` for members of ``pg_use_reserved_connections``
    (PostgreSQL documentation, "Connections and Authentication" and "Predefined Roles"). RDS documents slots
    for its superusers only, so the grant may be refused; the probe then says ``connections`` when the
    application has taken all.
    """
    rows = session.ask(RESERVED, "SELECT current_setting('reserved_connections', true)")
    if rows == [[None]]:
        return Slot.ABSENT
    if session.ask(RESERVED, f"SELECT pg_has_role('{USER}', 'pg_use_reserved_connections', 'MEMBER')") == [[True]]:
        return Slot.HELD
    if rows == [["0"]]:
        return Slot.EMPTY
    session.ask(RESERVED, "SAVEPOINT reserved")
    try:
        session.ask(RESERVED, f"GRANT pg_use_reserved_connections TO {USER}")
    except postgres.StepError:
        session.ask(RESERVED, "ROLLBACK TO SAVEPOINT reserved")
        return Slot.REFUSED
    return Slot.GRANTED
