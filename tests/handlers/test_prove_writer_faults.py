"""What the probe says when the database, the way to it, or the signature is broken."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pg8000.native import Connection
from rounds import Clock
from world import FRANKFURT, IRELAND, World, reader_host, writer_host

from recovery import signals
from twin.authority import Authority
from twin.front_door import Faults
from twin.tokens import Credentials

STEP = 1
SLACK = 0.9
"""What a busy machine may add to a limit, in seconds."""


def prove(world: World, step: int = STEP, interval: int = 10) -> tuple[dict[str, Any], float]:
    """Return what the probe in Ireland said, and the seconds that its look at the database took."""
    line = world.once(world.probe(IRELAND, step=step, interval=interval))
    assert world.cloud.published(IRELAND)[(signals.WRITER_PROOF, IRELAND)] == line["own"]["value"]
    return line["own"], sum(line["own"]["seconds"].values())


def test_a_stopped_server_is_noticed_within_the_limit(world: World) -> None:
    world.active(IRELAND).server.suspend()
    own, seconds = prove(world)
    assert (own["value"], own["word"]) == (0, "timeout")
    assert own["reason"] == "timeout: sign-in did not end in 1 s"
    assert seconds < STEP + SLACK


def test_a_server_stopped_in_the_middle_is_noticed_within_the_limit(world: World) -> None:
    """The write sleeps in a trigger; then every process of the server is stopped."""
    region = world.active(IRELAND)
    region.server.execute(
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$",
        database="app",
    )
    region.server.execute(
        "CREATE TRIGGER wait BEFORE INSERT ON dr.heartbeat FOR EACH ROW EXECUTE FUNCTION wait()",
        database="app",
    )
    sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"

    def stop_when_it_writes() -> None:
        region.server.wait("wrote", lambda: region.server.execute(sleeping) == [[1]])
        region.server.suspend()

    stopper = threading.Thread(target=stop_when_it_writes)
    stopper.start()
    own, seconds = prove(world, step=2)
    stopper.join()
    assert own["reason"] == "timeout: write did not end in 2 s"
    assert seconds < 2 + 2 * SLACK


def test_a_resumed_server_is_proved_again(world: World) -> None:
    region = world.active(IRELAND)
    probe = world.probe(IRELAND, step=STEP)
    region.server.suspend()
    assert world.once(probe)["own"]["value"] == 0
    region.server.resume()
    assert world.once(probe)["own"]["value"] == 1


def test_a_way_that_accepts_and_never_answers_is_noticed_within_the_limit(world: World) -> None:
    world.active(IRELAND).door.break_(Faults(silent=True))
    own, seconds = prove(world)
    assert own["reason"] == "timeout: tls did not end in 1 s"
    assert seconds < STEP + SLACK


def test_a_name_lookup_that_hangs_is_noticed_within_the_limit(world: World) -> None:
    world.active(IRELAND)
    world.unanswered.add(writer_host(IRELAND))
    own, seconds = prove(world)
    assert own["reason"] == "timeout: name did not end in 1 s"
    assert seconds < STEP + SLACK


def test_a_name_server_that_fails_is_not_taken_for_an_absent_name(world: World) -> None:
    world.active(IRELAND)
    probe = world.probe(IRELAND)

    def failing(host: str, port: int) -> Any:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    probe.network = replace(probe.network, resolve=failing)
    own = world.once(probe)["own"]
    assert (own["word"], own["role"]) == ("resolver", "unknown")


def test_a_killed_server_drops_the_connection_at_once(world: World) -> None:
    world.active(IRELAND).server.kill()
    own, seconds = prove(world)
    assert (own["value"], own["word"]) == (0, "tls")
    assert seconds < STEP


def test_a_refused_connection_is_said(world: World) -> None:
    world.active(IRELAND).door.break_(Faults(refuse=True))
    own, _ = prove(world)
    assert (own["value"], own["word"]) == (0, "connect")


def test_a_dropped_connection_is_said(world: World) -> None:
    world.active(IRELAND).door.break_(Faults(drop=True))
    own, _ = prove(world)
    assert own["value"] == 0
    assert own["word"] in ("connect", "tls")  # the reset comes during the one or the other


def test_a_slow_server_is_proved_as_long_as_each_step_is_in_time(world: World) -> None:
    world.active(IRELAND).door.break_(Faults(delay=0.05))
    own, _ = prove(world, step=2)
    assert own["value"] == 1


def test_a_server_slower_than_the_limit_is_not_proved(world: World) -> None:
    world.active(IRELAND).door.break_(Faults(delay=5.0))
    own, seconds = prove(world)
    assert (own["value"], own["word"]) == (0, "timeout")
    assert seconds < STEP + SLACK


def test_steps_that_are_all_in_time_may_still_be_too_long_together(world: World) -> None:
    """Each piece of the client's bytes waits for almost a step; the attempt has three of them."""
    world.active(IRELAND).door.break_(Faults(delay=0.8))
    own, seconds = prove(world, interval=4)
    assert (own["value"], own["word"]) == (0, "timeout")
    assert seconds < 3 * STEP + SLACK


