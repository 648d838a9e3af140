"""What a template, a trap or a rule is, why, and where, taken from where it is written."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from generator.catalog import NAMES
from generator.errors import Exit, UsageError
from generator.explain import cited, explain, traps

ROOT = Path(__file__).resolve().parents[2]


def test_every_section_of_the_page_is_a_trap_with_a_text() -> None:
    headings = re.findall(r"^### (\S+) · ", (ROOT / "docs/traps.md").read_text(), re.MULTILINE)
    assert headings
    assert list(traps()) == headings
    assert all(title and text for title, text in traps().values())


@pytest.mark.parametrize("name", ["28", "trap 28", "Trap-28", "E9028", "e9028"])
def test_a_trap_is_found_by_its_number_and_by_its_rule(name: str) -> None:
    found = explain(name)
    assert found.name == "trap 28"
    assert found.what == traps()["28"][0]
    assert "generator/rules/trap_028_unreadable_alarm.py" in found.where


def test_a_rule_leads_to_the_trap_that_its_file_is_named_for() -> None:
    assert explain("E9204").name == "trap B4"
    for path in (ROOT / "generator/rules").glob("trap_*.py"):
        (rule,) = re.findall(r'^    id = "(\w+)"', path.read_text(), re.MULTILINE)
        number = path.name.split("_")[1].lstrip("0").upper().replace("B0", "B")
        assert explain(rule).name.upper() == f"TRAP {number}"


@pytest.mark.parametrize("name", NAMES)
def test_every_template_is_explained_with_its_parameters_and_outputs(name: str) -> None:
    found = explain(name)
    assert found.what
    assert found.where[0] == f"templates/{name}.yaml"
    assert any(place.startswith("resource ") for place in found.where)
    assert not any(place.endswith(": ") for place in found.where), "a parameter or an output has no description"


def test_an_unknown_name_is_answered_with_what_is_near() -> None:
    with pytest.raises(UsageError) as caught:
        explain("netwrk")
    assert caught.value.hint == "did you mean network?"


def test_an_unknown_name_that_is_near_nothing_is_answered_with_all() -> None:
    with pytest.raises(UsageError) as caught:
        explain("qqqq")
    assert "templates: deployment, stackset-roles" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("(trap 28)", {"28"}),
        ("traps 8, 9 and 34a", {"8", "9", "34a"}),
        ("trap B4", {"B4"}),
        ("a trap of 3", set()),
        ("trap 2", {"2"}),
        ("trap 280", {"280"}),
    ],
)
def test_a_citation_is_one_number_or_several(text: str, numbers: set[str]) -> None:
    assert cited(text) == numbers


def test_every_citation_in_the_sources_is_of_a_trap_that_exists() -> None:
    known = {number.lower() for number in traps()}
    places = [path for folder in ("generator", "lambda", "recovery") for path in (ROOT / folder).rglob("*.py")]
    wrong = {
        str(path.relative_to(ROOT)): unknown
        for path in places
        if (unknown := {number for number in cited(path.read_text()) if number.lower() not in known})
    }
    assert wrong == {}


def test_the_command_shows_it_and_gives_it_to_machines() -> None:
    run = [sys.executable, "-m", "generator", "explain", "trap", "28"]
    shown = subprocess.run(run, cwd=ROOT, text=True, capture_output=True, check=True)
    assert shown.stdout.startswith("trap 28: ")
    asked = subprocess.run([*run, "--json"], cwd=ROOT, text=True, capture_output=True, check=True)
    assert set(json.loads(asked.stdout)) == {"name", "what", "why", "where"}
    assert asked.returncode == Exit.FINE
