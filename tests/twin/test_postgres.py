"""The twin's servers: real, several at once, and gone afterwards whatever happens."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from pg8000.native import Connection

from twin.postgres import Config, PostgresError, Server, Yard
from twin.rds import make_master
from twin.remains import sweep

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def yard() -> Iterator[Yard]:
    with Yard() as opened:
        yield opened


def until(holds: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def processes_in(folder: str) -> list[int]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if folder in " ".join(process.info["cmdline"] or []):
            found.append(process.pid)
    return found


def shared_memory() -> list[str]:
    """Return the numbers of the shared memory segments that exist."""
    return subprocess.run(["ipcs", "-m"], capture_output=True, text=True, check=True).stdout.split()


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def streams(server: Server) -> bool:
    return server.execute("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == [[1]]


def test_a_replica_replays_what_the_primary_wrote_and_refuses_writes(yard: Yard) -> None:
    primary = yard.primary(Config("replays-a")).start()
    replica = yard.replica(Config("replays-b"), primary).start()
    primary.execute("CREATE TABLE one AS SELECT 1 AS a")
    assert until(lambda: replica.execute("SELECT to_regclass('one') IS NOT NULL") == [[True]])
    with pytest.raises(Exception, match="25006"):
        replica.execute("INSERT INTO one VALUES (2)")


def test_a_promoted_replica_takes_writes_though_it_inherited_synchronous_names(yard: Yard) -> None:
    """They are cleared on the command line, which wins over what a base backup brings (trap 54)."""
    primary = yard.primary(Config("inherits-a")).start()
    primary.execute("ALTER SYSTEM SET synchronous_standby_names = 'somebody'")
    replica = yard.replica(Config("inherits-b"), primary).start()
    primary.suspend()
    replica.promote()
    replica.execute("CREATE TABLE one (a int)")
    assert replica.execute("SHOW synchronous_standby_names") == [[""]]


def test_a_suspended_server_accepts_and_does_not_answer_until_it_is_resumed(yard: Yard) -> None:
    server = yard.primary(Config("suspended")).start()
    server.suspend()
    assert listening(server.port)
    with pytest.raises(TimeoutError):
        Connection("postgres", host="127.0.0.1", port=server.port, timeout=0.5, ssl_context=False)
    server.resume()
    assert server.execute("SELECT 1") == [[1]]


def test_a_killed_server_keeps_its_port_and_its_rows(yard: Yard) -> None:
    server = yard.primary(Config("killed")).start()
    server.execute("CREATE TABLE one AS SELECT 1 AS a")
    port = server.port
    server.kill()
    assert not server.running
    assert not listening(port)
    server.start()
    assert (server.port, server.execute("SELECT a FROM one")) == (port, [[1]])


def test_a_clean_stop_loses_nothing_that_a_replica_should_have(yard: Yard) -> None:
    primary = yard.primary(Config("stopped-a")).start()
    replica = yard.replica(Config("stopped-b"), primary).start()
    assert until(lambda: streams(primary))
    primary.execute("CREATE TABLE one AS SELECT generate_series(1, 1000) AS a")
    primary.stop()
    assert replica.execute("SELECT count(*) FROM one") == [[1000]]


def test_a_master_is_no_superuser_and_signs_in_with_its_password(yard: Yard) -> None:
    server = yard.primary(Config("master")).start()
    make_master(server, "master", "it's", "app")
    with Connection(
        "master", host="127.0.0.1", port=server.port, database="app", password="it's", ssl_context=False
    ) as session:
        assert session.run("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == [[False]]
    with pytest.raises(Exception, match="28P01"):
        Connection("master", host="127.0.0.1", port=server.port, database="app", password="no", ssl_context=False)


def test_a_server_that_cannot_start_says_what_it_logged(yard: Yard) -> None:
    with pytest.raises(PostgresError, match="shared_buffers"):
        yard.primary(Config("broken", settings={"shared_buffers": "nonsense"})).start()


def test_version_18_runs_too(yard: Yard) -> None:
    server = yard.primary(Config("newest", version=18)).start()
    assert str(server.execute("SHOW server_version")[0][0]).startswith("18")


def test_nothing_is_left_of_a_yard_that_ends_in_an_error() -> None:
    with pytest.raises(ZeroDivisionError), Yard() as yard:
        server = yard.primary(Config("left")).start()
        server.suspend()
        raise ZeroDivisionError
    assert not yard.folder.exists()
    assert processes_in(str(yard.folder)) == []
    assert not listening(server.port)


OWNER = """
import sys, time
from twin.postgres import Config, Yard
yard = Yard()
server = yard.primary(Config("orphan")).start()
print(yard.folder, server.port, flush=True)
{end}
"""


def own(end: str) -> tuple[subprocess.Popen[str], str, int]:
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER.format(end=end)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    folder, port = process.stdout.readline().split()
    return process, folder, int(port)


def test_nothing_is_left_of_a_process_that_just_ends() -> None:
    process, folder, port = own("sys.exit(3)")
    assert process.wait(20) == 3
    assert not Path(folder).exists()
    assert not listening(port)


def test_what_a_killed_process_left_is_swept_and_what_lives_is_not(yard: Yard) -> None:
    living = yard.primary(Config("living")).start()
    process, folder, port = own("time.sleep(60)")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert listening(port)
    memory = (Path(folder) / "orphan-data" / "postmaster.pid").read_text().splitlines()[6].split()[-1]
    sweep()
    assert not Path(folder).exists()
    assert until(lambda: not listening(port) and not processes_in(folder))
    assert memory not in shared_memory()
    assert living.execute("SELECT 1") == [[1]]