def test_a_refused_sign_in_is_said(world: World) -> None:
    region = world.active(IRELAND)
    world.signer = Credentials("AKIDEXAMPLE", "another secret", world.credentials.token)
    own, _ = prove(world)
    assert (own["value"], own["word"]) == (0, "sign-in")
    assert 'PAM authentication failed for user "dr_probe"' in own["reason"]
    assert region.log[0] == "token refused: the signature does not match"


def test_an_expired_token_is_refused(world: World) -> None:
    region = world.active(IRELAND)
    region.now.append(time.time() + 16 * 60)
    own, _ = prove(world)
    assert (own["value"], own["word"]) == (0, "sign-in")
    assert region.log[0].startswith("token refused: the token expired")


def test_a_token_is_for_the_host_that_it_is_used_at(world: World) -> None:
    region = world.active(IRELAND)
    probe = world.probe(IRELAND)
    signed = probe.sign
    probe.sign = lambda place, host: signed(place, "elsewhere.rds.amazonaws.com")
    assert world.once(probe)["own"]["word"] == "sign-in"
    assert "the token is for elsewhere" in region.log[0]


def test_an_expired_certificate_is_refused_and_said(world: World) -> None:
    region = world.active(IRELAND)
    names = (writer_host(IRELAND),)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    region.door.show(world.authority.issue(names, until=yesterday))
    own, _ = prove(world)
    assert own["reason"] == "certificate: certificate has expired"


def test_a_certificate_for_another_name_is_refused_and_said(world: World) -> None:
    region = world.active(IRELAND)
    region.door.show(world.authority.issue((writer_host(FRANKFURT),)))
    own, _ = prove(world)
    assert own["word"] == "certificate"
    assert "is not valid for" in own["reason"]


def test_a_certificate_of_another_authority_is_refused_and_said(world: World) -> None:
    region = world.active(IRELAND)
    region.door.show(Authority("Amazon RDS twin root").issue((writer_host(IRELAND),)))
    own, _ = prove(world)
    assert own["word"] == "certificate"


def test_a_server_without_tls_is_refused_and_never_told_a_token(world: World) -> None:
    world.active(IRELAND)
    received = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def answer() -> None:
            opened, _ = plain.accept()
            with opened:
                received.extend(opened.recv(100))
                opened.sendall(b"N")
                while data := opened.recv(100):
                    received.extend(data)

        server = threading.Thread(target=answer)
        server.start()
        world.directory[writer_host(IRELAND)] = plain.getsockname()
        own, _ = prove(world)
        server.join()
    assert own["reason"] == "tls: the server refused TLS"
    assert len(received) == 8  # the request for TLS and nothing after it


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device here that is always full")
def test_a_full_disk_is_said_with_what_the_server_said(world: World) -> None:
    """The kernel refuses the write for real: the heartbeat's file is the device that is always full."""
    region = world.active(IRELAND)
    region.server.execute("TRUNCATE dr.heartbeat", database="app")
    ((path,),) = region.server.execute("SELECT pg_relation_filepath('dr.heartbeat')", database="app")
    file = region.server.data / path
    file.unlink()
    file.symlink_to("/dev/full")
    own, _ = prove(world)
    assert (own["value"], own["word"], own["role"]) == (0, "write", "writer")
    assert "No space left on device (SQLSTATE 53100)" in own["reason"]


def test_a_database_that_made_itself_read_only_is_said(world: World) -> None:
    region = world.active(IRELAND)
    region.server.execute("ALTER SYSTEM SET default_transaction_read_only = on")
    region.server.execute("SELECT pg_reload_conf()")
    region.server.wait("became read-only", lambda: region.server.execute("SHOW transaction_read_only") == [["on"]])
    own, _ = prove(world)
    assert own["reason"] == "read-only: transaction_read_only is on"
    assert (own["value"], own["role"]) == (0, "writer")


