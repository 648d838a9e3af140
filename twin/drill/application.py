"""The application of a drill, in one region: it writes numbered rows as a user's would, and remembers every answer.

It resolves the writer's name, honours the TTL, connects with the settings of ``docs/client-guide.md``, writes at a
steady rate from several connections, and gives each attempt a limit that does not depend on the server: a database
that hangs answers nothing, not even an error. A row that was refused, or whose outcome is not known, is written again
under its number, so that it stands once however often it was tried.

It runs in a process of its own, which is taken away with its region: ``python -m twin.drill.application``, with an
:class:`Order` as JSON in its only argument. Each attempt is a line of JSON on its standard output
(:class:`twin.drill.record.Write`). It ends when its standard input does.
"""

from __future__ import annotations

import json
import os
import random
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from twin.drill.record import Outcome, Write

TABLE = "drill.rows"
CREATE = f"""
CREATE SCHEMA IF NOT EXISTS drill;
CREATE TABLE IF NOT EXISTS {TABLE} (
    key text PRIMARY KEY, attempt integer NOT NULL, region text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(), lsn pg_lsn NOT NULL DEFAULT pg_current_wal_insert_lsn()
)"""
INSERT = f"""
INSERT INTO {TABLE} (key, attempt, region) VALUES (%s, %s, %s)
ON CONFLICT (key) DO UPDATE SET attempt = excluded.attempt
RETURNING lsn::text"""

WAITS: Mapping[str, Any] = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 5000,
}
"""The client guide's limits of waiting, seconds but the last."""

NEVER_WRITTEN = ("25006", "57P03", "53300", "28", "3D", "42", "08")
"""SQLSTATEs, by their beginnings, after which nothing was written for sure (PostgreSQL documentation, appendix A):
read-only, starting up, no connection left, no sign-in, no database, no table, no connection."""


@dataclass(frozen=True)
class Order:
    """What an application is to do; durations in seconds.

    region: where it runs. name: the writer's. resolver: address and port of the region's DNS server. bundle: the file
    of authorities to believe. pause: between two rows of a connection. limit: of one attempt. life: after which a
    connection is made anew, as a pool does. careless: it has none of the guide's settings: an address is kept for ever,
    a connection too, and nothing is waited for with a limit.
    """

    region: str
    name: str
    resolver: tuple[str, int]
    bundle: str
    user: str
    password: str
    database: str
    connections: int = 2
    pause: float = 0.1
    limit: float = 2.0
    life: float = 60.0
    restarts: int = 0
    port: int = 5432
    careless: bool = False


