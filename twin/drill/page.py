"""Writes ``docs/drills.md``, the scenarios from their files: ``python -m twin.drill.page``. A test holds it current."""

from __future__ import annotations

from pathlib import Path

from twin.drill.scenario import Scenario, every

PAGE = Path(__file__).resolve().parents[2] / "docs" / "drills.md"

_HEAD = """\
# Drills

<!-- Written by `python -m twin.drill.page` from twin/scenarios/; a test holds it current. -->

A drill deploys an environment into a local cloud of its own, has an application write to it, breaks something, lets
people recover it with the [commands](runbook/README.md), and judges what the application and PostgreSQL saw:

    make drill                                          # the active region is lost, ten times as fast as it would be
    python -m generator drill database-hung --speed 1   # another scenario, in real time
    python -m generator drill --list
    python -m generator drill --all                     # every scenario: a table, and build/drill/junit.xml
    python -m generator drill --random --seed 7         # faults drawn by chance, the same for the same seed
    python -m generator drill read-only --load loaded --again   # with much to do, and once more when all is whole again
    python -m generator drill --crossed                 # the first faults idle and loaded, each once and again

It ends with 0 when everything held, and with 5 when an objective or an invariant was broken. The report is one HTML
file beside a JSON file in `build/drill/`. With `--again` everything is given back after the first round, `status` has
to find nothing, and the second round is played from where the writer is now; it has a report of its own. What a
scenario may say is in [twin/drill/scenario.py](../twin/drill/scenario.py); give `drill` the path of one of your own.
The numbers are those of the [faults](faults.md), where the invariants are too. Durations are as configured, and divided
by the speed ([why](decisions/0016-intervals-are-divided.md)).

| scenario | what happens | why | faults |
|---|---|---|---|
"""


def page() -> str:
    """Return the page."""
    return _HEAD + "".join(_row(each) for each in every())


def _row(scenario: Scenario) -> str:
    where = "" if scenario.environment == "example" else f" ({scenario.environment})"
    return f"| `{scenario.name}`{where} | {scenario.title} | {scenario.why} | {', '.join(scenario.faults)} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
