"""Each documented rule of Route 53 alone, on small templates written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from generator.intrinsics import Stack, deploy, read
from generator.routing import (
    Check,
    Metric,
    Observed,
    Record,
    Routing,
    UnsupportedError,
    answers,
    gather,
    statuses,
)

TEMPLATE = """
Resources:
  Proof:
    Type: AWS::CloudWatch::Alarm
    Properties:
      {AlarmName: proof, Namespace: N, MetricName: M, Statistic: Minimum, Period: 60, EvaluationPeriods: 2,
       Threshold: 1, ComparisonOperator: LessThanThreshold, TreatMissingData: notBreaching}
  Check:
    Type: AWS::Route53::HealthCheck
    Properties:
      HealthCheckConfig:
        {Type: CLOUDWATCH_METRIC, AlarmIdentifier: {Name: !Ref Proof, Region: !Ref AWS::Region}}
"""
METRIC = Metric("eu-west-1", "N", "M", frozenset())
ID = "stack/eu-west-1/Check"


def healthy(stream: tuple[float | None, ...], last: bool = True, fresh: bool = False, **config: object) -> bool:
    """Return the status of the template's check with these settings and this stream."""
    template = read(TEMPLATE)
    template["Resources"]["Check"]["Properties"]["HealthCheckConfig"] |= config
    observed = Observed({METRIC: stream}, {}, frozenset({ID} if fresh else ()), {ID: last})
    return statuses(gather([deploy(template)]), observed)[ID]


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        ((1, 1), True),
        ((0, 0), False),
        ((0, 1), True),
        ((1, 0), True),
        ((None, 1), True),
        ((5, 5, 0, 0), False),
    ],
)
def test_the_newest_points_decide_and_one_good_one_is_enough(stream: tuple[float | None, ...], said: Any) -> None:
    assert healthy(stream) is said


@pytest.mark.parametrize("stream", [(), (None, None), (None, 0), (0, None)])
def test_too_little_data_is_what_the_check_says_that_it_is(stream: tuple[float | None, ...]) -> None:
    assert healthy(stream, InsufficientDataHealthStatus="Unhealthy") is False
    assert healthy(stream, InsufficientDataHealthStatus="Healthy", last=False) is True
    for last in (True, False):
        assert healthy(stream, InsufficientDataHealthStatus="LastKnownStatus", last=last) is last
        assert healthy(stream, last=last) is last, "the default is the last known status"


def test_inverting_turns_every_status() -> None:
    assert healthy((1, 1), Inverted=True) is False
    assert healthy((0, 0), Inverted="true") is True
    assert healthy((), last=False, Inverted=True) is True


def test_a_fresh_check_is_healthy_and_a_fresh_inverted_one_is_not() -> None:
    assert healthy((0, 0), fresh=True, InsufficientDataHealthStatus="Unhealthy") is True
    assert healthy((1, 1), fresh=True, Inverted=True) is False


def test_a_disabled_check_is_healthy_until_it_is_inverted() -> None:
    assert healthy((0, 0), Disabled=True) is True
    assert healthy((1, 1), Disabled=True, Inverted=True) is False


@pytest.mark.parametrize(
    "change",
    [
        {"Period": 10},
        {"ExtendedStatistic": "p99"},
        {"Metrics": []},
        {"DatapointsToAlarm": 1},
        {"ComparisonOperator": "GreaterThanUpperThreshold"},
    ],
)
def test_an_alarm_that_route53_cannot_read_is_no_alarm(change: dict[str, Any]) -> None:
    template = read(TEMPLATE)
    template["Resources"]["Proof"]["Properties"] |= change
    with pytest.raises(UnsupportedError, match="no alarm"):
        statuses(gather([deploy(template)]), Observed())


def test_an_alarm_in_another_region_is_another_alarm() -> None:
    template = read(TEMPLATE)
    identifier = template["Resources"]["Check"]["Properties"]["HealthCheckConfig"]["AlarmIdentifier"]
    identifier["Region"] = "eu-central-1"
    with pytest.raises(UnsupportedError, match="no alarm"):
        statuses(gather([deploy(template)]), Observed())


@pytest.mark.parametrize(("share", "said"), [(0.0, False), (0.18, False), (0.1801, True), (1.0, True)])
def test_an_endpoint_is_healthy_when_more_than_eighteen_percent_of_checkers_say_so(share: float, said: Any) -> None:
    routing = Routing({}, {"e": Check("e", "HTTPS")}, ())
    assert statuses(routing, Observed(shares={"e": share}))["e"] is said


