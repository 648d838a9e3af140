"""The stage of a drill: a local cloud of its own with the environment deployed into it, and its application.

All of it is gone after the block, however it ends: the cloud ends with this process (:mod:`twin.cloud.process`), and
the application with its standard input.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml

from generator.aws import deploy as deploying
from generator.aws.clients import Clouds, Keys
from generator.aws.status.look import clouds_for_looking, look
from generator.aws.status.verdict import judge
from generator.config import Environment, load
from generator.errors import DisasterRecoveryError, Exit
from generator.naming import DATABASE_SECRET
from generator.resources import folder
from twin.cloud.knobs import Knobs
from twin.cloud.launch import Options, Running
from twin.cloud.organization import belonging
from twin.cloud.process import local_cloud
from twin.drill.application import CREATE, Order
from twin.drill.record import Write
from twin.drill.scenario import Scenario

READY_SECONDS = 600.0
"""Within which a new environment has to be well, at speed 1; a sixth of it at least."""

LIFE_SECONDS = 60.0
"""After which the application's pool makes a connection anew (docs/client-guide.md), at speed 1."""

Say = Callable[[str], None]


class DrillError(DisasterRecoveryError):
    """A drill could not be played: the stage was not ready, or a step could not be done."""

    exit = Exit.CLOUD


