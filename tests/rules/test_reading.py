"""The reader of templates answers conditions, and says what it knows of a value and no more."""

from __future__ import annotations

from typing import Any

import pytest

from generator.rules._reading import Reading
from generator.rules._values import holes, number, target, text, truth


def one(properties: Any, **template: Any) -> list[Any]:
    """Return the variants of a template's only resource."""
    body = {"Type": "AWS::SNS::Topic", "Properties": properties, **template.pop("body", {})}
    (resource,) = Reading({"Resources": {"Topic": body}, **template}).resources()
    return list(resource.variants)


def test_each_side_of_a_condition_is_a_variant() -> None:
    assert one({"A": {"Fn::If": ["X", 1, 2]}}) == [{"A": 1}, {"A": 2}]


def test_properties_under_one_condition_stay_together() -> None:
    both = one({"A": {"Fn::If": ["X", 1, 2]}, "B": {"Fn::If": ["X", 1, {"Ref": "AWS::NoValue"}]}})
    assert both == [{"A": 1, "B": 1}, {"A": 2}]


def test_a_condition_that_denies_another_follows_it() -> None:
    conditions = {"X": {"Fn::Equals": ["a", "b"]}, "NotX": {"Fn::Not": [{"Condition": "X"}]}}
    both = one({"A": {"Fn::If": ["X", 1, 2]}, "B": {"Fn::If": ["NotX", 1, 2]}}, Conditions=conditions)
    assert both == [{"A": 1, "B": 2}, {"A": 2, "B": 1}]


def test_one_parameter_is_not_two_things_at_once() -> None:
    conditions = {name: {"Fn::Equals": [{"Ref": "Size"}, name]} for name in ("A", "B")}
    either = one({"A": {"Fn::If": ["A", 1, 2]}, "B": {"Fn::If": ["B", 1, 2]}}, Conditions=conditions)
    assert {"A": 1, "B": 1} not in either and len(either) == 3


def test_a_condition_of_a_condition_and_a_comparison_follows_both() -> None:
    conditions = {
        "X": {"Fn::Equals": ["a", {"Ref": "P"}]},
        "Y": {"Fn::And": [{"Fn::Not": [{"Condition": "X"}]}, {"Fn::Equals": ["b", {"Ref": "Q"}]}]},
    }
    found = one({"A": {"Fn::If": ["X", 1, 2]}, "B": {"Fn::If": ["Y", 1, 2]}}, Conditions=conditions)
    assert {"A": 1, "B": 1} not in found and {"A": 2, "B": 1} in found


def test_a_resource_is_only_looked_at_where_it_exists() -> None:
    assert one({"A": {"Fn::If": ["X", 1, 2]}}, body={"Condition": "X"}) == [{"A": 1}]


def test_many_conditions_stay_a_bounded_number_of_variants() -> None:
    many = {f"P{index}": {"Fn::If": [f"C{index:02}", 1, 2]} for index in range(20)}
    assert len(one(many)) <= 2**7


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("a", "a"),
        (5, "5"),
        ({"Ref": "X"}, "${X}"),
        ({"Fn::GetAtt": ["X", "Arn"]}, "${X.Arn}"),
        ({"Fn::GetAtt": "X.Arn"}, "${X.Arn}"),
        ({"Fn::Sub": "a-${X}"}, "a-${X}"),
        ({"Fn::Sub": ["a-${v}", {"v": {"Ref": "X"}}]}, "a-${X}"),
        ({"Fn::Join": ["-", ["a", {"Ref": "X"}]]}, "a-${X}"),
        ({"Fn::ImportValue": "x"}, "${Fn::ImportValue}"),
        ({"Fn::Sub": []}, "${}"),
        (None, "${}"),
    ],
)
def test_text_says_what_is_known_and_leaves_the_rest_open(value: Any, said: Any) -> None:
    assert text(value) == said


def test_a_target_is_the_whole_value_and_not_a_part() -> None:
    assert target({"Fn::GetAtt": ["X", "Arn"]}) == "X"
    assert target({"Fn::Sub": "${X}"}) == "X"
    assert target({"Fn::Sub": "a-${X}"}) is None
    assert holes({"Fn::Sub": "${A}-${!B}-${C.D}"}) == ("A", "C.D")


def test_what_cloudformation_takes_as_text_is_read_as_what_it_means() -> None:
    assert truth("True") is True and truth("false") is False and truth({"Ref": "X"}) is None
    assert number("8.5") == 8.5 and number(True) is None and number("x") is None


@pytest.mark.parametrize("template", [None, [], "", {"Resources": []}, {"Resources": {"A": 1, 2: {}}}])
def test_what_is_no_template_has_no_resources(template: Any) -> None:
    assert list(Reading(template).resources()) == []


def test_a_path_that_goes_through_a_function_ends_where_the_template_has_it() -> None:
    reading = Reading({"Resources": {"A": {"Properties": {"B": {"Fn::If": ["X", 1, 2]}}}}})
    assert reading.locate(["Resources", "A", "Properties", "B", "C", 0]) == [
        "Resources",
        "A",
        "Properties",
        "B",
    ]
