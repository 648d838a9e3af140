"""Route 53's health checks, as they are now: :mod:`generator.routing` has the rules, this has what Route 53 sees.

A check of a metric reads the data stream of its alarm's metric, at standard resolution and once in a period, whatever
the alarm's state; an endpoint is really asked (:mod:`twin.cloud.watch.checkers`); a calculated one counts its
children. A new check is healthy, an inverted one unhealthy, until there is enough to tell. Out of a dark region no
metric comes any more, and the period in which it went dark still has what was published before. Pages: as in
:mod:`generator.routing`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from generator import routing
from generator.intrinsics import Resource, Stack
from generator.routing import Observed, Routing, UnsupportedError, gather, statuses
from twin.cloud.emulator import module
from twin.cloud.journal import JOURNAL
from twin.cloud.pace import shorter
from twin.cloud.watch import alarms, evaluation, metrics
from twin.cloud.watch.checkers import Checkers

SOURCE = "health check"
GLOBAL = "us-east-1"
"""Where Route 53's own metrics are published, and nowhere else (trap 36)."""

Key = tuple[str, str]
"""The account and the id of a check."""
Configs = Mapping[Key, Mapping[str, Any]]


@dataclass(frozen=True)
class Standing:
    """A check as Route 53 considers it. region: whose proof or endpoint it is about; share: of the checkers."""

    healthy: bool
    since_ms: int
    reason: str
    kind: str
    name: str
    region: str
    share: float | None = None


@dataclass(frozen=True)
class _Seen:
    """What a check of a metric saw last, and at which period's end."""

    end: float
    healthy: bool
    reason: str


class Checks:
    """Every check of every account; looked at by one thread, read by any."""

    def __init__(self, checkers: Checkers) -> None:
        self.standing: Mapping[Key, Standing] = {}
        self._checkers = checkers
        self._born: dict[Key, float] = {}
        self._last: dict[Key, bool] = {}
        self._seen: dict[Key, _Seen] = {}
        self._published = 0.0

    def look(self, now: float) -> None:
        """Work out each check's status, note what changed, and publish the statuses once a minute."""
        configs = _configs()
        self._checkers.look(now, configs)
        found: dict[Key, Standing] = {}
        for key in sorted(configs, key=lambda each: configs[each]["Type"] == "CALCULATED"):
            self._born.setdefault(key, now)
            found[key] = self._stand(key, configs, found, now)
        for key in [key for key in self._born if key not in configs]:
            del self._born[key]
            self._last.pop(key, None)
            self._seen.pop(key, None)
        self._note(found)
        self.standing = found
        self._publish(now)

    def _stand(self, key: Key, configs: Configs, found: Mapping[Key, Standing], now: float) -> Standing:
        config = configs[key]
        share = None
        try:
            if config["Type"] == "CLOUDWATCH_METRIC":
                healthy, reason = self._by_metric(key, config, now)
            elif config["Type"] == "CALCULATED":
                healthy, reason = _by_children(key, config, found)
            else:
                share = self._checkers.share(key)
                healthy = statuses(_routing(key, config), Observed(shares={key[1]: share}))[key[1]]
                reason = f"{share:.0%} of the checkers find it healthy; {self._checkers.reason(key)}"
        except (UnsupportedError, evaluation.UnsupportedError) as error:
            before = self.standing.get(key)
            healthy, reason = (before.healthy if before else True), str(error)
        if str(config.get("Disabled")).lower() == "true":
            reason = "disabled"
        return Standing(
            healthy, self._since(key, healthy), reason, str(config["Type"]), _name(key), _region(key, configs), share
        )

    def _since(self, key: Key, healthy: bool) -> int:
        before = self.standing.get(key)
        return before.since_ms if before and before.healthy == healthy else int(time.time() * 1000)

    def _by_metric(self, key: Key, config: Mapping[str, Any], now: float) -> tuple[bool, str]:
        """Return the status by the newest whole period's data, which is read once, when that has ended."""
        region, name = config["AlarmIdentifier"]["Region"], config["AlarmIdentifier"]["Name"]
        record = module("services.cloudwatch")._alarms._data.get((key[0], region, name))
        set_up = _routing(key, config, record, region)
        length = float((record or {}).get("Period") or alarms.MINUTE)
        end = alarms.boundary(now, length)
        seen = self._seen.get(key)
        if seen and seen.end >= end and str(config.get("Disabled")).lower() != "true":
            return seen.healthy, seen.reason
        alarm = set_up.alarms.get((region, name))
        if alarm is None:
            raise UnsupportedError(f"there is no alarm {name} in {region} that Route 53 can read")
        ends = [end - shorter(length) * back for back in reversed(range(alarm.periods))]
        metric = (alarm.metric.namespace, alarm.metric.name, dict(alarm.metric.dimensions))
        stream = metrics.series((key[0], region), metric, str(record["Statistic"]), ends, shorter(length))
        said = alarm.state(stream)
        young = said == "insufficient" and end < self._born[key] + shorter(length)
        observed = Observed({alarm.metric: stream}, fresh=frozenset({key[1]} if young else ()), last=self._lasting(key))
        healthy = statuses(set_up, observed)[key[1]]
        if said != "insufficient":
            self._last[key] = said == "ok"
        reason = _told(said, stream, alarm, config, young)
        self._seen[key] = _Seen(end, healthy, reason)
        return healthy, reason

    def _lasting(self, key: Key) -> dict[str, bool]:
        return {key[1]: self._last[key]} if key in self._last else {}

    def _note(self, found: Mapping[Key, Standing]) -> None:
        for key, standing in found.items():
            before = self.standing.get(key)
            if standing.healthy != (before.healthy if before else True):  # a new check begins as healthy
                word = "healthy" if standing.healthy else "unhealthy"
                JOURNAL.note(
                    SOURCE, standing.region, f"{standing.name} is {word}", standing.reason,
                    check=key[1], kind=standing.kind, healthy=standing.healthy,
                )  # fmt: skip

    def _publish(self, now: float) -> None:
        end = alarms.boundary(now, alarms.MINUTE)
        if end <= self._published:
            return
        self._published = end
        for (account, check), standing in self.standing.items():
            value, about = float(standing.healthy), {"HealthCheckId": check}
            metrics.publish((account, GLOBAL), ("AWS/Route53", "HealthCheckStatus", about), value)