@dataclass
class Application:
    """The application in one region: its process, and all that it has written."""

    order: Order
    process: subprocess.Popen[str]
    writes: list[Write] = field(default_factory=list)

    @classmethod
    def begin(cls, order: Order) -> Application:
        """Start it."""
        process = subprocess.Popen(
            [sys.executable, "-m", "twin.drill.application", json.dumps(asdict(order))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=Path(__file__).resolve().parents[2],
        )
        begun = cls(order, process)
        threading.Thread(target=begun._listen, daemon=True).start()
        return begun

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.endswith("\n"):
                self.writes.append(Write(**json.loads(line)))

    @property
    def runs(self) -> bool:
        """Return whether it is there."""
        return self.process.poll() is None

    def kill(self) -> None:
        """Take it away, as its region's loss does."""
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """Let it end: attempts that are under way are waited for."""
        if not self.runs:
            return
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(self.order.limit + 3)
        except subprocess.TimeoutExpired:
            self.kill()


@dataclass
class Stage:
    """An environment in a local cloud of its own.

    places: origin, standby … and their regions; ``origin`` is the writer when a scenario begins, so after a swap it is
    another one (:mod:`twin.drill.again`). starts: how often the application was started in each region.
    """

    scenario: Scenario
    environment: Environment
    file: Path
    running: Running
    knobs: Knobs
    clouds: Clouds
    speed: float
    places: Mapping[str, str]
    applications: dict[str, Application] = field(default_factory=dict)
    ended: list[Application] = field(default_factory=list)
    starts: Counter[str] = field(default_factory=Counter)

    def patience(self, configured: float) -> float:
        """Return how long something may take that does not only depend on intervals: a fifth of it, at least."""
        return max(configured / self.speed, configured / 5)

    def region(self, place: str) -> str:
        """Return the region of a place; of ``active`` the one whose PostgreSQL takes writes. Raises DrillError."""
        if place == "active":
            writers = [region for region, each in self.databases().items() if each["role"] == "writer"]
            if not writers:
                raise DrillError("no region is active", hint="the scenario asks for it too early")
            return writers[0]
        if place not in self.places:
            raise DrillError(f"the environment {self.environment.suffix} has no {place}", hint="look at its regions")
        return self.places[place]

    @property
    def writer_name(self) -> str:
        """Return the name that applications use."""
        return f"writer.{self.environment.dns.domain}"

    def databases(self) -> dict[str, Any]:
        """Return what PostgreSQL says of itself in each region."""
        return dict(self.knobs.ask("GET", "databases"))

    def watch(self) -> dict[str, Any]:
        """Return checks, alarms and DNS answers as they are now."""
        return dict(self.knobs.ask("GET", "watch"))

    def ask_database(self, region: str, sql: str) -> list[Any]:
        """Return the rows of a statement in a region's database, as its superuser."""
        said = {"region": region, "database": self.environment.database.name, "sql": sql}
        return list(self.knobs.ask("POST", "databases/query", said))

    def cut(self, region: str) -> None:
        """Silence the ways between a region's database and all other regions; inside the region everything goes on."""
        for other in self.places.values():
            if other != region:
                self._way(other, region, "silent")
                self._way(region, other, "silent")

    def reconnect(self, region: str) -> None:
        """Open every way to and from a region's database again, and every line that storage is replicated on."""
        for other in self.places.values():
            self._way(other, region, "open")
            self._way(region, other, "open")
        self.knobs.ask("PUT", "replication", {"from": region, "to": "*", "how": "streaming"})

    def _way(self, origin: str, to: str, how: str) -> None:
        self.knobs.ask("PUT", "paths", {"from": origin, "to": to, "how": how})

    def start_application(self, region: str) -> None:
        """Start the application in a region, or start it again after its loss."""
        before = self.applications.pop(region, None)
        if before is not None:
            self.ended.append(before)
        resolver = self.knobs.ask("GET", "dns")["regions"][region]
        secret = self._secret(region)
        order = Order(
            region=region,
            name=self.writer_name,
            resolver=(resolver[0], int(resolver[1])),
            bundle=str(self.running.folder / "authority.pem"),
            user=secret["username"],
            password=secret["password"],
            database=self.environment.database.name,
            connections=self.scenario.load.connections,
            pause=1 / self.scenario.load.per_second,
            life=max(LIFE_SECONDS / self.speed, 5.0),
            careless=self.scenario.load.careless,
            restarts=self.starts[region],
        )
        self.starts[region] += 1
        self.applications[region] = Application.begin(order)

    def _secret(self, region: str) -> dict[str, str]:
        name = DATABASE_SECRET.of(suffix=self.environment.suffix)
        account = self.environment.accounts.workload
        answer = self.clouds.client("secretsmanager", region, account).get_secret_value(SecretId=name)
        found: dict[str, str] = json.loads(answer["SecretString"])
        return found

    def writes(self) -> list[Write]:
        """Return everything that any application has written so far."""
        return [each for one in (*self.ended, *self.applications.values()) for each in list(one.writes)]

    def end_applications(self) -> None:
        """Let all of them end."""
        for each in self.applications.values():
            each.end()


def places(environment: Environment) -> dict[str, str]:
    """Return the region of each place: origin, standby, standby-2 …, witness."""
    found: dict[str, str] = {}
    standbys = 0
    for each in environment.all_regions:
        if each.role == "standby":
            standbys += 1
            found["standby" if standbys == 1 else f"standby-{standbys}"] = each.name
        else:
            found.setdefault(str(each.role), each.name)
    return found


def environment_file(scenario: Scenario, place: Path) -> Path:
    """Write the scenario's environment, with what it sets otherwise, into the folder; return the file's path."""
    with folder("stacksets").joinpath(f"{scenario.environment}.yaml").open(encoding="utf-8") as opened:
        said = yaml.safe_load(opened)
    written = place / f"{scenario.environment}.yaml"
    written.write_text(yaml.safe_dump(_merged(said, scenario.settings), sort_keys=False), encoding="utf-8")
    return written


@contextmanager
def stage(scenario: Scenario, *, speed: float, say: Say, policies: bool = True) -> Iterator[Stage]:
    """Give a stage that is ready: deployed, well, and with the application writing. Raises :class:`DrillError`."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="dr-drill-") as kept:
        environment = load(environment_file(scenario, Path(kept)))
    options = Options(
        account=environment.accounts.workload,
        region=environment.dns_region,
        speed=speed,
        policies=policies,
        organization=belonging(environment),
    )
    say("starting a local cloud")
    with local_cloud(options) as running:
        file = environment_file(scenario, running.folder)  # gone with the cloud, however this process ends
        clouds = Clouds(environment, local=Keys(running.url))
        built = Stage(scenario, environment, file, running, Knobs(running.url), clouds, speed, places(environment))
        say(f"deploying {environment.suffix} to {', '.join(each.name for each in environment.all_regions)}")
        deploying.deploy(environment, clouds, lambda _: None, deploying.Options())
        built.knobs.ask("PUT", "people", {"confirm": True})
        await_well(built, say)
        _create_table(built)
        for each in environment.data_regions:
            built.start_application(each.name)
        try:
            yield built
        finally:
            for one in built.applications.values():
                one.kill()


def await_well(built: Stage, say: Say, after: str = "its deployment") -> None:
    """Wait until ``status`` has nothing to find. Raises :class:`DrillError` with what it finds."""
    say("waiting until every region is well")
    looking = clouds_for_looking(built.clouds)
    last = time.monotonic() + max(READY_SECONDS / built.speed, READY_SECONDS / 6)
    said = ""
    while True:
        findings = judge(built.environment, look(looking, built.environment)).findings
        if not findings:
            return
        now = "; ".join(f"{each.where}: {each.what}" for each in findings[:2])
        if now != said:
            say(f"  not yet: {now}")
            said = now
        if time.monotonic() > last:
            found = "; ".join(f"{each.where}: {each.what}" for each in findings)
            raise DrillError(f"the environment is not well after {after}: {found}", hint="look at its status")
        time.sleep(0.5)


def _create_table(built: Stage) -> None:
    region = built.region("active")
    owner = built._secret(region)["username"]
    built.ask_database(region, f"SET ROLE {owner}; {CREATE}")


def _merged(said: Any, other: Mapping[str, Any]) -> Any:
    """Return a mapping with another laid over it; what that one sets to null is left out."""
    merged = dict(said)
    for name, value in other.items():
        merged[name] = _merged(merged.get(name, {}), value) if isinstance(value, Mapping) else value
    return {name: value for name, value in merged.items() if value is not None}
