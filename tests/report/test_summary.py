"""Many drills at a glance: the table, and JUnit's XML as continuous integration reads it."""

from __future__ import annotations

import io
from dataclasses import replace
from xml.etree import ElementTree

from rich.console import Console

from tests.drill.histories import INTERVALS, OBJECTIVES, A, quiet, region_loss, switchover
from twin.drill.judge import judge
from twin.report.document import command
from twin.report.summary import Drill, junit, table


def drills() -> list[Drill]:
    gone = region_loss(scenario="never-back", writes=tuple(w for w in region_loss().writes if w.region == A))
    return [(each, judge(each, INTERVALS, OBJECTIVES)) for each in (region_loss(), switchover(), quiet(), gone)]


def test_the_table_has_a_row_for_each_drill_and_says_why_one_is_broken() -> None:
    console = Console(file=io.StringIO(), width=160, color_system=None)
    console.print(table(drills()))
    assert isinstance(console.file, io.StringIO)
    page = console.file.getvalue()
    rows = {line.split()[0]: line for line in page.splitlines()}
    assert "✓ held" in rows["region-loss"]
    assert "185.0 s" in rows["region-loss"]
    assert "4.2 s" in rows["planned-switchover"]
    assert "✗ broken" in rows["never-back"]
    assert "(RTO" in rows["never-back"]


def test_junit_has_a_case_for_each_thing_that_had_to_hold() -> None:
    played = drills()
    root = ElementTree.fromstring(junit(played))
    assert [suite.get("name") for suite in root] == [f"drill.{history.scenario}" for history, _ in played]
    for suite, (_, result) in zip(root, played, strict=True):
        assert len(suite) == int(suite.get("tests", "")) == len(result.findings)
        assert len(suite.findall("*/failure")) == int(suite.get("failures", ""))
        assert len(suite.findall("*/skipped")) == int(suite.get("skipped", ""))
    assert root.find("testsuite[@name='drill.never-back']//failure") is not None
    assert root.find("testsuite[@name='drill.region-loss']//failure") is None


def test_the_command_of_a_report_plays_the_same_drill_again() -> None:
    assert command(region_loss(seed=7, speed=10.0)) == "python -m generator drill region-loss --speed 10 --seed 7"
    random = region_loss(scenario="random-7", asked="--random", seed=7, speed=1.0)
    assert command(random) == "python -m generator drill --random --speed 1 --seed 7"


def test_a_drill_that_could_not_be_played_is_an_error_and_a_row() -> None:
    root = ElementTree.fromstring(junit(drills(), {"zombie-returns": "the cloud did not start\x00"}))
    suite = root.find("testsuite[@name='drill.zombie-returns']")
    assert suite is not None and suite.get("errors") == "1" and suite.find("*/error") is not None
    console = Console(file=io.StringIO(), width=160, color_system=None)
    console.print(table([], {"zombie-returns": "the cloud did not start"}))
    assert isinstance(console.file, io.StringIO)
    assert "✗ not played" in console.file.getvalue() and "did not start" in console.file.getvalue()


def test_junit_can_be_read_whatever_a_server_has_said() -> None:
    history, result = drills()[0]
    odd = replace(result.findings[0], held=False, reason="<&\x00\x1b[31m\ud7ff>")
    ElementTree.fromstring(junit([(history, replace(result, findings=(odd,)))]))
