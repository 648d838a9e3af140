"""The application of a drill: what it calls acknowledged is there, and nothing keeps it waiting for ever."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import dns.flags
import dns.message
import dns.rrset
import pytest

from twin.authority import Authority
from twin.drill.application import CREATE, TABLE, Order
from twin.drill.record import Write
from twin.drill.stage import Application
from twin.front_door import Door, FrontDoor
from twin.passage import Faults
from twin.postgres import Config, Server, Yard
from twin.rds import make_master

NAME = "writer.db.example.com"
HOSTS = {
    "eu-west-1": "dr-x.cluster-c0ffee.eu-west-1.rds.amazonaws.com",
    "eu-central-1": "dr-x.cluster-c0ffee.eu-central-1.rds.amazonaws.com",
}
SECONDS = 20.0


@dataclass
class Resolver:
    """A DNS server on loopback that answers the writer's name with one region's host."""

    region: str = "eu-west-1"
    ttl: int = 1
    asked: int = 0
    _socket: socket.socket = field(default_factory=lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))

    def start(self) -> tuple[str, int]:
        self._socket.bind(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()
        address, port = self._socket.getsockname()
        return str(address), int(port)

    def stop(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        try:
            while True:
                said, whom = self._socket.recvfrom(4096)
                answer = dns.message.make_response(dns.message.from_wire(said))
                answer.flags |= dns.flags.RA
                host = f"{HOSTS[self.region]}."
                answer.answer = [
                    dns.rrset.from_text(f"{NAME}.", self.ttl, "IN", "CNAME", host),
                    dns.rrset.from_text(host, self.ttl, "IN", "A", "127.0.0.1"),
                ]
                self.asked += 1
                self._socket.sendto(answer.to_wire(), whom)
        except OSError:
            return


@dataclass
class Scene:
    """A server behind a front door, a name for it, and an application that writes to it."""

    server: Server
    door: FrontDoor
    resolver: Resolver
    application: Application

    def until(self, holds: Callable[[list[Write]], bool]) -> list[Write]:
        """Return all writes as soon as they are so."""
        last = time.monotonic() + SECONDS
        while not holds(self.application.writes):
            assert time.monotonic() < last, self.application.writes[-3:]
            time.sleep(0.02)
        return list(self.application.writes)

    def rows(self) -> dict[str, int]:
        """Return the rows that PostgreSQL has: key and the attempt that is kept."""
        found = self.server.execute(f"SELECT key, attempt FROM {TABLE}", database="app")
        return {str(key): int(attempt) for key, attempt in found}


def acknowledged(writes: list[Write]) -> list[Write]:
    return [each for each in writes if each.outcome == "acknowledged"]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Yard() as yard:
        made = yard.primary(Config("written")).start()
        make_master(made, "master", "word", "app")
        yield made


@pytest.fixture
def scene(server: Server, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """A scene; with a parameter, of an application that has none of the guide's settings."""
    server.execute("DROP SCHEMA IF EXISTS drill CASCADE", database="app")
    for statement in CREATE.split(";"):
        server.execute(statement, database="app")
    server.execute("GRANT ALL ON SCHEMA drill TO master", database="app")
    server.execute(f"GRANT ALL ON {TABLE} TO master", database="app")
    authority = Authority()
    names = tuple(HOSTS.values())
    door = Door(("127.0.0.1", server.port), names, "eu-west-1", authority.issue(names), lambda _: None)
    bundle = tmp_path / "authority.pem"
    bundle.write_bytes(authority.pem)
    resolver = Resolver()
    address = resolver.start()
    with FrontDoor(door) as opened:
        order = Order(
            region="eu-central-1", name=NAME, resolver=address, bundle=str(bundle), user="master", password="word",
            database="app", connections=2, pause=0.02, limit=1.0, life=30.0, port=int(opened.address[1]),
            careless=getattr(request, "param", False),
        )  # fmt: skip
        application = Application.begin(order)
        try:
            yield Scene(server, opened, resolver, application)
        finally:
            application.kill()
            resolver.stop()


