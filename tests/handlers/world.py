"""Regions as a function sees them: names that resolve or do not, databases behind front doors, services."""

from __future__ import annotations

import itertools
import json
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import bootstrap_database
import postgres
import prove_writer
from cloud import Cloud
from rounds import Clock
from signing import connect_token

from recovery import signals
from twin.authority import Authority
from twin.front_door import Door, FrontDoor
from twin.postgres import Config, Server, Yard
from twin.rds import make_master
from twin.tokens import Credentials

PORT = 5432
DATABASE = "app"
MASTER = "master"
PASSWORD = "pa'ss wörd"
SECRET = "dr-x-database"
IRELAND = "eu-west-1"
FRANKFURT = "eu-central-1"
STOCKHOLM = "eu-north-1"
NAMES = itertools.count()


def reader_host(region: str) -> str:
    """Return the reader endpoint of the cluster in ``region``."""
    return f"dr-x-{region}.cluster-ro-c0ffee123456.{region}.rds.amazonaws.com"


def writer_host(region: str) -> str:
    """Return the writer endpoint of the cluster in ``region``."""
    return signals.writer_host(reader_host(region))


@dataclass
class Region:
    """A region with a database: its server and the front door before it."""

    name: str
    server: Server
    door: FrontDoor
    log: list[str]
    now: list[float] = field(default_factory=list)


class World:
    """Regions, made one after the other; gone at the end."""

    def __init__(self, yard: Yard, cloud: Cloud, folder: Path, prepared: Server | None = None) -> None:
        self.cloud = cloud
        self.credentials = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG", "session/token+=")
        self.signer = self.credentials
        self.authority = Authority()
        self.regions: dict[str, Region] = {}
        self.directory: dict[str, tuple[str, int]] = {}
        self.unanswered: set[str] = set()
        self.lines: list[dict[str, Any]] = []
        self._yard = yard
        self._prepared = prepared
        self._bundle = folder / "bundle.pem"
        self._bundle.write_bytes(self.authority.pem)
        self._end = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for region in self.regions.values():
            region.door.stop()
            if self._prepared is None:  # others start from what it holds
                region.server.kill()
            else:
                region.server.remove()

    @property
    def network(self) -> postgres.Network:
        """Return the network as it is now."""
        return postgres.Network(self._resolve, postgres.connect, self._bundle)

    def active(self, name: str, **settings: str) -> Region:
        """Add a region whose database is a prepared writer."""
        config = Config(f"{name}-{next(NAMES)}", settings=settings)
        server = self._yard.primary(config, self._prepared).start()
        if self._prepared is None:
            make_master(server, MASTER, PASSWORD, DATABASE)
        region = self._region(name, server)
        self.directory[writer_host(name)] = region.door.address
        self.cloud("secretsmanager", name).create_secret(
            Name=SECRET, SecretString=json.dumps({"username": MASTER, "password": PASSWORD})
        )
        if self._prepared is None:
            bootstrap_database.prepare(self.bootstrap(name), dry_run=False)
        return region

    def standby(self, name: str, of: Region) -> Region:
        """Add a region whose database streams from ``of``; its writer endpoint does not exist (trap 70)."""
        config = Config(f"{name}-{next(NAMES)}")
        server = self._yard.replica(config, of.server).start()
        region = self._region(name, server)
        self.caught_up(of, region)
        return region

    def caught_up(self, source: Region, replica: Region) -> None:
        """Wait until ``replica`` has replayed all that ``source`` has written."""
        ((target,),) = source.server.execute("SELECT pg_current_wal_lsn()::text")
        sql = "SELECT pg_last_wal_replay_lsn() >= CAST(:target AS pg_lsn)"
        replica.server.wait("caught up", lambda: replica.server.execute(sql, target=target) == [[True]])

    def promote(self, region: Region) -> None:
        """Promote a standby; its writer endpoint comes to exist."""
        region.server.promote()
        self.directory[writer_host(region.name)] = region.door.address

    def bootstrap(self, name: str) -> bootstrap_database.Bootstrap:
        """Return the bootstrap function of a region."""
        told = bootstrap_database.Settings(
            region=name,
            suffix="x",
            table=f"dr-x-{name}-state",
            data_regions=(IRELAND, FRANKFURT),
            witness_regions=(),
            reader_host=reader_host(name),
            port=PORT,
            database=DATABASE,
            secret=SECRET,
        )
        return bootstrap_database.Bootstrap(told, self.cloud, self.network)

    def probe(
        self,
        name: str,
        partners: Sequence[str] = (),
        *,
        witness: bool = False,
        step: int = 1,
        interval: int = 4,
        clock: Clock | None = None,
    ) -> prove_writer.Probe:
        """Return the probe of a region, and make the region's state table."""
        self.cloud.make_table(f"dr-x-{name}-state", name)
        told = prove_writer.Settings(
            region=name,
            suffix="x",
            table=f"dr-x-{name}-state",
            data_regions=(IRELAND, FRANKFURT),
            witness_regions=(STOCKHOLM,),
            reader_host=None if witness else reader_host(name),
            port=PORT,
            database=DATABASE,
            partner_reader_hosts={partner: reader_host(partner) for partner in partners},
            interval_seconds=interval,
            window_seconds=60,
            step_seconds=step,
        )
        return prove_writer.Probe(told, self.cloud, self.network, self._sign, clock or Clock(), self._say)

    def once(self, probe: prove_writer.Probe) -> dict[str, Any]:
        """Run one round, published, and return its line."""
        return prove_writer.do_round(probe, publishing=True)

    def _sign(self, region: str, host: str) -> str:
        return connect_token(self.signer, region, host, PORT, signals.PROBE_USER)

    def _say(self, line: str) -> None:
        self.lines.append(json.loads(line))

    def _region(self, name: str, server: Server) -> Region:
        log: list[str] = []
        now: list[float] = []
        names = (reader_host(name), writer_host(name))
        door = FrontDoor(
            Door(
                server=("127.0.0.1", server.port),
                names=names,
                region=name,
                certificate=self.authority.issue(names),
                known={self.credentials.access_key: self.credentials}.get,
                port=PORT,
                now=lambda: now[-1] if now else time.time(),
                log=log.append,
            )
        ).start()
        region = Region(name, server, door, log, now)
        self.regions[name] = region
        self.directory[reader_host(name)] = door.address
        return region

    def _resolve(self, host: str, _port: int) -> Sequence[postgres.Address]:
        if host in self.unanswered:
            self._end.wait(30)
        if host not in self.directory:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, self.directory[host])]
