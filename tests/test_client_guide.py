"""The client guide's Python runs as it stands in the guide, against real servers behind real TLS and real DNS."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dns.resolver
import pytest
from psycopg_pool.base import AttemptWithBackoff

from generator.resources import folder
from twin.authority import Authority
from twin.cloud.watch.dns import View
from twin.cloud.watch.names import Book, Zone
from twin.front_door import Door, Faults, FrontDoor
from twin.postgres import Config, Server, Yard
from twin.rds import make_master

pytestmark = pytest.mark.xdist_group("client_guide")

PASSWORD = "it's a secret"
HOSTS = {
    "eu-west-1": "dr-x.cluster-c0ffee.eu-west-1.rds.amazonaws.com",
    "eu-central-1": "dr-x.cluster-c0ffee.eu-central-1.rds.amazonaws.com",
}
WRITER, REPLICA = HOSTS
ADDRESSES = {WRITER: "127.0.0.1", REPLICA: "127.0.0.2"}
SECONDS = 20.0
LONGEST_RETRY_SECONDS = 5.0
INSERT = "INSERT INTO kept (id) VALUES ({}) ON CONFLICT (id) DO NOTHING"


def sqlstate(error: BaseException) -> str | None:
    """Return the state that the server told, of an error of psycopg's or of SQLAlchemy's around one."""
    found: str | None = getattr(getattr(error, "orig", error), "sqlstate", None)
    return found


def until(what: Callable[[], Any]) -> None:
    last = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < last, f"not within {SECONDS:g} seconds"
        time.sleep(0.01)


def snippets() -> dict[str, str]:
    """Return the Python of the guide by the heading that it stands below."""
    sections = re.split(r"^## (.+)$", (folder("docs") / "client-guide.md").read_text(encoding="utf-8"), flags=re.M)
    found = {
        heading: re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)
        for heading, text in zip(sections[1::2], sections[2::2], strict=True)
    }
    return {heading: "\n".join(blocks) for heading, blocks in found.items() if blocks}


@dataclass
class Alias:
    """The zone with the writer's name in it: a name server on loopback. ``region``: whose endpoint it leads to."""

    region: str = WRITER
    asked: int = 0

    def book(self) -> Book:
        """Return the zone; without the name while it leads nowhere."""
        self.asked += not self.region
        host = HOSTS.get(self.region, "")
        record = {"Name": "writer.db.example.com.", "Type": "CNAME", "TTL": 1, "ResourceRecords": [host]}
        return Book((Zone("111122223333", "db.example.com.", (record,) if host else ()),))

    def find(self, host: str, _: str) -> str | None:
        return next((ADDRESSES[region] for region, name in HOSTS.items() if name == host), None)


@dataclass
class Pair:
    """A writer and its replica, each behind a front door with its RDS name, and the alias that leads to one of them."""

    writer: Server
    replica: Server
    doors: dict[str, FrontDoor]
    alias: Alias = field(default_factory=Alias)

    def rows(self) -> set[int]:
        return {int(row[0]) for row in self.writer.execute("SELECT id FROM kept", database="app")}

    def refuse_writes(self, refused: bool) -> None:
        """Let the writer be read-only, as one that was demoted is, for open sessions too; or heal it."""
        self.writer.execute(f"ALTER SYSTEM SET default_transaction_read_only = {'on' if refused else 'off'}")
        self.writer.reload()

    def backends(self) -> set[int]:
        """Return the server processes of the application's connections to the writer."""
        found = self.writer.execute("SELECT pid FROM pg_stat_activity WHERE usename = 'app'")
        return {int(row[0]) for row in found}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Pair, Path, int]]:
    """The pair, the folder with the authorities' bundle, and the port that both doors have."""
    authority = Authority()
    bundle = tmp_path_factory.mktemp("client") / "global-bundle.pem"
    bundle.write_bytes(authority.pem)
    with Yard() as yard:
        writer = yard.primary(Config("writer")).start()
        make_master(writer, "app", PASSWORD, "app")
        writer.execute("SET ROLE app; CREATE TABLE kept (id int PRIMARY KEY)", database="app")
        replica = yard.replica(Config("replica"), writer).start()
        doors, port = {}, 0
        for region, server in ((WRITER, writer), (REPLICA, replica)):
            host = HOSTS[region]
            door = Door((ADDRESSES[WRITER], server.port), (host,), region, authority.issue((host,)), lambda _: None)
            doors[region] = FrontDoor(door, (ADDRESSES[region], port)).start()
            port = int(doors[region].address[1])
        try:
            yield Pair(writer, replica, doors), bundle.parent, port
        finally:
            for each in doors.values():
                each.stop()