class Names:
    """Looks the writer's name up, and remembers the answer as long as its TTL says, and no longer."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._lock = threading.Lock()
        self._kept: tuple[float, str, str] | None = None

    def writer(self) -> tuple[str, str]:
        """Return the host that the name stands for, and its address. Raises ``OSError`` when there is none."""
        with self._lock:
            if self._kept is None or (time.monotonic() >= self._kept[0] and not self._order.careless):
                self._kept = self._ask()
            return self._kept[1:]

    def forget(self) -> None:
        """Look it up anew next time: the answer led to a server that takes no writes."""
        with self._lock:
            self._kept = self._kept if self._order.careless else None

    def _ask(self) -> tuple[float, str, str]:
        import dns.exception
        import dns.resolver

        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = [self._order.resolver[0]]
        resolver.port = self._order.resolver[1]
        resolver.lifetime = self._order.limit
        try:
            answer = resolver.resolve(self._order.name, "A")
        except dns.exception.DNSException as error:
            raise OSError(f"{self._order.name} does not resolve: {type(error).__name__}") from error
        host = str(answer.canonical_name).rstrip(".")
        least = min(rrset.ttl for rrset in answer.response.answer)
        return time.monotonic() + least, host, str(answer[0])


class Worker:
    """One connection of the application, kept and made anew as a pool's is."""

    def __init__(self, order: Order, place: int, names: Names, lock: threading.Lock) -> None:
        self._order, self._names, self._lock = order, names, lock
        self.name = f"{order.region}/{place}" + (f"+{order.restarts}" if order.restarts else "")
        self._connection: Any = None
        self._born = 0.0
        self._region = ""

    def run(self, ended: threading.Event) -> None:
        """Write row after row until the application ends."""
        number, attempt = 1, 1
        while not ended.is_set():
            written = self._attempt(number, attempt)
            self._say(written)
            if written.outcome == "acknowledged":
                number, attempt = number + 1, 1
            else:
                attempt += 1
            ended.wait(self._order.pause * random.uniform(0.8, 1.2))

    def _attempt(self, number: int, attempt: int) -> Write:
        began = _now_ms()
        key = f"{self.name}#{number}"
        outcome: Outcome = "refused"
        error, lsn, sent = "", "", False
        try:
            with self._limited():
                connection = self._connected()
                sent = True
                lsn = connection.execute(INSERT, (key, attempt, self._region)).fetchone()[0]
                outcome = "acknowledged"
        except Exception as failure:  # whatever went wrong is what the application was told
            state = getattr(failure, "sqlstate", None) or ""
            error = f"{state} {' '.join(str(failure).split())}".strip() or type(failure).__name__
            outcome = "unknown" if sent and not state.startswith(NEVER_WRITTEN) else "refused"
            if not state or state.startswith(("08", "25006", "57")):
                self._names.forget()
            self._drop()
        return Write(self.name, number, attempt, began, _now_ms(), outcome, self._region, error[:200], lsn)

    def _connected(self) -> Any:
        old = time.monotonic() - self._born > self._order.life and not self._order.careless
        if self._connection is not None and old:
            self._drop()
        if self._connection is None:
            import psycopg

            self._region = ""
            host, address = self._names.writer()
            self._region = _region_of(host)
            self._connection = psycopg.connect(
                host=host,  # the name that the certificate is for, never the zone's (trap 99)
                hostaddr=address,
                port=self._order.port,
                dbname=self._order.database,
                user=self._order.user,
                password=self._order.password,
                sslmode="verify-full",
                sslrootcert=self._order.bundle,
                target_session_attrs="read-write",
                connect_timeout=max(2, round(self._order.limit)),
                **({} if self._order.careless else WAITS),
                application_name="drill",
                autocommit=True,
                prepare_threshold=None,
            )
            self._born = time.monotonic()
        return self._connection

    @contextmanager
    def _limited(self) -> Iterator[None]:
        """Shut the connection when the attempt takes too long: what waits for an answer then gets an end of it."""
        if self._order.careless:
            yield
            return
        timer = threading.Timer(self._order.limit, self._shut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _shut(self) -> None:
        connection = self._connection
        if connection is not None and not connection.closed:
            with socket.socket(fileno=os.dup(connection.fileno())) as copy:
                copy.shutdown(socket.SHUT_RDWR)

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _say(self, written: Write) -> None:
        with self._lock:
            sys.stdout.write(json.dumps(asdict(written)) + "\n")
            sys.stdout.flush()


def main(arguments: list[str]) -> None:
    """Write until standard input ends."""
    told = json.loads(arguments[0])
    order = Order(**{**told, "resolver": tuple(told["resolver"])})
    names, lock, ended = Names(order), threading.Lock(), threading.Event()
    threads = [
        threading.Thread(target=Worker(order, place, names, lock).run, args=(ended,), daemon=True)
        for place in range(1, order.connections + 1)
    ]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    ended.set()
    for thread in threads:
        thread.join(order.limit + 1)


def _region_of(host: str) -> str:
    """Return the region in the host name of an RDS endpoint (Aurora User Guide, "Aurora endpoints")."""
    words = host.split(".")
    return words[-4] if len(words) > 4 else ""


def _now_ms() -> int:
    return int(time.time() * 1000)


if __name__ == "__main__":
    main(sys.argv[1:])