def _configs() -> Configs:
    return {key: held["config"] for key, held in list(module("services.route53")._health_checks._data.items())}


def _routing(key: Key, config: Mapping[str, Any], alarm: Mapping[str, Any] | None = None, region: str = "") -> Routing:
    said = {name: value for name, value in (alarm or {}).items() if value not in (None, [], "")}
    found = {"alarm": Resource("AWS::CloudWatch::Alarm", said, str(said["AlarmName"]))} if alarm else {}
    check = Resource("AWS::Route53::HealthCheck", {"HealthCheckConfig": config}, key[1])
    return gather([Stack(region, found, {}, {}), Stack("", {"check": check}, {}, {})])


def _by_children(key: Key, config: Mapping[str, Any], found: Mapping[Key, Standing]) -> tuple[bool, str]:
    """Return the status by the children's (**determines**), evaluated as checks whose endpoint is seen or not."""
    children = [str(each) for each in config.get("ChildHealthChecks") or ()]
    missing = [each for each in children if (key[0], each) not in found]
    if missing:
        raise UnsupportedError(f"the child {missing[0]} is not there")
    health = {each: found[key[0], each].healthy for each in children}
    stand_ins = {each: routing.Check(each, "TCP") for each in children}
    own = _routing(key, config).checks
    said = statuses(Routing({}, {**stand_ins, **own}, ()), Observed(shares={k: float(v) for k, v in health.items()}))
    bad = [found[key[0], each].name for each in children if not health[each]]
    counted = f"{sum(health.values())} of {len(children)} children healthy, {config.get('HealthThreshold', 0)} needed"
    return said[key[1]], counted + (f"; unhealthy: {', '.join(bad)}" if bad else "")


def _told(
    said: str, stream: tuple[float | None, ...], alarm: routing.Alarm, config: Mapping[str, Any], young: bool
) -> str:
    shown = ", ".join("no data" if each is None else f"{each:g}" for each in stream)
    if young:
        return f"{alarm.metric.name}: {shown} yet, and new"
    silence = config.get("InsufficientDataHealthStatus", "LastKnownStatus")
    rest = f"; without data: {silence}" if said == "insufficient" else f" ({alarm.comparison} {alarm.threshold:g})"
    return f"{alarm.metric.name}: {shown}{rest}"


def _name(key: Key) -> str:
    tags = module("services.route53")._tags._data.get((key[0], ("healthcheck", key[1]))) or {}
    return str(tags.get("Name") or key[1])


def _region(key: Key, configs: Configs) -> str:
    """Return the region that a check looks at; of a calculated one, that of its first child."""
    config = configs.get(key) or {}
    if "AlarmIdentifier" in config:
        return str(config["AlarmIdentifier"]["Region"])
    children = config.get("ChildHealthChecks") or ()
    if children:
        return _region((key[0], str(children[0])), configs)
    parts = str(config.get("FullyQualifiedDomainName", "")).split(".")
    return parts[2] if len(parts) > 3 and parts[1] == "execute-api" else ""
