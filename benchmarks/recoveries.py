"""How long a recovery takes in real time: two drills at speed 1, one for each kind of probe, against their floors.

The floor is the least that the configured intervals allow if every call were answered at once
(:mod:`twin.drill.shares`). The first drill's picture is the README's.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.measure import ROOT, python
from benchmarks.scenarios import Goal, Result

DRILLS = ("region-loss", "region-loss-by-endpoint")
MOST = 1.3
"""The most that a recovery may take, of its floor."""
PICTURE = ROOT / "docs" / "region-loss.svg"
HEADINGS = ("probe", "RTO, s", "floor, s", "× the floor", "budget, s", "promotion, s", "lost rows", "verdict")
NOTE = """\
Drills at speed 1, on real PostgreSQL. **Floor** is the least that the configured intervals allow if every call were
answered at once, **budget** the longest that each part may take as configured, **promotion** PostgreSQL's own: Aurora's
takes minutes where PostgreSQL's takes less than a second, so add it. A drill whose turns fall well can be below its
floor, which counts each interval whole."""
PARTS_NOTE = (
    "The same drills: seconds that were measured, of the floor, of the budget. A dash: it could not be told apart."
)


def results() -> Iterator[Result]:
    """Return the tables of recoveries, played now; each drill takes some minutes. Raises RuntimeError."""
    with tempfile.TemporaryDirectory() as made:
        drills = [_played(name, Path(made)) for name in DRILLS]
        shutil.copyfile(Path(made) / f"{DRILLS[0]}.svg", PICTURE)
    yield Result("Recoveries", NOTE, tuple(map(_row, drills)), tuple(map(_goal, drills)), HEADINGS)
    parts = [each["part"] for each in drills[0]["result"]["shares"]]
    yield Result("Where the time of a recovery goes", PARTS_NOTE, tuple(map(_parts, drills)), (), tuple(parts))


def _played(name: str, place: Path) -> dict[str, Any]:
    """Play a drill at speed 1, and return its document, whatever the verdict."""
    command = python("-m", "generator", "drill", name, "--speed", "1", "--out", str(place))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    report = place / f"{name}.json"
    if not report.exists():
        raise RuntimeError(f"the drill {name} ended in {done.returncode}: {done.stderr[-500:]}")
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return found


def _ratio(drill: Mapping[str, Any]) -> float:
    result = drill["result"]
    return float(result["rto_seconds"] or "inf") / float(result["floor_seconds"])


def _goal(drill: Mapping[str, Any]) -> Goal:
    return Goal(f"RTO of `{drill['history']['scenario']}` in real time against its floor", _ratio(drill), MOST)


def _row(drill: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    history, result = drill["history"], drill["result"]
    shares = {each["part"]: each for each in result["shares"]}
    return f"`{history['scenario']}`", (
        history["probe"],
        f"{result['rto_seconds'] or float('inf'):.1f}",
        f"{result['floor_seconds']:.1f}",
        f"{_ratio(drill):.2f}",
        f"{result['budget_seconds']:.0f}",
        f"{shares['promoting']['floor']:.2f}",
        str(result["rpo_rows"]),
        "held" if result["held"] else "**broken**",
    )


def _parts(drill: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    shares = drill["result"]["shares"]
    cells = tuple(
        f"{'–' if each['measured'] is None else format(each['measured'], '.1f')} of {each['floor']:.1f}"
        f" of {each['budget']:.0f}"
        for each in shares
    )
    return f"`{drill['history']['scenario']}`", cells
