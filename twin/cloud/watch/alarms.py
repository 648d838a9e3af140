"""Alarms of all accounts and regions, evaluated from the stored data points (trap 67).

The emulator keeps the records, the history and the composite rules; when a state changes, it changes here. Standard
alarms are looked at every minute, those with a shorter period every ten seconds, each over periods that end then
(CloudWatch User Guide, "Alarm evaluation"), all divided by the speed. A dark region evaluates nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from twin.cloud.emulator import module, scope
from twin.cloud.journal import JOURNAL
from twin.cloud.pace import shorter
from twin.cloud.watch import actions, darkness, expressions, metrics
from twin.cloud.watch.evaluation import Rule, UnsupportedError, state
from twin.cloud.watch.expressions import Series
from twin.cloud.watch.metrics import Place

MINUTE = 60
FAST = 10
SETTLE_SECONDS = 0.5
"""How long after a period's end it is looked at, in real seconds, which the speed does not divide: what was published
within it is on its way by real processes."""

Record = dict[str, Any]
_TIMES = ("StateUpdatedTimestamp", "StateTransitionedTimestamp")
logger = logging.getLogger("watch")


def install() -> None:
    """Take the evaluation, and what follows a change, out of the emulator's hands."""
    cloudwatch = module("services.cloudwatch")
    cloudwatch._evaluate_alarm = lambda _: None
    cloudwatch._evaluate_all_alarms = lambda: None
    cloudwatch._dispatch_alarm_actions = _changed