def parent(threshold: int, shares: dict[str, float], inverted: bool = False) -> bool:
    """Return the status of a calculated check over endpoint checks."""
    children = {name: Check(name, "HTTPS") for name in shares}
    whole = Check("whole", "CALCULATED", children=tuple(shares), threshold=threshold, inverted=inverted)
    return statuses(Routing({}, {**children, "whole": whole}, ()), Observed(shares=shares))["whole"]


@pytest.mark.parametrize(
    ("threshold", "said"),
    [(0, True), (1, True), (2, False), (3, False)],
    ids=["always", "or", "and", "never"],
)
def test_a_calculated_check_counts_its_healthy_children(threshold: int, said: Any) -> None:
    assert parent(threshold, {"a": 1.0, "b": 0.0}) is said
    assert parent(threshold, {"a": 1.0, "b": 0.0}, inverted=True) is not said


def test_a_calculated_check_over_a_calculated_one_is_refused() -> None:
    inner = Check("inner", "CALCULATED", children=(), threshold=0)
    outer = Check("outer", "CALCULATED", children=("inner",), threshold=1)
    with pytest.raises(UnsupportedError, match="calculated itself"):
        statuses(Routing({}, {"inner": inner, "outer": outer}, ()), Observed())


def test_a_type_without_a_documented_rule_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="RECOVERY_CONTROL"):
        statuses(Routing({}, {"x": Check("x", "RECOVERY_CONTROL")}, ()), Observed())


def pair(primary: bool, secondary: bool | None) -> frozenset[str]:
    """Return the answer of a failover pair; None is a secondary without a check."""
    records = (
        Record("n", "CNAME", "first", "p", "PRIMARY"),
        Record("n", "CNAME", "second", None if secondary is None else "s", "SECONDARY"),
    )
    return answers(records, {"p": primary, "s": bool(secondary)})


@pytest.mark.parametrize(
    ("primary", "secondary", "said"),
    [
        (True, True, "first"),
        (True, False, "first"),
        (False, True, "second"),
        (False, False, "first"),
        (False, None, "second"),
        (True, None, "first"),
    ],
)
def test_a_pair_answers_its_primary_unless_only_the_secondary_is_healthy(
    primary: bool, secondary: bool | None, said: Any
) -> None:
    assert pair(primary, secondary) == {said}


def weighted(*records: tuple[int, bool | None]) -> frozenset[str]:
    """Return the answer of a weighted set of (weight, healthy); None is a record without a check."""
    made = [
        Record("n", "CNAME", str(index), None if healthy is None else str(index), weight=weight)
        for index, (weight, healthy) in enumerate(records)
    ]
    return answers(made, {str(index): bool(healthy) for index, (_, healthy) in enumerate(records)})


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ([(1, True), (0, True), (0, True)], {"0"}),
        ([(1, False), (0, True), (0, False)], {"1"}),
        ([(1, False), (0, True), (0, True)], {"1", "2"}),
        ([(1, False), (0, False), (0, False)], {"0"}),
        ([(0, False), (0, False)], {"0", "1"}),
        ([(0, True), (0, False)], {"0"}),
        ([(2, True), (3, True), (0, True)], {"0", "1"}),
        ([(1, False), (0, None)], {"1"}),
    ],
)
def test_weights_of_zero_count_only_when_no_other_record_is_healthy(records: Any, said: Any) -> None:
    assert weighted(*records) == said


@pytest.mark.parametrize(
    "records",
    [
        (),
        (Record("n", "A", "a", None, "PRIMARY"), Record("n", "A", "b", None, weight=1)),
        (Record("n", "A", "a", None, "PRIMARY"), Record("n", "A", "b", None, "PRIMARY")),
        (Record("n", "A", "a", None, "SECONDARY"),),
    ],
)
def test_a_set_that_route53_would_refuse_is_refused(records: Any) -> None:
    with pytest.raises(UnsupportedError):
        answers(records, {})


def test_records_alone_and_in_groups_are_gathered_and_simple_ones_left_out() -> None:
    template = read("""
Resources:
  Alone: {Type: AWS::Route53::RecordSet, Properties: {Name: a, Type: A, SetIdentifier: x, Weight: "0"}}
  Simple: {Type: AWS::Route53::RecordSet, Properties: {Name: b, Type: A}}
  Group:
    Type: AWS::Route53::RecordSetGroup
    Properties: {RecordSets: [{Name: c., Type: A, SetIdentifier: y, Failover: PRIMARY, HealthCheckId: h}]}
""")
    routing = gather([deploy(template), Stack("eu-west-1", {}, {}, {})])
    assert routing.records == (
        Record("a", "A", "x", None, None, 0),
        Record("c.", "A", "y", "h", "PRIMARY", None),
    )
    assert routing.of("c") == routing.records[1:]
