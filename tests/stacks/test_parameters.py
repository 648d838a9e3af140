"""A parameter says what it means and what it may hold, is used, and is grouped in the console's form."""

from __future__ import annotations

import json
import re
from typing import Any

from generator.inputs import BY_NAME
from generator.slots import NONE
from tests.stacks.conftest import SHAPES, built

Library = dict[str, dict[str, Any]]
CONSTRAINTS = {"AllowedPattern", "AllowedValues", "MinValue", "MaxValue", "MinLength", "MaxLength"}


def references(template: dict[str, Any]) -> set[str]:
    text = json.dumps({key: template.get(key, {}) for key in ("Conditions", "Resources", "Outputs")})
    return set(re.findall(r'{"Ref": "(\w+)"}', text)) | set(re.findall(r"\${(\w+)}", text))


def test_every_parameter_is_used(library: Library) -> None:
    for name, template in library.items():
        assert set(template.get("Parameters", {})) <= references(template), name


def test_every_parameter_is_described_and_constrained_by_pattern_values_or_type(library: Library) -> None:
    for template in library.values():
        for name, parameter in template.get("Parameters", {}).items():
            assert parameter["Description"].endswith("."), name
            typed = parameter["Type"] not in ("String", "Number", "CommaDelimitedList")
            assert typed or CONSTRAINTS & set(parameter), name
            assert "AllowedPattern" not in parameter or "ConstraintDescription" in parameter, name


def test_every_parameter_that_is_registered_is_in_a_template() -> None:
    used = {name for shape in SHAPES for template in built(shape).values() for name in template.get("Parameters", {})}
    assert used == set(BY_NAME)


def test_the_console_form_groups_and_labels_every_parameter(library: Library) -> None:
    for name, template in library.items():
        form = template["Metadata"]["AWS::CloudFormation::Interface"]
        grouped = [each for group in form["ParameterGroups"] for each in group["Parameters"]]
        assert sorted(grouped) == sorted(template.get("Parameters", {})), name
        assert set(form["ParameterLabels"]) == set(grouped), name


def test_a_default_matches_its_own_constraint_and_names_nothing(library: Library) -> None:
    for template in library.values():
        for name, parameter in template.get("Parameters", {}).items():
            if "Default" not in parameter:
                continue
            default = str(parameter["Default"])
            if "AllowedPattern" in parameter:
                listed = parameter["Type"] == "CommaDelimitedList"
                assert all(re.search(parameter["AllowedPattern"], each) for each in default.split(",") if listed), name
                assert listed or re.search(parameter["AllowedPattern"], default), name
            if parameter["Type"] != "Number":
                assert set(default.split(",")) == {NONE}, f"{name}: a default must decide nothing (trap 44)"


def test_no_parameter_says_who_is_active(library: Library) -> None:
    for template in library.values():
        names = " ".join(template.get("Parameters", {})).lower()
        assert "primary" not in names and "active" not in names