@pytest.fixture
def pair(opened: tuple[Pair, Path, int], monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    """The pair at rest, and the process that the guide's Python runs in: its folder, resolver, port and password."""
    world, bundle, port = opened
    world.alias = Alias()
    view = View("", world.alias.book, world.alias.find)
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [view.address[0]], view.address[1]
    monkeypatch.setattr(dns.resolver, "default_resolver", resolver)
    monkeypatch.chdir(bundle)
    monkeypatch.setenv("PGPORT", str(port))
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    try:
        yield world
    finally:
        view.stop()
        world.refuse_writes(False)
        for door in world.doors.values():
            door.break_(Faults())


Run = Callable[[Callable[[Any], Any]], Any]


@dataclass
class Client:
    """An application with the guide's code. run: the guide's; execute: a statement on the connection it hands out."""

    run: Run
    execute: Callable[[Any, str], Any]
    names: dict[str, Any]

    def write(self, row: int) -> Any:
        return self.run(lambda connection: self.execute(connection, INSERT.format(row)))

    def pid(self, connection: Any) -> int:
        return int(self.execute(connection, "SELECT pg_backend_pid()").fetchone()[0])


@pytest.fixture(params=["psycopg 3", "SQLAlchemy"])
def client(request: pytest.FixtureRequest, pair: Pair) -> Iterator[Client]:
    blocks = snippets()
    names: dict[str, Any] = {"__name__": "client_guide"}
    for heading in dict.fromkeys(("psycopg 3", request.param)):
        exec(compile(blocks[heading], "docs/client-guide.md", "exec"), names)
    try:
        if request.param == "SQLAlchemy":
            from sqlalchemy import text

            names["pool"].close()
            yield Client(names["run_in_engine"], lambda connection, sql: connection.execute(text(sql)), names)
            names["engine"].dispose()
        else:
            yield Client(names["run"], lambda connection, sql: connection.execute(sql), names)
    finally:
        names["pool"].close()


@dataclass
class Attempts:
    """A piece of work that remembers each attempt: the server process, and the SQLSTATE or None if it got through."""

    client: Client
    statement: str
    made: list[tuple[int, str | None]] = field(default_factory=list)

    def __call__(self, connection: Any) -> None:
        pid = self.client.pid(connection)
        try:
            self.client.execute(connection, self.statement)
        except Exception as error:
            self.made.append((pid, sqlstate(error)))
            raise
        self.made.append((pid, None))

    def refused(self) -> list[int]:
        """Return the server processes that answered 25006."""
        return [pid for pid, state in self.made if state == "25006"]


@contextmanager
def meanwhile(client: Client, work: Callable[[Any], Any]) -> Iterator[None]:
    """Run the work in a thread, and wait at the end until it got through."""
    ended: list[object] = []

    def run() -> None:
        try:
            client.run(work)
            ended.append("got through")
        except Exception as error:
            ended.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield
    thread.join(SECONDS)
    assert ended == ["got through"]


def test_a_write_gets_through_after_the_alias_has_moved_from_a_replica_to_the_writer(
    pair: Pair, client: Client
) -> None:
    client.write(1)
    pair.alias.region = REPLICA
    pair.doors[WRITER].cut()
    work = Attempts(client, INSERT.format(2))
    with meanwhile(client, work):
        until(work.refused)
        pair.alias.region = WRITER
    assert work.made[-1][1] is None
    assert {1, 2} <= pair.rows()


def test_a_connection_that_answered_25006_is_not_handed_out_again_and_no_pooled_one_either(
    pair: Pair, client: Client
) -> None:
    both = threading.Barrier(2)
    with meanwhile(client, lambda _: both.wait(SECONDS)):
        client.run(lambda _: both.wait(SECONDS))
    before = pair.backends()
    pair.refuse_writes(True)
    work = Attempts(client, INSERT.format(4))
    with meanwhile(client, work):
        until(lambda: len(work.refused()) >= 2)
        pair.refuse_writes(False)
    assert len(set(work.refused())) == len(work.refused())
    assert [pid in before for pid in work.refused()] == [True] + [False] * (len(work.refused()) - 1)
    assert work.made[-1][0] not in before | set(work.refused())
    until(lambda: not pair.backends() & before)
    assert len(before) >= 2
    assert 4 in pair.rows()


def test_a_killed_backend_is_replaced_whether_it_was_idle_or_at_work(pair: Pair, client: Client) -> None:
    client.write(5)
    before = pair.backends()
    for pid in before:
        pair.writer.execute(f"SELECT pg_terminate_backend({pid})")
    client.write(6)
    until(lambda: not pair.backends() & before)
    killed: list[int] = []

    def work(connection: Any) -> None:
        if not killed:
            killed.append(client.pid(connection))
            with pytest.raises(Exception) as told:
                client.execute(connection, "SELECT pg_terminate_backend(pg_backend_pid())")
            assert sqlstate(told.value) == "57P01"
            raise told.value
        assert client.pid(connection) not in killed
        client.execute(connection, INSERT.format(7))

    client.run(work)
    assert {5, 6, 7} <= pair.rows()


def test_a_name_that_does_not_resolve_is_tried_again(pair: Pair, client: Client) -> None:
    client.write(8)
    pair.alias.region = ""
    pair.doors[WRITER].cut()
    with meanwhile(client, Attempts(client, INSERT.format(9))):
        until(lambda: pair.alias.asked)
        pair.alias.region = WRITER
    assert 9 in pair.rows()


def test_a_database_that_hangs_is_left_after_the_limit(pair: Pair, client: Client) -> None:
    begun: list[float] = []

    def work(connection: Any) -> None:
        driver = connection if hasattr(connection, "pgconn") else connection.connection.driver_connection
        if begun:
            client.execute(connection, INSERT.format(10))
            return
        begun.append(time.monotonic())
        pair.doors[WRITER].break_(Faults(silent=True))
        try:
            with client.names["limited"](driver, 0.5):
                client.execute(connection, "SELECT 1")
        finally:
            pair.doors[WRITER].break_(Faults())

    client.run(work)
    assert time.monotonic() - begun[0] < 5
    assert 10 in pair.rows()


def test_an_error_that_will_not_pass_is_told_at_once(client: Client) -> None:
    begun = time.monotonic()
    with pytest.raises(Exception, match="nowhere"):
        client.run(lambda connection: client.execute(connection, "INSERT INTO nowhere VALUES (1)"))
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("client", ["psycopg 3"], indirect=True)
def test_the_pool_pauses_no_longer_than_a_retry_however_long_the_outage_is(client: Client) -> None:
    attempt, now, pauses = AttemptWithBackoff(timeout=client.names["pool"].reconnect_timeout), 0.0, [0.0]
    while not attempt.time_to_give_up(now):
        attempt.update_delay(now)
        pauses.append(attempt.delay)
        now += attempt.delay
    assert max(pauses) <= LONGEST_RETRY_SECONDS


def test_every_python_block_of_the_guide_is_run_here() -> None:
    assert set(snippets()) == {"psycopg 3", "SQLAlchemy"}
