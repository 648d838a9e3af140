"""Route 53's documented rules, as a pure evaluator of deployed templates.

:func:`gather` reads alarms, health checks and records out of stacks, :func:`statuses` says which checks
are healthy for what the metrics, the checkers and the past say, and :func:`answers` says which records a
DNS query can get. Nothing here knows what our templates mean.

Pages of the Route 53 Developer Guide: "How Amazon Route 53 determines whether a health check is healthy"
(**determines**), "Values that you specify when you create or update health checks" (**values**), "How
Amazon Route 53 chooses records when health checking is configured" (**chooses**); Route 53 API Reference,
``HealthCheckConfig`` (**API**).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from generator.intrinsics import Resource, Stack

SHARE_OF_CHECKERS = 0.18
"""More than this share of checkers must find an endpoint healthy (**determines**; "might change")."""

MOST_CHILDREN = 255
"""Most children of a calculated check (**determines**)."""

_CompareTo = Callable[[float, float], bool]
_COMPARISONS: dict[str, _CompareTo] = {
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
}

StreamState = Literal["ok", "alarm", "insufficient"]


class UnsupportedError(ValueError):
    """A configuration that Route 53 refuses, or that this evaluator has no documented rule for."""


@dataclass(frozen=True)
class Metric:
    """One metric in one region."""

    region: str
    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Alarm:
    """What Route 53 copies of an alarm: the metric and the test. ``periods`` newest data points count."""

    name: str
    metric: Metric
    comparison: str
    threshold: float
    periods: int

    def state(self, stream: tuple[float | None, ...]) -> StreamState:
        """Return what the data stream (oldest first, None for a period without data) says.

        Route 53 looks at the stream and not at the alarm's state, so neither ``TreatMissingData`` nor
        ``SetAlarmState`` counts (**determines**, traps 27 and 30). A point that does not breach makes it
        ok; as many breaching ones as there are periods make it an alarm; anything less can't be told.
        """
        newest = ((None,) * self.periods + stream)[-self.periods :]
        breaching = [_COMPARISONS[self.comparison](each, self.threshold) for each in newest if each is not None]
        if not all(breaching):
            return "ok"
        return "alarm" if len(breaching) == self.periods else "insufficient"


@dataclass(frozen=True)
class Check:
    """A health check. ``alarm`` is (region, name); ``threshold`` counts healthy children."""

    id: str
    type: str
    alarm: tuple[str, str] | None = None
    silence: str = "LastKnownStatus"
    children: tuple[str, ...] = ()
    threshold: int = 0
    inverted: bool = False
    disabled: bool = False


@dataclass(frozen=True)
class Record:
    """A record of a set: ``failover`` (PRIMARY or SECONDARY) or ``weight``, and its check if it has one."""

    name: str
    type: str
    set_identifier: str
    check: str | None
    failover: str | None = None
    weight: int | None = None


@dataclass(frozen=True)
class Routing:
    """Alarms by region and name, checks by id, and records."""

    alarms: Mapping[tuple[str, str], Alarm]
    checks: Mapping[str, Check]
    records: tuple[Record, ...]

    def of(self, name: str) -> tuple[Record, ...]:
        """Return the records of one name (with or without the closing dot)."""
        return tuple(each for each in self.records if each.name.rstrip(".") == name.rstrip("."))


@dataclass(frozen=True)
class Observed:
    """What Route 53 has seen.

    streams: data points of a metric, oldest first, one a period; None is a period without data.
    shares: share of checkers (0 to 1) that find an endpoint check's endpoint healthy.
    fresh: checks made so lately that there is no data yet; healthy, inverted ones unhealthy.
    last: a check's status when there was last enough data, before ``Inverted``; healthy if there never was.
    """

    streams: Mapping[Metric, tuple[float | None, ...]] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    fresh: frozenset[str] = frozenset()
    last: Mapping[str, bool] = field(default_factory=dict)


def statuses(routing: Routing, observed: Observed) -> dict[str, bool]:
    """Return which checks Route 53 considers healthy. Raises UnsupportedError for what it would refuse."""
    plain = {each.id: _status(each, routing, observed) for each in routing.checks.values() if each.type != "CALCULATED"}
    parents = {
        each.id: _calculated(each, plain, observed) for each in routing.checks.values() if each.type == "CALCULATED"
    }
    return plain | parents


def _status(check: Check, routing: Routing, observed: Observed) -> bool:
    if check.disabled:
        return not check.inverted
    if check.id in observed.fresh:
        return not check.inverted
    if check.type == "CLOUDWATCH_METRIC":
        return _from_alarm(check, routing, observed) != check.inverted
    if check.type in ("HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP"):
        return (observed.shares.get(check.id, 0.0) > SHARE_OF_CHECKERS) != check.inverted
    raise UnsupportedError(f"check {check.id}: no rule for type {check.type}")


def _from_alarm(check: Check, routing: Routing, observed: Observed) -> bool:
    """Return the status that the alarm's data stream gives (**determines**, **values**)."""
    alarm = routing.alarms.get(check.alarm) if check.alarm else None
    if alarm is None:
        raise UnsupportedError(f"check {check.id}: no alarm {check.alarm}; Route 53 refuses it (trap 74)")
    state = alarm.state(tuple(observed.streams.get(alarm.metric, ())))
    if state != "insufficient":
        return state == "ok"
    if check.silence == "LastKnownStatus":
        return observed.last.get(check.id, True)
    return check.silence == "Healthy"