def boundary(now: float, interval: float) -> float:
    """Return the newest end of an interval, in seconds since 1970, that may be looked at now."""
    length = shorter(interval)
    return float((now - SETTLE_SECONDS) // length * length)


class Alarms:
    """Evaluates what is due; called by one thread."""

    def __init__(self) -> None:
        self._seen: dict[int, float] = {}
        self._errors: dict[tuple[str, str, str], str] = {}

    def look(self, now: float) -> None:
        """Evaluate the alarms of those resolutions of which a new interval has ended, and composite alarms always."""
        due = [each for each in (MINUTE, FAST) if boundary(now, each) > self._seen.get(each, 0.0)]
        for interval in due:
            end = self._seen[interval] = boundary(now, interval)
            for key, alarm in list(module("services.cloudwatch")._alarms._data.items()):
                if interval == _interval(alarm) and not darkness.mode(key[1]):
                    self._evaluate(key, alarm, end)
        self._compose()

    def _evaluate(self, key: tuple[str, str, str], alarm: Record, end: float) -> None:
        before = alarm["StateValue"]
        try:
            rule = rule_of(alarm)
            after, reason = state(rule, points((key[0], key[1]), alarm, rule, end), before)
        except UnsupportedError as error:
            after, reason = "INSUFFICIENT_DATA", f"the local cloud can't evaluate this alarm: {error}"
            if self._errors.get(key) != reason:
                JOURNAL.note("twin", key[1], f"{key[2]} can't be evaluated", str(error), alarm=key[2])
                logger.error("the alarm %s in %s: %s", key[2], key[1], error)
            self._errors[key] = alarm["StateReason"] = reason
        if after != before:
            with scope(key[0], key[1]):
                _transit(alarm, before, after, reason)

    def _compose(self) -> None:
        cloudwatch = module("services.cloudwatch")
        for (account, region, name), alarm in list(cloudwatch._composite_alarms._data.items()):
            if darkness.mode(region):
                continue
            with scope(account, region):
                found = cloudwatch._composite_rule_state(alarm)
                if found != alarm["StateValue"]:
                    told = cloudwatch._matching_children(alarm, found)
                    reason = f"{alarm['AlarmRule']} is {'true' if found == 'ALARM' else 'false'}"
                    cloudwatch._transition_composite(alarm, found, reason, told, frozenset({name}))


def told() -> list[dict[str, Any]]:
    """Return every alarm with its state, as JSON would show it."""
    cloudwatch = module("services.cloudwatch")
    return [
        {
            "name": name,
            "account": account,
            "region": region,
            "state": alarm["StateValue"],
            "reason": alarm.get("StateReason", ""),
            "since_ms": int(float(max(alarm.get(key) or 0 for key in _TIMES)) * 1000),
        }
        for store in (cloudwatch._alarms, cloudwatch._composite_alarms)
        for (account, region, name), alarm in list(store._data.items())
    ]


def rule_of(alarm: Record) -> Rule:
    """Return what the alarm asks of its points. Raises UnsupportedError."""
    periods = int(alarm["EvaluationPeriods"])
    return Rule(
        str(alarm["ComparisonOperator"]),
        float(alarm["Threshold"]),
        periods,
        int(alarm.get("DatapointsToAlarm") or periods),
        str(alarm.get("TreatMissingData") or "missing"),
    )


def points(place: Place, alarm: Record, rule: Rule, end: float) -> Series:
    """Return the alarm's data points over its evaluation range up to ``end``. Raises UnsupportedError."""
    length = shorter(_period(alarm))
    ends = [end - length * back for back in reversed(range(rule.range))]
    if not alarm.get("Metrics"):
        metric = (alarm["Namespace"], alarm["MetricName"], named(alarm.get("Dimensions") or ()))
        return metrics.series(place, metric, _known(alarm.get("ExtendedStatistic") or alarm["Statistic"]), ends, length)
    return _computed(place, alarm["Metrics"], ends, length)


def _computed(place: Place, queries: Sequence[Record], ends: Sequence[float], length: float) -> Series:
    """Return the one result of an alarm's metric math (CloudWatch API, ``MetricDataQuery``)."""
    known: dict[str, Series] = {}
    for each in (each for each in queries if "MetricStat" in each):
        stat = each["MetricStat"]
        metric = (
            stat["Metric"]["Namespace"],
            stat["Metric"]["MetricName"],
            named(stat["Metric"].get("Dimensions") or ()),
        )
        known[each["Id"]] = metrics.series(place, metric, _known(stat["Stat"]), ends, length)
    for each in (each for each in queries if "Expression" in each):
        query = expressions.query(each["Expression"])
        known[each["Id"]] = (
            metrics.selected(place, query, ends, length) if query else expressions.compute(each["Expression"], known)
        )
    returned = [each["Id"] for each in queries if str(each.get("ReturnData", True)).lower() == "true"]
    if len(returned) != 1:
        raise UnsupportedError(f"{len(returned)} of the metrics return data")
    return known[returned[0]]


def named(dimensions: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return dimensions, as the API has them, by name."""
    return {each["Name"]: str(each["Value"]) for each in dimensions}


def _known(statistic: str) -> str:
    percentile = statistic[:1] == "p" and statistic[1:].replace(".", "", 1).isdigit()
    if statistic not in metrics.STATISTICS and not percentile:
        raise UnsupportedError(f"the statistic {statistic}")
    return statistic


def _period(alarm: Record) -> int:
    """Return the alarm's period in seconds; all metrics of one alarm have the same."""
    given = alarm.get("Metrics") or ()
    periods = {int(each.get("MetricStat", each).get("Period") or 0) for each in given} - {0}
    if len(periods) > 1:
        raise UnsupportedError(f"metrics with periods of {', '.join(map(str, sorted(periods)))} seconds")
    return periods.pop() if periods else int(alarm.get("Period") or MINUTE)


def _interval(alarm: Record) -> int:
    try:
        return MINUTE if _period(alarm) >= MINUTE else FAST
    except UnsupportedError:
        return MINUTE


def _transit(alarm: Record, before: str, after: str, reason: str) -> None:
    cloudwatch, now = module("services.cloudwatch"), time.time()
    alarm.update(StateValue=after, StateReason=reason, StateUpdatedTimestamp=now, StateTransitionedTimestamp=now)
    cloudwatch._record_history(alarm["AlarmName"], before, after, reason)
    _changed(alarm, before, after, reason)


def _changed(alarm: Record, before: str, after: str, reason: str) -> None:
    """Note a change, and do what the alarm asks for; also called by the emulator, in the alarm's scope."""
    region = alarm["AlarmArn"].split(":")[3]
    JOURNAL.note("alarm", region, f"{alarm['AlarmName']} is {after}", reason, alarm=alarm["AlarmName"], before=before)
    actions.act(alarm, before, after, reason)
