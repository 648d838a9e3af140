"""The front door: TLS or nothing, tokens checked, passwords handed on, broken on demand and healed."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection

from twin.authority import Authority
from twin.front_door import Door, Faults, FrontDoor
from twin.postgres import Config, Server, Yard
from twin.rds import make_master
from twin.tokens import Credentials

NAME = "dr-x.cluster-c0ffee.eu-west-1.rds.amazonaws.com"


@dataclass
class Scene:
    """A server behind a front door."""

    server: Server
    door: FrontDoor
    authority: Authority
    log: list[str] = field(default_factory=list)
    bundle: Path = Path()

    def sign_in(self, user: str = "master", password: str = "word", timeout: float = 3) -> Connection:
        """Return a session over verified TLS."""
        context = ssl.create_default_context(cafile=str(self.bundle))
        opened = socket.create_connection(self.door.address, timeout=timeout)
        try:
            opened.sendall(b"\x00\x00\x00\x08\x04\xd2\x16\x2f")
            assert opened.recv(1) == b"S"
            secure = context.wrap_socket(opened, server_hostname=NAME)
            return Connection(user, database="app", password=password, sock=secure, ssl_context=False)
        except BaseException:
            opened.close()
            raise


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Yard() as yard:
        made = yard.primary(Config("behind")).start()
        make_master(made, "master", "word", "app")
        yield made


@pytest.fixture
def scene(server: Server, tmp_path: Path) -> Iterator[Scene]:
    authority = Authority()
    keys = Credentials("AKIDEXAMPLE", "secret")
    log: list[str] = []
    address = ("127.0.0.1", server.port)
    door = Door(address, (NAME,), "eu-west-1", authority.issue((NAME,)), {keys.access_key: keys}.get, log=log.append)
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(authority.pem)
    with FrontDoor(door) as opened:
        yield Scene(server, opened, authority, log, bundle)


def test_a_masters_password_is_checked_by_the_server_itself(scene: Scene) -> None:
    with scene.sign_in() as session:
        assert session.run("SELECT current_user") == [["master"]]
    with pytest.raises(DatabaseError, match="28P01"):
        scene.sign_in(password="wrong")


def test_certificates_satisfy_the_strictest_client(scene: Scene) -> None:
    """Newer Pythons verify strictly by default; the twin's certificates have what that asks for."""
    context = ssl.create_default_context(cafile=str(scene.bundle))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with socket.create_connection(scene.door.address, timeout=3) as opened:
        opened.sendall(b"\x00\x00\x00\x08\x04\xd2\x16\x2f")
        opened.recv(1)
        with context.wrap_socket(opened, server_hostname=NAME) as secure:
            assert secure.version() in ("TLSv1.2", "TLSv1.3")


def test_a_session_without_tls_is_refused(scene: Scene) -> None:
    host, port = scene.door.address
    with pytest.raises(DatabaseError, match="no encryption"):
        Connection("master", host=host, port=port, database="app", password="word", ssl_context=False)


def test_large_answers_pass_whole(scene: Scene) -> None:
    with scene.sign_in() as session:
        ((text,),) = session.run("SELECT repeat('x', 3000000)")
    assert len(text) == 3_000_000


def test_dropping_cuts_open_sessions_too(scene: Scene) -> None:
    session = scene.sign_in()
    scene.door.break_(Faults(drop=True))
    with pytest.raises((InterfaceError, OSError)):
        session.run("SELECT 1")
    scene.door.break_(Faults())
    with scene.sign_in() as healed:
        assert healed.run("SELECT 1") == [[1]]


def test_refusing_is_a_closed_port_that_opens_again_at_the_same_place(scene: Scene) -> None:
    address = scene.door.address
    scene.door.break_(Faults(refuse=True))
    with pytest.raises(ConnectionRefusedError):
        scene.sign_in()
    scene.door.break_(Faults())
    assert scene.door.address == address
    scene.sign_in().close()


def test_silence_holds_an_open_session_until_it_ends(scene: Scene) -> None:
    session = scene.sign_in(timeout=10)
    scene.door.break_(Faults(silent=True))
    healer = threading.Timer(0.5, scene.door.break_, [Faults()])
    healer.start()
    begun = time.monotonic()
    assert session.run("SELECT 1") == [[1]]
    assert time.monotonic() - begun > 0.4
    healer.join()
    session.close()


def test_delay_slows_each_statement(scene: Scene) -> None:
    with scene.sign_in(timeout=10) as session:
        scene.door.break_(Faults(delay=0.3))
        begun = time.monotonic()
        session.run("SELECT 1")
        assert time.monotonic() - begun > 0.3


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x00\x00\x00\x01",
        b"\x7f\xff\xff\xff",
        b"\x00\x00\x00\x08\x00\x00\x00\x00",
    ],
)
def test_nonsense_ends_its_own_connection_and_nothing_else(scene: Scene, sent: bytes) -> None:
    with socket.create_connection(scene.door.address, timeout=3) as opened:
        opened.sendall(sent)
        opened.shutdown(socket.SHUT_WR)
        while opened.recv(1000):
            pass
    scene.sign_in().close()


def test_nothing_is_left_of_a_door_that_was_stopped(scene: Scene) -> None:
    address = scene.door.address
    other = FrontDoor(
        Door(("127.0.0.1", scene.server.port), (NAME,), "eu-west-1", scene.authority.issue((NAME,)), lambda _: None)
    ).start()
    waiting = socket.create_connection(other.address, timeout=3)
    other.stop()
    with waiting, pytest.raises(ConnectionResetError):
        waiting.recv(1)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(other.address, timeout=3)
    assert sum(thread.name == "front door" for thread in threading.enumerate()) == 1
    assert scene.door.address == address