def test_a_table_that_is_locked_is_noticed_within_the_limit(world: World) -> None:
    region = world.active(IRELAND)
    held = threading.Event()
    free = threading.Event()

    def hold() -> None:
        path = str(region.server.data.parent / f".s.PGSQL.{region.server.port}")
        with Connection("postgres", unix_sock=path, database="app") as session:
            session.run("BEGIN")
            session.run("LOCK TABLE dr.heartbeat")
            held.set()
            free.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    own, seconds = prove(world)
    free.set()
    holder.join()
    assert (own["value"], own["word"], own["role"]) == (0, "timeout", "writer")
    assert seconds < STEP + SLACK


def test_a_commit_that_waits_for_an_absent_standby_is_noticed_within_the_limit(world: World) -> None:
    """What a promoted server does that inherited ``synchronous_standby_names`` (trap 54)."""
    region = world.active(IRELAND, synchronous_standby_names="nobody", synchronous_commit="local")
    region.server.execute("ALTER ROLE dr_probe SET synchronous_commit = on")
    own, seconds = prove(world)
    assert (own["value"], own["word"]) == (0, "timeout")
    assert seconds < STEP + SLACK


def test_exhausted_connections_are_said_unless_a_slot_is_reserved(world: World) -> None:
    """Without the right to reserved connections the probe is told; with it, it is proved."""
    region = world.active(IRELAND, max_connections="10", reserved_connections="3")
    region.server.execute("CREATE ROLE crowd LOGIN")
    path = str(region.server.data.parent / f".s.PGSQL.{region.server.port}")
    crowd = [Connection("crowd", unix_sock=path, database="app") for _ in range(4)]
    try:
        probe = world.probe(IRELAND)
        refused = world.once(probe)["own"]
        region.server.execute("GRANT pg_use_reserved_connections TO dr_probe")
        proved = world.once(probe)["own"]
    finally:
        for session in crowd:
            session.close()
    assert (refused["value"], refused["word"]) == (0, "connections")
    assert "SQLSTATE 53300" in refused["reason"]
    assert proved["value"] == 1


def test_a_server_that_shuts_down_is_told_apart_from_one_that_refuses(world: World) -> None:
    """It waits for a session that does not end, and lets no new one in."""
    region = world.active(IRELAND)
    path = str(region.server.data.parent / f".s.PGSQL.{region.server.port}")
    session = Connection("postgres", unix_sock=path, database="app")
    pid = int((region.server.data / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGTERM)  # a smart shutdown: no new session, the old ones may end
    deadline = time.monotonic() + 10
    own: dict[str, Any] = {}
    probe = world.probe(IRELAND)
    while own.get("word") != "unavailable" and time.monotonic() < deadline:
        own = world.once(probe)["own"]
    session.close()
    assert (own["value"], own["word"]) == (0, "unavailable")


def test_clocks_that_differ_are_mentioned_with_the_lag(world: World) -> None:
    source = world.active(IRELAND)
    world.once(world.probe(IRELAND))
    world.standby(FRANKFURT, source)
    probe = world.probe(FRANKFURT, clock=Clock(now=lambda: time.time() - 180))
    own = world.once(probe)["own"]
    assert "its clock is +180." in own["reason"]
    assert reader_host(FRANKFURT) in world.directory


def test_a_writer_whose_functions_clock_is_off_proves_itself_and_says_so(world: World) -> None:
    world.active(IRELAND)
    own = world.once(world.probe(IRELAND, clock=Clock(now=lambda: time.time() + 180)))["own"]
    assert (own["value"], own["word"]) == (1, "proved")
    assert own["reason"].startswith("proved; its clock is -180.")


def test_a_slow_answer_is_not_taken_for_a_clock_that_is_off(world: World) -> None:
    world.active(IRELAND)
    asked = itertools.count()
    clock = Clock(now=lambda: time.time() + (6 if next(asked) > 1 else -6))  # twelve seconds pass while it writes
    own = world.once(world.probe(IRELAND, clock=clock))["own"]
    assert (own["value"], own["reason"]) == (1, "proved")


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads through /proc")
def test_lookups_that_hang_do_not_pile_up_for_ever(world: World) -> None:
    world.active(IRELAND)
    world.unanswered.add(writer_host(IRELAND))
    world.once(world.probe(IRELAND))
    assert sum(thread.name.startswith("resolve") for thread in threading.enumerate()) <= 1