def _calculated(check: Check, children: Mapping[str, bool], observed: Observed) -> bool:
    """Return a parent's status: enough healthy children (**determines**).

    A threshold of 0 is always healthy, one above the number of children never (**API**); a calculated check
    can't be a child (**values**).
    """
    wrong = [each for each in check.children if each not in children]
    if wrong:
        raise UnsupportedError(f"check {check.id}: {wrong[0]} is unknown, or calculated itself")
    if len(check.children) > MOST_CHILDREN:
        raise UnsupportedError(f"check {check.id}: more than {MOST_CHILDREN} children")
    if check.disabled or check.id in observed.fresh:
        return not check.inverted
    return (sum(children[each] for each in check.children) >= check.threshold) != check.inverted


def answers(records: Iterable[Record], health: Mapping[str, bool]) -> frozenset[str]:
    """Return the set identifiers that Route 53 can answer for one name and type.

    ``health`` is of checks by id; a record without one is always healthy (**chooses**). More than one
    element means that Route 53 picks one of them by weight. Raises UnsupportedError for a set that mixes
    policies, or that Route 53 refuses.
    """
    group = tuple(records)
    if not group:
        raise UnsupportedError("no records of that name")
    if all(each.failover for each in group):
        return _of_pair(group, health)
    if all(each.weight is not None for each in group):
        return _of_weights(group, health)
    raise UnsupportedError("records of one name and type must all be failover or all weighted")


def _healthy(record: Record, health: Mapping[str, bool]) -> bool:
    return record.check is None or health[record.check]


def _of_pair(group: tuple[Record, ...], health: Mapping[str, bool]) -> frozenset[str]:
    """Return a healthy primary, else a healthy secondary, else the primary (**chooses**, "Failover records")."""
    by_role = {each.failover: each for each in group}
    if len(group) > 2 or len(by_role) != len(group) or "PRIMARY" not in by_role:
        raise UnsupportedError("a failover pair has one PRIMARY and at most one SECONDARY")
    primary, secondary = by_role["PRIMARY"], by_role.get("SECONDARY")
    moved = secondary and not _healthy(primary, health) and _healthy(secondary, health)
    return frozenset({secondary.set_identifier if secondary and moved else primary.set_identifier})


def _of_weights(group: tuple[Record, ...], health: Mapping[str, bool]) -> frozenset[str]:
    """Return healthy records with a weight, else healthy ones; when none is, all count (**chooses**)."""
    weighted = [each for each in group if each.weight]
    for candidates in (
        [each for each in weighted if _healthy(each, health)],
        [each for each in group if _healthy(each, health)],
        weighted,
        group,
    ):
        if candidates:
            return frozenset(each.set_identifier for each in candidates)
    raise UnsupportedError("no records")


def gather(stacks: Iterable[Stack]) -> Routing:
    """Return the alarms, health checks and records of deployed stacks.

    Raises UnsupportedError for an alarm that Route 53 can't read (trap 28).
    """
    alarms: dict[tuple[str, str], Alarm] = {}
    checks: dict[str, Check] = {}
    records: list[Record] = []
    for stack in stacks:
        for each in stack.of("AWS::CloudWatch::Alarm").values():
            alarm = _alarm(each, stack.region)
            if alarm:
                alarms[stack.region, alarm.name] = alarm
        for each in stack.of("AWS::Route53::HealthCheck").values():
            checks[each.id] = _check(each)
        for each in stack.of("AWS::Route53::RecordSet").values():
            records.append(_record(each.properties))
        for each in stack.of("AWS::Route53::RecordSetGroup").values():
            records.extend(map(_record, each.properties["RecordSets"]))
    return Routing(alarms, checks, tuple(each for each in records if each.failover or each.weight is not None))


def _alarm(resource: Resource, region: str) -> Alarm | None:
    """Return the alarm as Route 53 reads it, or None when it can't (a check on it is then unknown)."""
    properties = resource.properties
    period = int(properties.get("Period", 0))
    if "Metrics" in properties or "ExtendedStatistic" in properties or period % 60 or not period:
        return None
    if properties["ComparisonOperator"] not in _COMPARISONS:
        return None
    periods = int(properties["EvaluationPeriods"])
    if int(properties.get("DatapointsToAlarm", periods)) != periods:
        return None
    dimensions = frozenset((each["Name"], str(each["Value"])) for each in properties.get("Dimensions", ()))
    return Alarm(
        properties.get("AlarmName", resource.id),
        Metric(region, properties["Namespace"], properties["MetricName"], dimensions),
        properties["ComparisonOperator"],
        float(properties["Threshold"]),
        periods,
    )


def _check(resource: Resource) -> Check:
    config = resource.properties["HealthCheckConfig"]
    identifier = config.get("AlarmIdentifier")
    return Check(
        resource.id,
        config["Type"],
        (identifier["Region"], identifier["Name"]) if identifier else None,
        config.get("InsufficientDataHealthStatus", "LastKnownStatus"),
        tuple(config.get("ChildHealthChecks", ())),
        int(config.get("HealthThreshold", 0)),
        _true(config.get("Inverted")),
        _true(config.get("Disabled")),
    )


def _record(properties: Mapping[str, Any]) -> Record:
    weight = properties.get("Weight")
    return Record(
        properties["Name"],
        properties["Type"],
        properties.get("SetIdentifier", ""),
        properties.get("HealthCheckId"),
        properties.get("Failover"),
        None if weight is None else int(weight),
    )


def _true(value: Any) -> bool:
    return str(value).lower() == "true"