def test_every_acknowledged_row_is_there_once_and_says_whose_database_took_it(scene: Scene) -> None:
    scene.until(lambda writes: len(acknowledged(writes)) > 40)
    scene.application.end()
    writes = acknowledged(scene.application.writes)
    assert {each.key for each in writes} == set(scene.rows())
    assert len({each.key for each in writes}) == len(writes)
    assert {each.region for each in writes} == {"eu-west-1"}
    assert all("/" in each.lsn for each in writes)


def test_a_database_that_never_answers_costs_one_limit_and_no_more(scene: Scene) -> None:
    scene.until(lambda writes: len(acknowledged(writes)) > 4)
    scene.door.break_(Faults(silent=True))
    writes = scene.until(lambda writes: sum(each.outcome != "acknowledged" for each in writes) >= 4)
    late = [each for each in writes if each.outcome != "acknowledged"]
    assert max(each.ended_ms - each.began_ms for each in late) < 4000
    assert any(each.outcome == "unknown" for each in late)
    scene.door.break_(Faults())
    count = len(acknowledged(writes))
    scene.until(lambda writes: len(acknowledged(writes)) > count + 4)
    scene.application.end()
    assert {each.key for each in acknowledged(scene.application.writes)} <= set(scene.rows())


@pytest.mark.parametrize("scene", [True], indirect=True)
def test_without_the_guides_settings_it_waits_for_ever_and_never_asks_for_the_name_again(scene: Scene) -> None:
    scene.resolver.ttl = 0
    scene.until(lambda writes: len(acknowledged(writes)) > 4)
    asked = scene.resolver.asked
    scene.door.break_(Faults(silent=True))
    time.sleep(0.5)  # what was under way has ended, or waits
    count = len(scene.application.writes)
    time.sleep(4)  # four of the limits that it does not have
    assert len(scene.application.writes) == count
    scene.door.break_(Faults(drop=True))  # even a connection that is dropped leads to no new look
    scene.until(lambda writes: len(writes) > count)
    assert scene.resolver.asked == asked


def test_a_row_whose_outcome_is_not_known_is_tried_again_under_its_number(scene: Scene) -> None:
    scene.until(lambda writes: len(acknowledged(writes)) > 4)
    scene.door.break_(Faults(drop=True))
    scene.until(lambda writes: any(each.outcome != "acknowledged" for each in writes))
    scene.door.break_(Faults())
    again = scene.until(lambda writes: any(each.attempt > 1 and each.outcome == "acknowledged" for each in writes))
    scene.application.end()
    for each in again:
        if each.outcome == "acknowledged" and each.attempt > 1:
            before = [one for one in again if one.key == each.key and one.attempt < each.attempt]
            assert before
            assert scene.rows()[each.key] == each.attempt


def test_a_read_only_answer_makes_it_ask_for_the_name_again_at_once(scene: Scene) -> None:
    scene.resolver.ttl = 3600
    scene.until(lambda writes: len(acknowledged(writes)) > 4)
    asked = scene.resolver.asked
    scene.server.execute("ALTER SYSTEM SET default_transaction_read_only = on")
    scene.server.execute("SELECT pg_reload_conf()")
    try:
        scene.resolver.region = "eu-central-1"
        scene.until(lambda writes: any("25006" in each.error or "read-write" in each.error for each in writes))
    finally:
        _writable(scene.server)
    scene.until(lambda writes: any(each.region == "eu-central-1" and each.outcome == "acknowledged" for each in writes))
    assert scene.resolver.asked > asked


def test_an_answer_is_kept_as_long_as_its_ttl_says(scene: Scene) -> None:
    scene.resolver.ttl = 3600
    scene.until(lambda writes: len(acknowledged(writes)) > 4)
    asked = scene.resolver.asked
    scene.until(lambda writes: len(acknowledged(writes)) > 30)
    assert scene.resolver.asked <= asked + 2  # each connection's first look-up


def _writable(server: Server) -> None:
    server.execute("ALTER SYSTEM RESET default_transaction_read_only")
    server.execute("SELECT pg_reload_conf()")
