"""A cluster of the local cloud has a real database behind it, which real function processes find."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from twin.authority import Authority
from twin.cloud.databases.fleet import Fleet, version_for
from twin.cloud.databases.names import Names
from twin.cloud.databases.records import Cluster
from twin.postgres import Yard

ORIGIN, STANDBY = "eu-west-1", "eu-central-1"


def cluster(region: str, *, writer: bool) -> Cluster:
    host = f"dr-example-{region}.cluster-ro-abc.{region}.rds.amazonaws.com"
    return Cluster(
        account="111122223333",
        region=region,
        name=f"dr-example-{region}",
        group="dr-example",
        writer=writer,
        reader_host=host,
        writer_host=host.replace("-ro-", "-"),
        port=5432,
        engine_version="16.8",
        database="app",
        user="master",
        password="it's a secret",
    )


@pytest.fixture
def names(tmp_path: Path) -> Names:
    return Names(tmp_path, Authority().pem)


@pytest.fixture
def fleet(names: Names) -> Iterator[Fleet]:
    with Yard() as yard:
        made = Fleet(yard, Authority(), names, lambda _: None)
        yield made
        made.close()


def published(names: Names) -> set[str]:
    return set(json.loads(Path(names.environment["DR_TWIN_NAMES"]).read_text()))


def roles(fleet: Fleet) -> dict[str, bool]:
    """Return for each region whether its database takes writes, as PostgreSQL says."""
    return {
        key[1]: standing.server.execute("SELECT pg_is_in_recovery()") == [[False]]
        for key, standing in fleet._standing.items()
    }


def test_a_group_of_two_regions_has_a_writer_and_a_replica_that_streams_from_it(fleet: Fleet, names: Names) -> None:
    fleet.fit([cluster(STANDBY, writer=False), cluster(ORIGIN, writer=True)])
    assert roles(fleet) == {ORIGIN: True, STANDBY: False}
    writer = fleet._standing[cluster(ORIGIN, writer=True).key].server
    replica = fleet._standing[cluster(STANDBY, writer=False).key].server
    writer.execute("CREATE TABLE kept (id int)")
    replica.wait("has the table", lambda: replica.execute("SELECT to_regclass('kept') IS NOT NULL") == [[True]])


def test_the_writer_endpoint_of_a_standby_does_not_resolve(fleet: Fleet, names: Names) -> None:
    origin, standby = cluster(ORIGIN, writer=True), cluster(STANDBY, writer=False)
    fleet.fit([origin, standby])
    assert published(names) == {origin.writer_host, origin.reader_host, standby.reader_host}


def test_another_writer_in_the_records_is_promoted_and_the_old_one_streams_from_it(fleet: Fleet, names: Names) -> None:
    fleet.fit([cluster(ORIGIN, writer=True), cluster(STANDBY, writer=False)])
    fleet.fit([cluster(ORIGIN, writer=False), cluster(STANDBY, writer=True)])
    assert roles(fleet) == {ORIGIN: False, STANDBY: True}
    assert cluster(STANDBY, writer=True).writer_host in published(names)
    assert cluster(ORIGIN, writer=True).writer_host not in published(names)


def test_a_cluster_that_is_gone_from_the_records_is_gone(fleet: Fleet, names: Names) -> None:
    fleet.fit([cluster(ORIGIN, writer=True)])
    assert fleet.ready(cluster(ORIGIN, writer=True).key)
    fleet.fit([])
    assert not fleet.ready(cluster(ORIGIN, writer=True).key)
    assert published(names) == set()


def test_a_functions_process_resolves_the_names_that_are_there_and_no_other(names: Names, tmp_path: Path) -> None:
    names.publish({"there.eu-west-1.rds.amazonaws.com": ("127.0.0.1", 4711)})
    code = (
        "import socket, json\n"
        "found = socket.getaddrinfo('there.eu-west-1.rds.amazonaws.com', 5432, type=socket.SOCK_STREAM)\n"
        "try:\n    socket.getaddrinfo('gone.eu-west-1.rds.amazonaws.com', 5432)\n"
        "except socket.gaierror as error:\n    print(json.dumps([found[0][4], error.errno]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **names.environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == [["127.0.0.1", 4711], socket.EAI_NONAME]


def test_a_functions_process_believes_the_local_authority_beside_amazons(names: Names, tmp_path: Path) -> None:
    bundle = tmp_path / "certificates" / "rds-global-bundle.pem"
    bundle.parent.mkdir()
    bundle.write_bytes(b"amazon's\n")
    for _ in range(2):
        subprocess.run([sys.executable, "-c", ""], cwd=tmp_path, env={**os.environ, **names.environment}, check=True)
    authority = Path(names.environment["DR_TWIN_AUTHORITY"]).read_bytes()
    assert bundle.read_bytes() == b"amazon's\n" + authority


@pytest.mark.parametrize(("engine", "stands_in"), [("16.8", 16), ("17.5", 18), ("15.2", 16), ("19.1", 18)])
def test_an_engine_version_is_played_by_its_own_major_version_or_the_next(engine: str, stands_in: int) -> None:
    assert version_for(engine) == stands_in
