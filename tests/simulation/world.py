"""All of it together: one environment, its people, its application, and the record of what happened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from random import Random

from clients import DECIDING
from facts import gather
from recovery_world import GLOBAL

from recovery.state import Snapshot

from .calls import Calls
from .client import Worker
from .clockwork import Clockwork
from .cloud import Cloud
from .databases import REPLICA, WRITER, Server
from .functions import Functions
from .machine import Execution, Machine
from .mutants import SOUND, Mutant
from .network import API, PEERING, REPLICATION, Network
from .people import People
from .service import Habits, Service
from .shape import Shape
from .story import Line, Story
from .watch import Watch

WRITES_EVERY = 4.0


@dataclass(frozen=True)
class Sample:
    """The truth at one moment.

    home: who answers when nobody is healthy. writable: regions whose database takes writes. writer: as the service has
    it. blind: regions whose proof a fault hides from Route 53. skewed: a clock that is off makes an old proof look new.
    seen_by: voters that a look would show the writer.
    """

    at_ms: int
    answers: tuple[str, ...]
    home: str
    writable: tuple[str, ...]
    writer: str
    blind: frozenset[str]
    skewed: bool
    seen_by: frozenset[str]


@dataclass(frozen=True)
class Move:
    """A change of what DNS answers. home_proved: home had proved to be the writer when it was made home."""

    at_ms: int
    before: tuple[str, ...]
    now: tuple[str, ...]
    healthy: tuple[str, ...]
    proved: dict[str, int]
    became: dict[str, int]
    home_proved: bool


@dataclass
class Window:
    """A fault: its name, which regions it touches (empty: all), from when to when."""

    name: str
    regions: tuple[str, ...]
    began_ms: int
    ended_ms: int | None = None
    blinds: bool = False
    skew_seconds: float = 0


class World:
    """One environment on a virtual clock. down: services of which the control plane is dark everywhere."""

    def __init__(self, shape: Shape, seed: int = 0, mutant: Mutant = SOUND, habits: Habits | None = None) -> None:
        self.shape, self.mutant = shape, mutant
        self.strict = shape.strict
        self.data_regions, self.witnesses = shape.data_regions, shape.witnesses
        self.clock, self.network, self.story = Clockwork(), Network(), Story()
        self.record = Record()
        self.broken: list[str] = []
        self.proved: dict[str, int] = {}
        self.became: dict[str, int] = {self.data_regions[0]: 0}
        self.skew: dict[str, int] = {}
        self.down: dict[str, int] = {}
        self.kills: list[tuple[str, str]] = []
        origin = self.data_regions[0]
        self.servers = {region: Server(region, REPLICA, upstream=origin) for region in self.data_regions}
        self.servers[origin] = Server(origin, WRITER)
        self.service = Service(self, origin, habits or Habits())
        self.cloud, self.calls, self.functions = Cloud(self), Calls(self), Functions(self)
        self.machines = {region: Machine(self, region) for region in self.data_regions}
        self.watch = Watch(self, origin)
        self.people = People(self, Random(seed + 1))
        self.people.homed[origin] = True
        self.workers = [Worker(self, region) for region in self.data_regions]
        self._start()

    def _start(self) -> None:
        """Have everything that goes on by itself go on."""
        clock, interval = self.clock, self.shape.interval
        for at, region in enumerate((*self.data_regions, *self.witnesses)):
            clock.every(interval, partial(self.watch.round, region), 0.5 + at / 7)
            clock.every(interval, partial(self.watch.carry, region), 1.5 + at / 7)
        for at, region in enumerate(self.data_regions):
            clock.every(60, partial(self.functions.look, region), 20 + at * 7)
        for at, worker in enumerate(self.workers):
            clock.every(WRITES_EVERY, worker.write, 5 + at / 3)
        clock.every(10, self.watch.evaluate, 9)
        clock.every(10, self.sample, 9.9)
        clock.every(5, self.replicate, 2)

    def say(self, source: str, region: str, what: str, cause: str = "") -> None:
        """Add a line to the story."""
        self.story.say(Line(self.clock.now, source, region, what, cause))

    def time_in(self, region: str) -> int:
        """Return what the clocks in a region show."""
        return self.clock.now + self.skew.get(region, 0)

    def replicate(self) -> None:
        """Let arrive what has had the time to."""
        for server in self.servers.values():
            if server.upstream and self.network.connects(REPLICATION, server.upstream, server.region):
                server.replay(self.servers[server.upstream], self.clock.now)

    def cut_off(self, region: str) -> bool:
        """Return whether no other region reaches this one's services."""
        return all(not self.network.carries(API, other, region) for other in self.data_regions if other != region)

    @property
    def odd_service(self) -> bool:
        """Return whether the service takes calls and does nothing, or gives promotions up, in this run."""
        return self.service.odd

    def executions(self) -> Iterator[Execution]:
        """Yield all executions of all regions."""
        for machine in self.machines.values():
            yield from list(machine.executions.values())

    def facts(self, region: str) -> Snapshot:
        """Return what a decision in ``region`` would start from now."""
        told = self.functions.notice(region).settings
        return gather(told, self.calls.client(region, DECIDING, False), GLOBAL)

    def waiting(self, token: str) -> Execution | None:
        """Return the execution that waits for an answer with this token."""
        return next((each for each in self.executions() if token and each.token == token), None)

    def moved(self, before: tuple[str, ...], now: tuple[str, ...]) -> None:
        """Note that DNS answers something else."""
        watch = self.watch
        proved = self.people.homed.get(watch.home, False)
        self.record.moves.append(
            Move(self.clock.now, before, now, watch.healthy, dict(self.proved), self._became(), proved)
        )
        self.say("dns", "", f"answers {' or '.join(now)}", f"healthy: {', '.join(watch.healthy) or 'nobody'}")

    def _became(self) -> dict[str, int]:
        """Return when each region last became the writer."""
        return self.became | {each.target: each.at_ms for each in self.service.promotions}

    def writable(self, region: str) -> bool:
        """Return whether an application could write in a region."""
        server = self.servers[region]
        barred = region in self.network.lost or region in self.network.fenced
        return server.writable and not barred and not server.full and not server.slow

    def sees_writer(self, voter: str) -> bool:
        """Return whether a voter's look at the writer would show that it takes writes."""
        writer = self.service.writer
        return self.writable(writer) and self.network.connects(PEERING, voter, writer)

    def sample(self) -> None:
        """Keep how things stand."""
        self.became = self._became()
        recent = [
            window
            for window in self.record.windows
            if window.blinds and (window.ended_ms is None or window.ended_ms > self.clock.now - 240_000)
        ]
        self.record.samples.append(
            Sample(
                self.clock.now,
                self.watch.answers,
                self.watch.home,
                tuple(region for region in self.data_regions if self.writable(region)),
                self.service.writer,
                frozenset(region for window in recent for region in window.regions or self.data_regions),
                any(window.name == "clock" for window in recent),
                frozenset(filter(self.sees_writer, (*self.data_regions, *self.witnesses))),
            )
        )


@dataclass
class Record:
    """What is judged. fences: (when, whom, outcome) as the fence function answered."""

    samples: list[Sample] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    fences: list[tuple[int, str, str]] = field(default_factory=list)
    settled_ms: int = 0
    exercise: list[str] = field(default_factory=list)
