"""The documented tables of CloudWatch's alarm states, and metric math."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from generator import intrinsics
from generator.build import library
from generator.shape import Shape
from twin.cloud.gaps import UNPUBLISHED
from twin.cloud.watch.evaluation import Rule, State, UnsupportedError, state
from twin.cloud.watch.expressions import compute, query
from twin.cloud.watch.published import PUBLISHED

KEPT = "kept"
HOW = ("missing", "ignore", "breaching", "notBreaching")
THREE_OF_THREE = {
    "0-X-X": (0, "OK", "OK", "OK", "OK"),
    "0----": (2, "OK", "OK", "OK", "OK"),
    "-----": (3, "INSUFFICIENT_DATA", KEPT, "ALARM", "OK"),
    "0XX-X": (0, "ALARM", "ALARM", "ALARM", "ALARM"),
    "--X--": (2, "ALARM", KEPT, "ALARM", "OK"),
}
TWO_OF_THREE = {
    "0-X-X": (0, "ALARM", "ALARM", "ALARM", "ALARM"),
    "00X0X": (0, "ALARM", "ALARM", "ALARM", "ALARM"),
    "0-X--": (1, "OK", "OK", "ALARM", "OK"),
    "----0": (2, "OK", "OK", "ALARM", "OK"),
    "---X-": (2, "ALARM", KEPT, "ALARM", "OK"),
}
"""CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data": its two tables, row by row.

0: within, X: breaching, -: none, the newest on the right; how many points must be filled; the state for each way.
"""

ROWS = [
    (datapoints, row, states[0], how, said)
    for datapoints, table in ((3, THREE_OF_THREE), (2, TWO_OF_THREE))
    for row, states in table.items()
    for how, said in zip(HOW, states[1:], strict=True)
]


def points(row: str) -> list[float | None]:
    return [{"0": 0.0, "X": 1.0, "-": None}[each] for each in row]


def rule(datapoints: int = 3, periods: int = 3, missing: str = "missing") -> Rule:
    return Rule("GreaterThanOrEqualToThreshold", 1.0, periods, datapoints, missing)


@pytest.mark.parametrize(("datapoints", "row", "filled", "how", "said"), ROWS)
@pytest.mark.parametrize("now", ["OK", "ALARM", "INSUFFICIENT_DATA"])
def test_states_are_those_of_the_documented_tables(
    datapoints: int, row: str, filled: int, how: str, said: str, now: State
) -> None:
    found, reason = state(rule(datapoints, missing=how), points(row), now)
    assert found == (now if said == KEPT else said), reason
    assert (f"{filled} of 3 missing, treated as {how}" in reason) is (filled > 0), reason


def test_points_beyond_the_evaluation_range_are_not_looked_at() -> None:
    assert state(rule(missing="breaching"), points("0-----"), "OK")[0] == "ALARM"
    assert state(rule(), points("0-----"), "OK")[0] == "INSUFFICIENT_DATA"


@pytest.mark.parametrize("row", ["----X", "---X-"])
def test_an_alarm_does_not_go_off_prematurely(row: str) -> None:
    """The same page, "Avoiding premature transitions to alarm state"."""
    assert state(rule(), points(row), "OK")[0] == "OK"


@pytest.mark.parametrize("row", ["---X0", "--X-0"])
def test_what_follows_within_the_threshold_makes_it_ok(row: str) -> None:
    """The same section: why it waits."""
    assert state(rule(), points(row), "ALARM")[0] == "OK"


def test_the_reason_names_the_values_and_how_what_is_missing_was_treated() -> None:
    _, reason = state(rule(missing="breaching"), points("--X--"), "OK")
    assert "datapoints 1 (" in reason
    assert "2 of 3 missing, treated as breaching" in reason


def test_a_comparison_without_a_rule_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="LessThanLowerThreshold"):
        Rule("LessThanLowerThreshold", 1.0, 1, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lag / 1000", (1.0, None, 3.0)),
        ("FILL(lag, 0) + FILL(none, 0)", (1000.0, 0.0, 3000.0)),
        ("FILL(lag, REPEAT)", (1000.0, 1000.0, 3000.0)),
        ("MAX([lag, two])", (1000.0, 2.0, 3000.0)),
        ("-(lag - two) * 2", (-1996.0, None, -5996.0)),
        ("lag / (two - 2)", (None, None, None)),
    ],
)
def test_metric_math_is_done_period_by_period(text: str, said: tuple[float | None, ...]) -> None:
    known = {"lag": (1000.0, None, 3000.0), "two": (2.0, 2.0, 2.0), "none": (None, None, None)}
    assert compute(text, known) == said


@pytest.mark.parametrize(
    "text", ["ANOMALY_DETECTION_BAND(lag)", "SEARCH('x', 'Sum', 60)", "unknown + 1", "lag >", "lag ** 2"]
)
def test_metric_math_that_is_not_known_is_refused(text: str) -> None:
    with pytest.raises(UnsupportedError):
        compute(text, {"lag": (1.0,)})


def test_a_query_takes_the_metrics_of_its_schema_and_condition_only() -> None:
    found = query("SELECT MAX(Latency) FROM SCHEMA(\"AWS/S3\", Source, Rule) WHERE Source = 'one'")
    assert found is not None
    assert (found.statistic, found.namespace, found.name) == ("Maximum", "AWS/S3", "Latency")
    assert found.takes({"Source": "one", "Rule": "any"})
    assert not found.takes({"Source": "other", "Rule": "any"})
    assert not found.takes({"Source": "one"})
    assert query("one + two") is None


def test_a_query_that_is_not_known_is_refused() -> None:
    with pytest.raises(UnsupportedError):
        query('SELECT MAX(Latency) FROM SCHEMA("AWS/S3", Source) GROUP BY Source')


def read_by_alarms() -> set[tuple[str, str]]:
    """Return namespace and name of every metric of AWS's own that an alarm of the built library reads."""
    found = set()
    for text in library(Shape()).values():
        for resource in intrinsics.read(text)["Resources"].values():
            if resource["Type"] == "AWS::CloudWatch::Alarm":
                found |= set(metrics_of(resource["Properties"]))
    return {(space, name) for space, name in found if space.startswith("AWS/")}


def metrics_of(alarm: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if "MetricName" in alarm:
        yield str(alarm["Namespace"]), alarm["MetricName"]
    for each in alarm.get("Metrics", ()):
        stat, expression = each.get("MetricStat"), each.get("Expression", "")
        if stat:
            yield stat["Metric"]["Namespace"], stat["Metric"]["MetricName"]
        text = expression["Fn::Sub"] if isinstance(expression, dict) else expression
        asked = query(text) if text else None
        if asked:
            yield asked.namespace, asked.name


def test_what_an_alarm_reads_of_awss_own_is_published_or_in_the_table_of_gaps() -> None:
    silent = {(each.namespace, each.name) for each in UNPUBLISHED}
    assert read_by_alarms() - PUBLISHED == silent


def test_every_expression_of_a_built_alarm_is_known() -> None:
    for text in library(Shape()).values():
        for resource in intrinsics.read(text)["Resources"].values():
            alarm = resource["Properties"] if resource["Type"] == "AWS::CloudWatch::Alarm" else {}
            ids = {each["Id"]: (1.0,) for each in alarm.get("Metrics", ())}
            for each in alarm.get("Metrics", ()):
                if isinstance(each.get("Expression"), str):
                    assert len(compute(each["Expression"], ids)) == 1
