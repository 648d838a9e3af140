"""One PostgreSQL server's processes: started, asked, promoted, fenced, killed, suspended."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Self

from twin import remains
from twin.installation import FENCED, HBA, LOOPBACK, SETTINGS, SUPERUSER, Config, PostgresError

if TYPE_CHECKING:
    from twin.postgres import Yard

State = Literal["running", "suspended", "ended"]

PORT_GUESSES = 5
PORT_TAKEN = "could not create any TCP/IP sockets"
ASKED_SECONDS = 20.0
RULES = "pg_hba.conf"


class Server:
    """One PostgreSQL server. Made by a :class:`~twin.postgres.Yard`; its port stays the same over restarts.

    stream: settings that name the server to stream from (:mod:`twin.replication`); without effect on a primary.
    """

    def __init__(self, yard: Yard, config: Config) -> None:
        self.config = config
        self.name = config.name
        self.port = _free_port()
        self.yard = yard
        self.data = yard.folder / f"{config.name}-data"
        self.stream: dict[str, str] = {}
        self._log = yard.folder / f"{config.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._born = False

    @property
    def running(self) -> bool:
        """Return whether the process is there, even if it is suspended."""
        process = self._process
        return process is not None and process.poll() is None

    @property
    def state(self) -> State:
        """Return what the operating system says of the process."""
        import psutil

        process = self._process
        if process is None or process.poll() is not None:
            return "ended"
        with contextlib.suppress(psutil.NoSuchProcess):
            return "suspended" if psutil.Process(process.pid).status() == psutil.STATUS_STOPPED else "running"
        return "ended"

    def start(self) -> Self:
        """Start and wait until it answers queries. Raises :class:`PostgresError`.

        Until the first start has succeeded the port is only a guess: somebody else may have taken it.
        """
        for _ in range(0 if self._born else PORT_GUESSES):
            try:
                return self._start()
            except PostgresError as error:
                if PORT_TAKEN not in str(error):
                    raise
                self.port = _free_port()
        return self._start()

    def _start(self) -> Self:
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        command = [str(self.yard.binary(self.config.version, "postgres")), "-D", str(self.data)]
        named = {"port": str(self.port), "unix_socket_directories": str(self.yard.folder)}
        for key, value in {**SETTINGS, **self.config.settings, **named, **self.stream}.items():
            command += ["-c", f"{key}={value}"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True, **self.yard.dropped()
            )
        self.wait("answers queries", lambda: self._status() in ("ready", "standby"))
        self._born = True
        return self

    def session(self, *, database: str = "postgres", user: str = SUPERUSER, seconds: float = ASKED_SECONDS) -> Any:
        """Return a session over the unix socket, which trusts everybody; each answer may take ``seconds``.

        Raises pg8000's ``DatabaseError`` and ``InterfaceError``.
        """
        from pg8000.native import Connection

        path = str(self.yard.folder / f".s.PGSQL.{self.port}")
        return Connection(user, unix_sock=path, database=database, timeout=seconds, ssl_context=False)

    def execute(
        self, sql: str, *, database: str = "postgres", seconds: float = ASKED_SECONDS, **values: Any
    ) -> list[list[Any]]:
        """Return the rows of one statement, run as the superuser over the unix socket.

        Raises pg8000's ``DatabaseError`` and ``InterfaceError``, and ``TimeoutError`` when no answer comes in time.
        """
        connection = self.session(database=database, seconds=seconds)
        try:
            return list(connection.run(sql, **values) or [])
        finally:
            with contextlib.suppress(Exception):  # it may be cut already; what matters was said above
                connection.close()

    def promote(self) -> None:
        """Promote the replica and return when it takes writes. Raises :class:`PostgresError`."""
        self.execute("SELECT pg_promote(false)")
        self.wait("was promoted", lambda: self.execute("SELECT pg_is_in_recovery()") == [[False]])

    def admit(self) -> None:
        """Let everybody sign in again who may; a server that runs reads it at :meth:`reload`."""
        (self.data / RULES).write_text(HBA.format(trusted=",".join(self.config.trusted)))

    def fence(self, seconds: float = ASKED_SECONDS) -> None:
        """End all sessions and refuse new ones, but for replication. Raises :class:`PostgresError`, and pg8000's.

        Who signed in while the rules changed is ended too: sessions are looked for until there is none.
        """
        (self.data / RULES).write_text(FENCED)
        deadline = time.monotonic() + seconds
        self.reload(seconds)
        others = "backend_type = 'client backend' AND pid <> pg_backend_pid()"
        while self.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}", seconds=seconds):
            if time.monotonic() > deadline:
                raise PostgresError(f"{self.name} has sessions that do not end")
            time.sleep(0.01)

    def read_again(self) -> None:
        """Have it read its files again, at once or when it goes on; nothing is waited for."""
        if self.running:
            _signal(self._pid(), signal.SIGHUP)

    def reload(self, seconds: float = ASKED_SECONDS) -> None:
        """Have it read its files again, and return when it has."""
        ((before,),) = self.execute("SELECT pg_conf_load_time() FROM pg_reload_conf()", seconds=seconds)
        again = "SELECT pg_conf_load_time() > :before"
        self.wait("reloaded", lambda: self.execute(again, seconds=seconds, before=before) == [[True]], seconds)

    def stop(self) -> None:
        """Shut down cleanly: sessions are ended, what was committed is sent to replicas."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Kill all of its processes, as a machine does that loses its power."""
        process = self._process
        if process is None:
            return
        memory = remains.shared_memory(remains.pid_file(self.data))
        for one in [process.pid, *self._children()]:
            _signal(one, signal.SIGKILL)
        process.wait()
        self._process = None
        remains.free(memory)

    def remove(self) -> None:
        """Kill it and delete all that it had."""
        self.kill()
        shutil.rmtree(self.data, ignore_errors=True)
        self._log.unlink(missing_ok=True)

    def suspend(self) -> None:
        """Stop all of its processes in their tracks: connections are accepted and never answered."""
        for process in [self._pid(), *self._children()]:
            _signal(process, signal.SIGSTOP)

    def resume(self) -> None:
        """Let suspended processes go on."""
        for process in [*self._children(), self._pid()]:
            _signal(process, signal.SIGCONT)

    def wait(self, what: str, holds: Callable[[], bool], seconds: float | None = None) -> None:
        """Wait until ``holds()``. Raises :class:`PostgresError` when it does not in time, or ends."""
        deadline = time.monotonic() + (seconds or self.yard.start_seconds)
        while not holds():
            if not self.running or time.monotonic() > deadline:
                raise PostgresError(f"{self.name} ended, or never {what}: {self._logged()}")
            time.sleep(0.01)

    def _end(self, how: signal.Signals) -> None:
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            self.resume()
            _signal(process.pid, how)
        try:
            process.wait(self.yard.start_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def _pid(self) -> int:
        if self._process is None:
            raise PostgresError(f"{self.name} does not run")
        return self._process.pid

    def _children(self) -> list[int]:
        import psutil

        with contextlib.suppress(psutil.NoSuchProcess):
            return [child.pid for child in psutil.Process(self._pid()).children(recursive=True)]
        return []

    def _status(self) -> str:
        lines = remains.pid_file(self.data)
        return lines[7].strip() if len(lines) > 7 else ""

    def _logged(self) -> str:
        return self._log.read_text(errors="replace")[-2000:] if self._log.exists() else "nothing logged"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _signal(process: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, number)
