"""The database's preparation: complete, idempotent, and no right too many."""

from __future__ import annotations

import json

import pytest
from bootstrap_database import CALLS, BootstrapError, prepare
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection
from world import DATABASE, FRANKFURT, IRELAND, MASTER, SECRET, Region, World, writer_host


def as_probe(region: Region) -> Connection:
    path = str(region.server.data.parent / f".s.PGSQL.{region.server.port}")
    return Connection("dr_probe", unix_sock=path, database=DATABASE)


def undo(region: Region) -> None:
    for statement in ("DROP SCHEMA dr CASCADE", "DROP OWNED BY dr_probe", "DROP ROLE dr_probe"):
        region.server.execute(statement, database=DATABASE)


def test_everything_is_made_by_a_master_that_is_no_superuser(world: World) -> None:
    region = world.active(IRELAND)
    undo(region)
    answer = prepare(world.bootstrap(IRELAND), dry_run=False)
    assert answer["changed"] == [
        "role dr_probe",
        "limits of dr_probe",
        "defaults of dr_probe",
        "sign-in by IAM token",
        "schema dr",
        "table dr.heartbeat",
        "rights on dr",
        "rights on dr.heartbeat",
    ]
    assert region.server.execute(f"SELECT rolsuper FROM pg_roles WHERE rolname = '{MASTER}'") == [[False]]
    assert world.once(world.probe(IRELAND))["own"]["word"] == "proved"


def test_doing_it_again_changes_nothing(world: World) -> None:
    world.active(IRELAND)
    answer = prepare(world.bootstrap(IRELAND), dry_run=False)
    assert answer["changed"] == []
    assert "table dr.heartbeat" in answer["unchanged"]


def test_a_dry_run_says_what_would_be_changed_and_changes_nothing(world: World) -> None:
    region = world.active(IRELAND)
    undo(region)
    answer = prepare(world.bootstrap(IRELAND), dry_run=True)
    assert answer["dry_run"] is True
    assert "role dr_probe" in answer["changed"]
    assert region.server.execute("SELECT FROM pg_roles WHERE rolname = 'dr_probe'") == []
    assert region.server.execute("SELECT to_regclass('dr.heartbeat')", database=DATABASE) == [[None]]


def test_what_somebody_changed_is_put_right_and_said(world: World) -> None:
    region = world.active(IRELAND)
    region.server.execute("GRANT DELETE ON dr.heartbeat TO dr_probe", database=DATABASE)
    region.server.execute("ALTER ROLE dr_probe CONNECTION LIMIT -1 CREATEDB")
    region.server.execute("ALTER ROLE dr_probe SET statement_timeout = 0")
    answer = prepare(world.bootstrap(IRELAND), dry_run=False)
    assert answer["changed"] == ["limits of dr_probe", "defaults of dr_probe", "rights on dr.heartbeat"]


FORBIDDEN = (
    "CREATE TABLE mine (a int)",
    "CREATE TABLE dr.mine (a int)",
    "CREATE SCHEMA mine",
    "DELETE FROM dr.heartbeat",
    "TRUNCATE dr.heartbeat",
    "DROP TABLE dr.heartbeat",
    "SELECT * FROM public.orders",
    "CREATE ROLE mine",
    "ALTER ROLE dr_probe CONNECTION LIMIT -1",
    "SELECT pg_promote()",
)


def test_the_probe_may_do_nothing_else(world: World) -> None:
    region = world.active(IRELAND)
    region.server.execute("CREATE TABLE public.orders (a int)", database=DATABASE)
    answers = {}
    with as_probe(region) as session:
        for statement in FORBIDDEN:
            with pytest.raises(DatabaseError) as refused:
                session.run(statement)
            answers[statement] = refused.value.args[0]["C"]
    assert answers == dict.fromkeys(FORBIDDEN, "42501")  # insufficient_privilege


def test_the_probe_is_a_member_of_the_role_that_iam_asks_for(world: World) -> None:
    region = world.active(IRELAND)
    assert region.server.execute("SELECT pg_has_role('dr_probe', 'rds_iam', 'MEMBER')") == [[True]]


def test_a_replica_is_refused_with_where_to_call_it(world: World) -> None:
    source = world.active(IRELAND)
    standby = world.standby(FRANKFURT, source)
    world.cloud("secretsmanager", FRANKFURT).create_secret(
        Name=SECRET, SecretString=json.dumps({"username": MASTER, "password": "pa'ss wörd"})
    )
    with pytest.raises(BootstrapError, match="not the active region") as absent:
        prepare(world.bootstrap(FRANKFURT), dry_run=False)
    world.directory[writer_host(FRANKFURT)] = standby.door.address
    with pytest.raises(BootstrapError, match="its database is a replica") as replica:
        prepare(world.bootstrap(FRANKFURT), dry_run=False)
    for refusal in (absent, replica):
        assert "call this in the active region (trap 94)" in str(refusal.value)


def test_a_cluster_without_iam_authentication_is_refused_with_what_to_do(world: World) -> None:
    region = world.active(IRELAND)
    region.server.execute("DROP OWNED BY rds_iam")
    region.server.execute("DROP ROLE rds_iam")
    with pytest.raises(BootstrapError, match="no role rds_iam") as refused:
        prepare(world.bootstrap(IRELAND), dry_run=False)
    assert "enable IAM database authentication" in str(refused.value)


def test_a_probe_that_is_a_superuser_is_refused(world: World) -> None:
    region = world.active(IRELAND)
    region.server.execute("ALTER ROLE dr_probe SUPERUSER")
    with pytest.raises(BootstrapError, match="is a superuser"):
        prepare(world.bootstrap(IRELAND), dry_run=False)


def test_a_wrong_password_is_said_without_it(world: World) -> None:
    world.active(IRELAND)
    secret = json.dumps({"username": MASTER, "password": "not-the-password"})
    world.cloud("secretsmanager", IRELAND).put_secret_value(SecretId=SECRET, SecretString=secret)
    with pytest.raises(BootstrapError, match="sign-in") as refused:
        prepare(world.bootstrap(IRELAND), dry_run=False)
    assert "not-the-password" not in str(refused.value)


def test_no_reserved_connection_is_said_with_the_reason(world: World) -> None:
    world.active(IRELAND)
    assert prepare(world.bootstrap(IRELAND), dry_run=False)["slot"].startswith("none: reserved_connections is 0")


def test_a_master_that_may_not_grant_the_reserved_slot_says_so(world: World) -> None:
    world.active(IRELAND, reserved_connections="2")
    slot = prepare(world.bootstrap(IRELAND), dry_run=False)["slot"]
    assert slot == "none: the master may not grant pg_use_reserved_connections"


def test_a_master_that_may_grant_the_reserved_slot_does_so_once(world: World) -> None:
    region = world.active(IRELAND, reserved_connections="2")
    region.server.execute(f"GRANT pg_use_reserved_connections TO {MASTER} WITH ADMIN OPTION")
    first = prepare(world.bootstrap(IRELAND), dry_run=False)
    second = prepare(world.bootstrap(IRELAND), dry_run=False)
    assert first["changed"] == ["reserved connection"]
    assert second["changed"] == []
    assert second["slot"] == "held: the probe may use reserved_connections"


def test_only_the_secret_is_asked_of_aws(world: World) -> None:
    world.active(IRELAND)
    world.cloud.calls.clear()
    prepare(world.bootstrap(IRELAND), dry_run=False)
    assert world.cloud.calls == [(IRELAND, "secretsmanager", "GetSecretValue")]
    assert CALLS == ("secretsmanager:GetSecretValue",)
