"""Front doors by origin: each way breaks alone, what is wrong with it adds up, and all of them are one thread."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from pg8000.native import Connection

from tests.cloud.databases_world import FRANKFURT, IRELAND, PASSWORD, STOCKHOLM, cluster
from twin.authority import Authority
from twin.cloud.databases.doors import Doors, Entrance, SignIn
from twin.front_door import Faults
from twin.passage import Hall
from twin.postgres import Config, Server, Yard
from twin.rds import make_master
from twin.tokens import Credentials

HERE = cluster(IRELAND, writer=True)
AUTHORITY = Authority()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Yard() as yard:
        made = yard.primary(Config("behind")).start()
        make_master(made, "master", PASSWORD, "app")
        yield made


@pytest.fixture
def doors(server: Server) -> Iterator[Doors]:
    hall = Hall().start()
    made = Doors(hall, AUTHORITY, SignIn(lambda _: None))
    made.fit({HERE.key: (HERE, server.port, True)}, [IRELAND, FRANKFURT, STOCKHOLM])
    yield made
    made.close()
    hall.stop()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bundle") / "bundle.pem"
    path.write_bytes(AUTHORITY.pem)
    return path


def entrance(doors: Doors, origin: str, who: str) -> Entrance:
    (found,) = (each for each in doors.entrances() if (each.origin, each.who) == (origin, who))
    return found


def sign_in(at: Entrance, bundle: Path, timeout: float = 3.0) -> Connection:
    """Return a session over verified TLS through that door."""
    context = ssl.create_default_context(cafile=str(bundle))
    opened = socket.create_connection((at.ip, at.port), timeout=timeout)
    try:
        opened.sendall(b"\x00\x00\x00\x08\x04\xd2\x16\x2f")
        assert opened.recv(1) == b"S"
        secure = context.wrap_socket(opened, server_hostname=at.hosts[0])
        return Connection("master", database="app", password=PASSWORD, sock=secure, ssl_context=False)
    except BaseException:
        opened.close()
        raise


def connect_token(keys: Credentials, host: str) -> str:
    client = boto3.client(
        "rds",
        region_name=IRELAND,
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        aws_session_token=keys.token,
    )
    return str(client.generate_db_auth_token(DBHostname=host, Port=5432, DBUsername="dr_probe"))


def test_each_origin_and_each_who_has_an_address_of_its_own_on_the_real_port(doors: Doors) -> None:
    found = doors.entrances()
    assert len({(each.ip, each.port) for each in found}) == len(found) == 6
    assert {each.port for each in found} == {5432}  # of Linux, whose loopback is all of 127/8


def test_a_broken_way_leaves_all_others_as_they_are(doors: Doors, bundle: Path) -> None:
    doors.break_(FRANKFURT, "functions", IRELAND, Faults(refuse=True), "network")
    with pytest.raises(ConnectionRefusedError):
        sign_in(entrance(doors, FRANKFURT, "functions"), bundle)
    for origin, who in ((FRANKFURT, "application"), (IRELAND, "functions"), (STOCKHOLM, "functions")):
        sign_in(entrance(doors, origin, who), bundle).close()


def test_what_two_causes_break_stays_broken_until_both_have_healed_it(doors: Doors, bundle: Path) -> None:
    at = entrance(doors, FRANKFURT, "functions")
    doors.break_(FRANKFURT, "functions", IRELAND, Faults(refuse=True), "network")
    doors.break_("", "", IRELAND, Faults(refuse=True), "paths")
    doors.break_("", "", IRELAND, Faults(), "paths")
    with pytest.raises(ConnectionRefusedError):
        sign_in(at, bundle)
    doors.break_(FRANKFURT, "functions", IRELAND, Faults(), "network")
    sign_in(at, bundle).close()


def test_a_way_closed_to_new_connections_keeps_the_open_ones(doors: Doors, bundle: Path) -> None:
    """As when a security group's rule is revoked (trap 49b)."""
    at = entrance(doors, IRELAND, "application")
    session = sign_in(at, bundle)
    doors.break_(IRELAND, "application", IRELAND, Faults(closed=True), "network")
    with pytest.raises(TimeoutError):
        sign_in(at, bundle, timeout=0.3)
    assert session.run("SELECT 1") == [[1]]
    session.close()


def test_a_lossy_way_stalls_and_gets_through(doors: Doors, bundle: Path) -> None:
    at = entrance(doors, IRELAND, "application")
    with sign_in(at, bundle, timeout=20) as session:
        doors.break_(IRELAND, "application", IRELAND, Faults(loss=0.3), "paths")
        begun = time.monotonic()
        assert [session.run("SELECT 1") for _ in range(20)] == [[[1]]] * 20
        assert time.monotonic() - begun > 0.2  # one segment in forty is repeated at the least, nearly for sure


def test_a_door_that_comes_later_is_as_broken_as_was_said(doors: Doors, server: Server, bundle: Path) -> None:
    doors.break_("eu-south-1", "functions", IRELAND, Faults(refuse=True), "paths")
    doors.fit({HERE.key: (HERE, server.port, True)}, ["eu-south-1"])
    with pytest.raises(ConnectionRefusedError):
        sign_in(entrance(doors, "eu-south-1", "functions"), bundle)


def test_doors_of_a_cluster_that_is_gone_are_gone_and_none_has_a_thread(doors: Doors, bundle: Path) -> None:
    at = entrance(doors, IRELAND, "functions")
    before = threading.active_count()
    doors.fit({}, [IRELAND])
    assert doors.entrances() == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((at.ip, at.port), timeout=1)
    assert threading.active_count() == before


def test_a_cluster_that_is_made_anew_under_its_name_shows_its_new_host_names(
    doors: Doors, server: Server, bundle: Path
) -> None:
    sign_in(entrance(doors, IRELAND, "functions"), bundle).close()
    doors.fit({}, [IRELAND])
    anew = replace(
        HERE, **{name: getattr(HERE, name).replace("-abc.", "-def.") for name in ("reader_host", "writer_host")}
    )
    doors.fit({HERE.key: (anew, server.port, True)}, [IRELAND])
    sign_in(entrance(doors, IRELAND, "functions"), bundle).close()


def test_who_has_no_right_to_connect_is_refused(doors: Doors, server: Server, bundle: Path) -> None:
    """``rds-db:connect``: a token that is right is not enough."""
    hall = Hall().start()
    keys = Credentials("AKIDEXAMPLE", "secret")
    asked: list[tuple[str, str]] = []

    def allowed(_cluster: object, key: str, user: str) -> bool:
        asked.append((key, user))
        return False

    guarded = Doors(hall, AUTHORITY, SignIn({keys.access_key: keys}.get, allowed))
    try:
        guarded.fit({HERE.key: (HERE, server.port, True)}, [IRELAND])
        at = entrance(guarded, IRELAND, "functions")
        context = ssl.create_default_context(cafile=str(bundle))
        opened = socket.create_connection((at.ip, at.port), timeout=3)
        opened.sendall(b"\x00\x00\x00\x08\x04\xd2\x16\x2f")
        opened.recv(1)
        secure = context.wrap_socket(opened, server_hostname=at.hosts[0])
        token = connect_token(keys, at.hosts[0])
        with pytest.raises(Exception, match="PAM authentication failed"):
            Connection("dr_probe", database="app", password=token, sock=secure, ssl_context=False)
        assert asked == [("AKIDEXAMPLE", "dr_probe")]
    finally:
        guarded.close()
        hall.stop()
