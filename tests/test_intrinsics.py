"""Intrinsic functions are answered as CloudFormation documents them, and nothing is guessed."""

from __future__ import annotations

from typing import Any

import pytest

from generator.intrinsics import UnresolvedError, deploy, read


def value(written: str, parameters: dict[str, Any] | None = None, **keywords: Any) -> Any:
    """Return what one value of a template becomes."""
    template = read(f"""
Parameters:
  Name: {{Type: String, Default: orders}}
  Ranges: {{Type: CommaDelimitedList, Default: "a, b,none"}}
Mappings: {{Sizes: {{small: {{class: db.r6g.large}}}}}}
Conditions:
  IsOrders: !Equals [!Ref Name, orders]
  IsOther: !Not [!Condition IsOrders]
  Either: !Or [!Condition IsOther, !Equals [1, "1"]]
  Both: !And [!Condition IsOrders, !Condition IsOther]
Resources:
  Topic: {{Type: AWS::SNS::Topic, Properties: {{}}}}
  Alarm: {{Type: AWS::CloudWatch::Alarm, Properties: {{AlarmName: !Sub "${{Name}}-lost"}}}}
  Probe: {{Type: AWS::SSM::Parameter, Properties: {{Value: {written}}}}}
""")
    return deploy(template, parameters, **keywords).resources["Probe"].properties["Value"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("!Ref Name", "orders"),
        ("!Ref AWS::Region", "eu-west-1"),
        ("!Ref Ranges", ["a", "b", "none"]),
        ("!Ref Topic", "stack/eu-west-1/Topic"),
        ("!Ref Alarm", "orders-lost"),
        ("!GetAtt Topic.TopicName", "stack/eu-west-1/Topic.TopicName"),
        ('!Sub "${Name}-${AWS::AccountId}-${!literal}-${Topic.TopicName}"',
         "orders-111122223333-${literal}-stack/eu-west-1/Topic.TopicName"),
        ('!Sub ["${a}${Name}", {a: !Ref AWS::Partition}]', "awsorders"),
        ('!Join ["-", [a, !Ref Name]]', "a-orders"),
        ("!Select [1, !Ref Ranges]", "b"),
        ('!Select ["0", [x, y]]', "x"),
        ('!Split [".", a.b]', ["a", "b"]),
        ('!Join [".cluster-", !Split [".cluster-ro-", x.cluster-ro-y]]', "x.cluster-y"),
        ("!If [IsOrders, 1, 2]", 1),
        ("!If [IsOther, 1, 2]", 2),
        ("!If [Either, 1, 2]", 1),
        ("!If [Both, 1, 2]", 2),
        ("[!If [IsOther, 1, !Ref AWS::NoValue], 3]", [3]),
        ("!FindInMap [Sizes, small, class]", "db.r6g.large"),
        ("!Base64 a", "YQ=="),
        ('!GetAZs ""', ["eu-west-1a", "eu-west-1b", "eu-west-1c"]),
    ],
)  # fmt: skip
def test_a_function_gives_what_the_reference_says(written: str, said: Any) -> None:
    assert value(written) == said


def test_given_parameters_regions_and_attributes_come_first() -> None:
    assert value("!Ref Name", {"Name": "x"}) == "x"
    assert value("!Ref AWS::Region", region="eu-north-1") == "eu-north-1"
    assert value("!GetAtt Topic.TopicArn", attributes={"Topic.TopicArn": "arn:x"}) == "arn:x"
    assert value("!Select [0, !Ref Ranges]", {"Ranges": ["z"]}) == "z"


@pytest.mark.parametrize(
    "written",
    ["!Ref Nobody", "!GetAtt Nobody.Arn", "!If [Nobody, 1, 2]", "!Select [3, !Ref Ranges]", "!ImportValue x",
     "!If [IsOrders]", "!FindInMap [Sizes, large, class]", "!Join [a]"],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused(written: str) -> None:
    with pytest.raises(UnresolvedError):
        value(written)


def test_a_parameter_without_a_value_is_refused_and_so_is_one_that_is_not_declared() -> None:
    template = read("Parameters: {A: {Type: String}}\nResources: {}")
    with pytest.raises(UnresolvedError, match="parameter A"):
        deploy(template)
    with pytest.raises(UnresolvedError, match="no such parameters: B"):
        deploy(template, {"A": "1", "B": "2"})


def test_resources_and_outputs_exist_only_where_their_condition_holds() -> None:
    template = read("""
Conditions: {Yes: !Equals [a, a], No: !Equals [a, b]}
Resources:
  A: {Type: AWS::SNS::Topic, Condition: Yes}
  B: {Type: AWS::SNS::Topic, Condition: No}
Outputs:
  A: {Condition: Yes, Value: !Ref A}
  B: {Condition: No, Value: !Ref B}
""")
    stack = deploy(template, stack="s", region="eu-central-1")
    assert list(stack.resources) == ["A"] == list(stack.outputs) and stack.outputs["A"] == "s/eu-central-1/A"


@pytest.mark.parametrize("text", ["", "[]", "a: [", "just words"])
def test_what_is_no_template_is_refused(text: str) -> None:
    with pytest.raises(UnresolvedError):
        read(text)
