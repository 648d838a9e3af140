"""A global database of real servers without an emulator: its records are a dictionary."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Self

from twin.authority import Authority
from twin.cloud.databases.doors import SignIn
from twin.cloud.databases.fleet import Fleet
from twin.cloud.databases.names import Names
from twin.cloud.databases.records import Cluster
from twin.cloud.databases.standing import Standing
from twin.cloud.databases.swaps import Records, Swap
from twin.postgres import Yard

IRELAND, FRANKFURT, MILAN, STOCKHOLM = "eu-west-1", "eu-central-1", "eu-south-1", "eu-north-1"
ACCOUNT = "111122223333"
PASSWORD = "it's a secret"
DEADLINE = 30.0


def cluster(region: str, *, writer: bool, **more: Any) -> Cluster:
    """Return the record of a region's cluster."""
    host = f"dr-example-{region}.cluster-ro-abc.{region}.rds.amazonaws.com"
    made = Cluster(
        account=ACCOUNT,
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
        password=PASSWORD,
    )
    return replace(made, **more)


def until(what: Callable[[], Any], deadline: float = DEADLINE) -> Any:
    """Return what ``what`` returns once that is true; fail at the deadline."""
    last = time.monotonic() + deadline
    while not (found := what()):
        assert time.monotonic() < last, f"not within {deadline:g} seconds"
        time.sleep(0.01)
    return found


class GlobalDatabase:
    """Regions with a cluster each, the first of them the writer's. ``synchronised``: what was told of each."""

    def __init__(self, yard: Yard, folder: Path, *regions: str) -> None:
        self.clusters = {region: cluster(region, writer=region == regions[0]) for region in regions}
        self.names = Names(folder, Authority().pem)
        self.authority = Authority()
        self.synchronised: dict[str, str] = {}
        self.states: list[str] = []
        self.fleet = Fleet(yard, self.authority, self.names, SignIn(lambda _: None), self._tell)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def __enter__(self) -> Self:
        self.fit()
        self.writer.server.execute("SET ROLE master; CREATE TABLE kept (id int PRIMARY KEY)", database="app")
        self._thread.start()
        for each in self.fleet.standing():
            if not each.leads:
                until(partial(self._follows, each))
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        for each in self.fleet.standing():
            each.remove()
        self.fleet.close()

    @property
    def writer(self) -> Standing:
        """Return the database of the writer, as the records say."""
        return next(each for each in self.fleet.standing() if each.cluster.writer)

    def __getitem__(self, region: str) -> Standing:
        return next(each for each in self.fleet.standing() if each.region == region)

    def fit(self) -> None:
        """Look once."""
        self.fleet.fit(lambda: tuple(self.clusters.values()), self.clusters)

    def roles(self) -> dict[str, str]:
        """Return for each region what its database is, as PostgreSQL says."""
        return {each.region: each.look().role for each in self.fleet.standing()}

    def swap(self, target: str, *, lossy: bool = False) -> threading.Thread:
        """Begin a switchover, or a failover."""
        records = Records(self.states.append, self._made, lambda _standing, _status: None)
        return Swap(self.fleet, self.writer, self[target], lossy, records).begin()

    def settled(self, writer: str) -> bool:
        """Tell whether that region writes and all others stream from it."""
        looks = {each.region: each.look() for each in self.fleet.standing()}
        return (
            all(
                look.role == "writer" if region == writer else look.role == "replica" and look.streaming
                for region, look in looks.items()
            )
            and len({look.timeline for look in looks.values()}) == 1
            and not any(each.strayed for each in self.fleet.standing())
        )

    def rows(self, region: str) -> set[int]:
        """Return the rows that a region's database has."""
        return {row for (row,) in self[region].server.execute("SELECT id FROM kept", database="app")}

    def has(self, region: str, *rows: int) -> bool:
        """Tell whether a region's database answers, and has these rows and no others."""
        try:
            return self.rows(region) == set(rows)
        except Exception:  # it is being rebuilt
            return False

    def write(self, region: str, row: int) -> None:
        """Write a row there."""
        self[region].server.execute("INSERT INTO kept VALUES (:row)", database="app", row=row)

    def _follows(self, standing: Standing) -> bool:
        return standing.look().streaming and standing.server.execute(
            "SELECT to_regclass('kept') IS NOT NULL", database="app"
        ) == [[True]]

    def _made(self, standing: Standing) -> None:
        for region, each in self.clusters.items():
            self.clusters[region] = replace(each, writer=region == standing.region)

    def _tell(self, told: Cluster, status: str) -> None:
        self.synchronised[told.region] = status

    def _keep(self) -> None:
        while not self._ended.wait(0.1):
            with suppress(Exception):  # as the cloud's own keeper does: the next look is another try
                self.fit()


@dataclass
class Load:
    """Somebody who writes numbered rows to the writer, from ``first`` on, and remembers what was acknowledged."""

    database: GlobalDatabase
    first: int = 0
    acknowledged: set[int] = field(default_factory=set)
    _ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._write, args=(number,), daemon=True) for number in range(2)]
        for thread in self._threads:
            thread.start()
        until(lambda: self.acknowledged)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def goes_on(self) -> None:
        """Return when another row has been acknowledged."""
        written = len(self.acknowledged)
        until(lambda: len(self.acknowledged) > written)

    def _write(self, thread: int) -> None:
        row, session = self.first + thread * 1_000_000, None
        while not self._ended.is_set():
            row += 1
            try:
                if session is None:
                    session = self._sign_in()
                session.run("INSERT INTO kept VALUES (:row)", row=row)
                self.acknowledged.add(row)
            except Exception:  # refused, read-only or cut off: it signs in again, as an application does
                session = None
                time.sleep(0.02)

    def _sign_in(self) -> Any:
        from pg8000.native import Connection

        server = self.database.writer.server
        return Connection(
            "master",
            host="127.0.0.1",
            port=server.port,
            database="app",
            password=PASSWORD,
            timeout=3,
            ssl_context=False,
        )
