"""No template makes a rule fail: whatever stands in a property, the rule looks and goes on."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml
from cfnlint.rules import Rules
from cfnlint.template import Template
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FOLDER = Path(__file__).parent / "templates"
SEEDS = [yaml.safe_load(file.read_text()) for file in sorted(FOLDER.glob("**/*.yaml"))]

names = st.sampled_from(["IsOrigin", "Database", "AWS::Region", "AWS::NoValue", "", "\n"])
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | names
values = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(names | st.text(max_size=8), inner, max_size=3)
        | st.builds(lambda key, value: {key: value}, st.sampled_from(["Ref", "Fn::Sub", "Fn::Join"]), inner)
        | st.builds(lambda key, value: {key: value}, st.sampled_from(["Fn::GetAtt", "Fn::If"]), inner)
        | st.builds(lambda *parts: {"Fn::If": list(parts)}, names, inner, inner)
    ),
    max_leaves=6,
)


def paths(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of all nodes below the top."""
    below = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [found for key, value in below for found in [(*path, key), *paths(value, (*path, key))]]


@st.composite
def spoiled(draw: st.DrawFn) -> dict[str, Any]:
    """Return one of the known templates with up to three of its nodes replaced by anything."""
    template: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 3))):
        *above, last = draw(st.sampled_from(paths(template)))
        node: Any = template
        for step in above:
            node = node[step]
        node[last] = draw(values)
        if not isinstance(template, dict) or not paths(template):
            break
    return template


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(template=spoiled())
def test_rules_never_fail_on_a_template(template: dict[str, Any], own_rules: Rules) -> None:
    cfn = Template("fuzz.yaml", template, ["eu-west-1"])
    for rule in own_rules.values():
        for match in rule.match(cfn):
            assert match.message and isinstance(match.path, list)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(resources=st.dictionaries(st.text(min_size=1, max_size=5), values, max_size=4))
def test_rules_never_fail_on_what_is_hardly_a_template(resources: dict[str, Any], own_rules: Rules) -> None:
    cfn = Template("fuzz.yaml", {"Resources": resources}, ["eu-west-1"])
    assert all(rule.match(cfn) is not None for rule in own_rules.values())
