"""``.taskcat.yml`` names every template that can stand alone, in two regions, with all that it asks for."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from generator.catalog import STACKS
from generator.intrinsics import read
from generator.links import Observed, Output
from generator.shape import Shape

ROOT = Path(__file__).resolve().parents[1]
FILE = yaml.safe_load((ROOT / ".taskcat.yml").read_text(encoding="utf-8"))
TESTS: dict[str, dict[str, Any]] = FILE["tests"]


def regions(test: dict[str, Any]) -> list[str]:
    return list(test.get("regions", FILE["project"]["regions"]))


def template(test: dict[str, Any]) -> dict[str, Any]:
    return read((ROOT / test["template"]).read_text(encoding="utf-8"))


def test_every_template_that_takes_nothing_in_is_deployed_in_two_regions() -> None:
    alone = {
        f"templates/{stack.name}.yaml"
        for stack in STACKS
        if not any(isinstance(each.source, Output | Observed) for each in stack.inputs(Shape()))
    }
    found: dict[str, set[str]] = {}
    for test in TESTS.values():
        found.setdefault(test["template"], set()).update(regions(test))
    assert found.keys() == alone
    assert {name for name, where in found.items() if len(where) < 2} == set()


def test_every_parameter_is_given_and_known() -> None:
    for name, test in TESTS.items():
        declared = template(test)["Parameters"]
        given = test["parameters"]
        assert set(given) <= set(declared), name
        assert {each for each, body in declared.items() if "Default" not in body} <= set(given), name
        assert all(isinstance(value, str) for value in given.values()), name


def test_no_two_tests_of_a_template_share_a_region_and_a_suffix() -> None:
    used = Counter(
        (test["template"], region, test["parameters"]["Suffix"]) for test in TESTS.values() for region in regions(test)
    )
    assert [each for each, count in used.items() if count > 1] == []


def test_names_without_a_region_are_made_once_in_an_account() -> None:
    for name in ("templates/global-database.yaml", "templates/stackset-roles.yaml"):
        suffixes = [
            test["parameters"]["Suffix"] for test in TESTS.values() if test["template"] == name for _ in regions(test)
        ]
        assert len(suffixes) == len(set(suffixes)), name


def test_nothing_is_packed_with_docker() -> None:
    assert FILE["project"]["package_lambda"] is False
