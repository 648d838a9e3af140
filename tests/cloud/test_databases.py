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

from tests.cloud.databases_world import FRANKFURT, IRELAND, STOCKHOLM, cluster, until
from twin.authority import Authority
from twin.cloud.databases.doors import Key, SignIn
from twin.cloud.databases.fleet import Fleet, Timing
from twin.cloud.databases.names import Names
from twin.cloud.databases.parameters import version_for
from twin.postgres import Server, Yard

ORIGIN, STANDBY, WITNESS = IRELAND, FRANKFURT, STOCKHOLM


@pytest.fixture
def names(tmp_path: Path) -> Names:
    return Names(tmp_path, Authority().pem)


@pytest.fixture
def fleet(names: Names) -> Iterator[Fleet]:
    with Yard() as yard:
        made = Fleet(yard, Authority(), names, SignIn(lambda _: None))
        yield made
        made.close()


def published(names: Names) -> set[tuple[str, str]]:
    """Return the origins, and what resolves there."""
    said = json.loads(Path(names.environment["DR_TWIN_NAMES"]).read_text())
    return {(origin, host) for origin, hosts in said.items() for host in hosts}


def roles(fleet: Fleet) -> dict[str, bool]:
    """Return for each region whether its database takes writes, as PostgreSQL says."""
    return {
        standing.region: standing.look().role == "writer" for standing in fleet.standing() if standing.look().answers
    }


def server(fleet: Fleet, key: Key) -> Server:
    found = fleet.find(key)
    assert found is not None
    return found.server


def test_a_group_of_two_regions_has_a_writer_and_a_replica_that_streams_from_it(fleet: Fleet, names: Names) -> None:
    fleet.fit(lambda: [cluster(STANDBY, writer=False), cluster(ORIGIN, writer=True)])
    assert roles(fleet) == {ORIGIN: True, STANDBY: False}
    writer = server(fleet, cluster(ORIGIN, writer=True).key)
    replica = server(fleet, cluster(STANDBY, writer=False).key)
    writer.execute("CREATE TABLE kept (id int)")
    replica.wait("has the table", lambda: replica.execute("SELECT to_regclass('kept') IS NOT NULL") == [[True]])


def test_the_writer_endpoint_of_a_standby_does_not_resolve(fleet: Fleet, names: Names) -> None:
    origin, standby = cluster(ORIGIN, writer=True), cluster(STANDBY, writer=False)
    fleet.fit(lambda: [origin, standby], [WITNESS])
    hosts = {origin.writer_host, origin.reader_host, standby.reader_host}
    assert published(names) == {(region, host) for region in (ORIGIN, STANDBY, WITNESS) for host in hosts}


def test_another_writer_in_the_records_is_promoted_and_the_old_one_streams_from_it(fleet: Fleet, names: Names) -> None:
    fleet.fit(lambda: [cluster(ORIGIN, writer=True), cluster(STANDBY, writer=False)])
    fleet.timing = Timing(zombie=0)
    swapped = [cluster(ORIGIN, writer=False), cluster(STANDBY, writer=True)]

    def fits() -> bool:
        fleet.fit(lambda: swapped)
        return roles(fleet) == {ORIGIN: False, STANDBY: True}

    until(fits)
    until(lambda: published(names) >= {(ORIGIN, cluster(STANDBY, writer=True).writer_host)})
    until(lambda: (ORIGIN, cluster(ORIGIN, writer=True).writer_host) not in published(names))


def test_a_cluster_that_is_gone_from_the_records_is_gone(fleet: Fleet, names: Names) -> None:
    fleet.fit(lambda: [cluster(ORIGIN, writer=True)])
    assert fleet.ready(cluster(ORIGIN, writer=True).key)
    fleet.fit(lambda: [])
    assert not fleet.ready(cluster(ORIGIN, writer=True).key)
    assert published(names) == set()


def test_a_functions_process_resolves_the_names_that_its_region_sees_and_no_other(names: Names, tmp_path: Path) -> None:
    name = "there.eu-west-1.rds.amazonaws.com"
    names.publish({ORIGIN: {name: ("127.0.0.1", 4711)}, STANDBY: {name: ("127.0.0.2", 4712)}})
    code = (
        "import socket, json\n"
        "found = socket.getaddrinfo('there.eu-west-1.rds.amazonaws.com', 5432, type=socket.SOCK_STREAM)\n"
        "try:\n    socket.getaddrinfo('gone.eu-west-1.rds.amazonaws.com', 5432)\n"
        "except socket.gaierror as error:\n    print(json.dumps([found[0][4], error.errno]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **names.environment, "AWS_REGION": STANDBY},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == [["127.0.0.2", 4712], socket.EAI_NONAME]


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


def test_a_server_is_given_what_it_knows_of_the_parameter_groups_and_nothing_of_rdss_own(fleet: Fleet) -> None:
    said = (("log_statement", "ddl"), ("rds.force_ssl", "1"), ("shared_buffers", "{DBInstanceClassMemory/12038}"))
    fleet.fit(lambda: [cluster(ORIGIN, writer=True, parameters=said)])
    found = server(fleet, cluster(ORIGIN, writer=True).key)
    assert found.execute("SHOW log_statement") == [["ddl"]]
    assert found.execute("SELECT current_setting('rds.force_ssl', true)") == [[None]]
