"""The probes and votes of every region, the metrics they leave, and what Route 53 makes of them.

What a look means (:mod:`proof`), which metrics and views it leaves (:mod:`prove_writer`), and who is told of it
(:mod:`vote`) is the functions' own code; only the look itself is the model's. Route 53's rules are those of
:mod:`generator.routing` on the built templates.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import metrics
import proof
import prove_writer
import vote
from clients import PUBLISHING
from state import StateTable

from generator import situations
from generator.routing import Metric, Observed, Routing, answers, statuses
from recovery import signals

from . import names
from .databases import REPLICA, WRITER, Row
from .network import PEERING

if TYPE_CHECKING:
    from .world import World

STEP_SECONDS = 3
THRESHOLD = 3
"""Answers in a row that turn an endpoint's check (the built health check's own, held by a test)."""


@dataclass
class Watch:
    """Looks, metrics and checks. silent: regions whose probe does not run. home: who answers when nobody is healthy.

    late: seconds that a region's metrics are on their way. answers: what DNS may answer now.
    """

    world: World
    home: str
    silent: dict[str, int] = field(default_factory=dict)
    late: dict[str, float] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    markers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    answers: tuple[str, ...] = ()
    healthy: tuple[str, ...] = ()
    _points: dict[tuple[str, str, str], dict[int, tuple[float, float]]] = field(default_factory=dict)
    _last: dict[str, bool] = field(default_factory=dict)
    _run: dict[str, int] = field(default_factory=dict)
    _endpoint: dict[str, bool] = field(default_factory=dict)
    _known: dict[Any, tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)

    # Looks

    def round(self, region: str) -> None:
        """Do one round of the probe of ``region``."""
        world = self.world
        if region in world.network.lost or region in self.silent:
            return
        told, at_ms = self._told(region), world.time_in(region)
        table = StateTable(world.calls.client(region, PUBLISHING, False)("dynamodb", region), told.table)
        found: tuple[str, ...] | None = None
        if told.reader_host is not None:
            found = self._tried(table.superseded)
            if found is not None:
                self.markers[region] = found
        own: prove_writer.Verdict | None = (
            None if told.reader_host is None else (world.mutant.proof(self._prove(region)), {})
        )
        partners: dict[str, prove_writer.Verdict] = {
            other: (self._look_over(region, other), {}) for other in told.partner_reader_hosts
        }
        if own is not None:
            mine = prove_writer.view(told, region, own[0], at_ms, self.markers.get(region, ()))
            self._tried(partial(table.put_view, mine))
        for other, (seen, _) in partners.items():
            if self._tried(partial(self._put, table, prove_writer.view(told, other, seen, at_ms))) is None:
                break
        told_of = world.mutant.markers(found)
        measured = prove_writer.measured(told, prove_writer.Seen(at_ms, own, partners, told_of))
        client = world.calls.client(region, PUBLISHING, False)("cloudwatch", region)
        self._tried(lambda: metrics.publish(client, names.SUFFIX, measured, at_ms))

    def carry(self, region: str) -> None:
        """Have the votes of ``region`` carried to the other regions."""
        world = self.world
        if region in world.network.lost or region in self.silent:
            return
        told = vote.Settings(
            region=region,
            suffix=names.SUFFIX,
            table=names.table(region),
            data_regions=world.data_regions,
            witness_regions=world.witnesses,
            health_parameter=None,
            interval_seconds=world.shape.interval,
            window_seconds=60,
        )
        voter = vote.Voter(told, world.calls.client(region, PUBLISHING, False))
        table = StateTable(voter.clients("dynamodb", region), told.table)
        views = self._tried(partial(table.views, region))
        for other in told.other_data_regions:
            vote._push(voter, other, views or [])  # what vote.carry has a thread each for: they cost half of a run

    def _told(self, region: str) -> prove_writer.Settings:
        world = self.world
        here = region in world.data_regions
        return prove_writer.Settings(
            region=region,
            suffix=names.SUFFIX,
            table=names.table(region),
            data_regions=world.data_regions,
            witness_regions=world.witnesses,
            reader_host=region if here else None,
            port=5432,
            database="app",
            partner_reader_hosts={other: other for other in world.data_regions if other != region},
            interval_seconds=world.shape.interval,
            window_seconds=60,
            step_seconds=STEP_SECONDS,
        )

    @staticmethod
    def _put(table: StateTable, view: Any) -> bool:
        table.put_view(view)
        return True

    @staticmethod
    def _tried(act: Any) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return act()
        except (BotoCoreError, ClientError):
            return None

    def _prove(self, region: str) -> proof.Proof:
        """Return what the probe finds out about its own database."""
        server, world = self.world.servers[region], self.world
        reached = self._sign_in(region, region)
        if reached:
            return proof.judge(proof.Observation(reached, "as the model has it"))
        if not self._has_endpoint(region):
            seen = proof.Observation(in_recovery=server.role == REPLICA, age=self._heartbeat_age(region))
            return proof.judge(proof.Observation(proof.NAME, "no such name"), seen)
        if server.role == REPLICA:
            return proof.judge(proof.Observation(in_recovery=True, age=self._heartbeat_age(region)))
        if server.read_only:
            return proof.judge(proof.Observation("read-only", "transaction_read_only is on", in_recovery=False))
        if not server.writable:
            return proof.judge(proof.Observation("timeout", "the write did not end", in_recovery=False))
        server.commit(Row("", region, world.clock.now, world.time_in(region)))
        world.proved[region] = world.clock.now
        return proof.judge(proof.Observation(in_recovery=False, written=True))

    def _look_over(self, region: str, about: str) -> proof.Proof:
        """Return what the probe finds out about a partner's database."""
        reached = self._sign_in(region, about)
        if reached:
            return proof.judge_partner(proof.Observation(reached, "as the model has it"))
        seen = proof.Observation(in_recovery=self.world.servers[about].role == REPLICA)
        if self._has_endpoint(about):
            return proof.judge_partner(seen)
        return proof.judge_partner(proof.Observation(proof.NAME, "no such name"), seen)

    def _sign_in(self, region: str, about: str) -> str:
        """Return the word of the step at which a session from ``region`` fails, or nothing."""
        network, rules = self.world.network, self.world.cloud.open_rules
        if not network.connects(PEERING, region, about) or about in network.fenced or about in rules:
            return "timeout"
        return self.world.servers[about].answers(STEP_SECONDS)

    def _has_endpoint(self, region: str) -> bool:
        """Return whether the writer endpoint's name resolves; one that the service can't reach keeps it."""
        service = self.world.service
        zombie = self.world.servers[region].role == WRITER and region in service.unsettled
        return service.believes(region) == WRITER or zombie

    def _heartbeat_age(self, region: str) -> float | None:
        self.world.replicate()
        beats = [beat for of, beat in self.world.servers[region].beats.items() if of != region]
        if not beats:
            return None
        return (self.world.time_in(region) - max(beats)) / 1000

    # Metrics

    def take(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """Take a ``PutMetricData``; what is late arrives late, what is dropped never does."""
        if region not in self.dropped:
            if self.late.get(region):
                self.world.clock.after(self.late[region], lambda: self._store(region, request))
            else:
                self._store(region, request)
        return {}

    def _store(self, region: str, request: dict[str, Any]) -> None:
        for datum in request["MetricData"]:
            key = (region, datum["MetricName"], datum["Dimensions"][0]["Value"])
            minute, value = int(datum["Timestamp"].timestamp()) // 60, float(datum["Value"])
            points = self._points.setdefault(key, {})
            low, high = points.get(minute, (value, value))
            points[minute] = (min(low, value), max(high, value))

    # Route 53

    def evaluate(self) -> None:
        """Let Route 53 look at metrics and endpoints, and say what a query for the writer gets now."""
        world = self.world
        routing = world.mutant.routing(situations.assembled(world.data_regions, self.home, world.shape.probe))
        observed, key = self._observe(routing)
        if (self.home, key) not in self._known:
            health = statuses(routing, observed)
            found = answers(routing.of(situations.WRITER_NAME), health)
            well = [region for region in world.data_regions if health[f"health/{region}/HealthCheck"]]
            self._known[self.home, key] = tuple(sorted(found)), tuple(well)
        now, self.healthy = self._known[self.home, key]
        if now != self.answers:
            before, self.answers = self.answers, now
            world.moved(before, now)

    def _observe(self, routing: Routing) -> tuple[Observed, Any]:
        minute = self.world.clock.now // 60_000 - 1
        streams: dict[Metric, tuple[float | None, ...]] = {}
        shares: dict[str, float] = {}
        for check in routing.checks.values():
            if check.type == "CLOUDWATCH_METRIC" and check.alarm:
                alarm = routing.alarms[check.alarm]
                ((_, about),) = alarm.metric.dimensions
                low, high = self._points.get((alarm.metric.region, alarm.metric.name, about), {}).get(
                    minute, (None, None)
                )
                value = low if alarm.metric.name == signals.WRITER_PROOF else high
                streams[alarm.metric] = (value,)
                if value is not None:
                    self._last[check.id] = alarm.state((value,)) == "ok"
            elif check.type != "CALCULATED":
                region = check.id.split("/")[1]
                shares[check.id] = 1.0 if self._checkers(region) else 0.0
        key = (tuple(streams.values()), tuple(shares.values()), tuple(self._last.values()))
        return Observed(streams, shares, frozenset(), dict(self._last)), key

    def _checkers(self, region: str) -> bool:
        """Return whether the region's endpoint counts as healthy: it turns after three answers in a row."""
        world = self.world
        item = world.cloud.tables[region].items.get((signals.VIEW, signals.view_name(region, region)))
        dark = region in world.network.lost or (region, "endpoint") in world.calls.dark
        good = item is not None and not dark and item["writer"]["BOOL"]
        good = bool(good and item and int(item["valid_until_ms"]["N"]) > world.clock.now)
        state = self._endpoint.setdefault(region, True)  # a new check starts healthy
        self._run[region] = 0 if good == state else self._run.get(region, 0) + 1
        if self._run[region] >= THRESHOLD:
            self._endpoint[region], self._run[region] = good, 0
        return self._endpoint[region]
