"""How long a recovery takes in real time: drills at speed 1, some of each kind of probe, against their floors.

The floor is what the configured intervals cost on average if every call were answered at once
(:mod:`twin.drill.shares`); a drill's own turns are drawn by its seed, so the median of several is held against it. They
are played side by side: at speed 1 each of them mostly waits. The picture of the first kind's median is the README's.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.measure import ROOT, python
from benchmarks.scenarios import Goal, Result

DRILLS = ("region-loss", "region-loss-by-endpoint")
TIMES = 3
"""How often each is played: an odd number, so that the median is one of them."""
MOST = 1.3
"""The most that a recovery may take, of its floor."""
PICTURE = ROOT / "docs" / "region-loss.svg"
HEADINGS = (
    "probe", "RTO, s", "of all, s", "floor, s", "× the floor", "budget, s", "promotion, s", "lost rows", "verdict",
)  # fmt: skip
NOTE = """\
Drills at speed 1, on real PostgreSQL: of each kind the one with the median RTO, and the RTO of **all**. **Floor** is
what the configured intervals cost on average if every call were answered at once, each wait for a clock's turn counted
as half its interval; **budget** is the longest that each part may take as configured; **promotion** is PostgreSQL's
own: Aurora's takes minutes where PostgreSQL's takes less than a second, so add it."""
PARTS_NOTE = (
    "The same drills: seconds that were measured, of the floor, of the budget. A dash: it could not be told apart."
)


def results(kept: Path | None = None) -> Iterator[Result]:
    """Return the tables of recoveries, played now; each drill takes some minutes. Raises RuntimeError.

    kept: a folder that they are played into, unless a run before has played them there.
    """
    with tempfile.TemporaryDirectory() as made:
        folder = kept or Path(made)
        drawn = [(name, folder / f"{name}-{seed}", seed) for name in DRILLS for seed in range(TIMES)]
        with ThreadPoolExecutor(len(drawn)) as side_by_side:
            played = list(side_by_side.map(lambda each: _played(*each), drawn))
        groups = [sorted(played[at : at + TIMES], key=_rto) for at in range(0, len(played), TIMES)]
        drills = [group[TIMES // 2] for group in groups]
        shutil.copyfile(drills[0]["picture"], PICTURE)
    rows = tuple(map(_row, drills, groups))
    yield Result("Recoveries", NOTE, rows, tuple(map(_goal, drills)), HEADINGS)
    parts = [each["part"] for each in drills[0]["result"]["shares"]]
    yield Result("Where the time of a recovery goes", PARTS_NOTE, tuple(map(_parts, drills)), (), tuple(parts))


def _rto(drill: Mapping[str, Any]) -> float:
    """Return the seconds without writes; infinite where they never came back."""
    return float(drill["result"]["rto_seconds"] or "inf")


def _played(name: str, place: Path, seed: int) -> dict[str, Any]:
    """Play a drill at speed 1, unless it was, and return its document, whatever the verdict.

    ``picture`` is its picture's path.
    """
    report = place / f"{name}.json"
    if not report.exists():
        command = python("-m", "generator", "drill", name, "--speed", "1", "--seed", str(seed), "--out", str(place))
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if not report.exists():
            raise RuntimeError(f"the drill {name} ended in {done.returncode}: {done.stderr[-500:]}")
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return {**found, "picture": place / f"{name}.svg"}


def _ratio(drill: Mapping[str, Any]) -> float:
    return _rto(drill) / float(drill["result"]["floor_seconds"])


def _goal(drill: Mapping[str, Any]) -> Goal:
    return Goal(f"RTO of `{drill['history']['scenario']}` in real time against its floor", _ratio(drill), MOST)


def _row(drill: Mapping[str, Any], group: Sequence[Mapping[str, Any]] = ()) -> tuple[str, tuple[str, ...]]:
    history, result = drill["history"], drill["result"]
    shares = {each["part"]: each for each in result["shares"]}
    return f"`{history['scenario']}`", (
        history["probe"],
        f"{_rto(drill):.1f}",
        ", ".join(f"{_rto(each):.0f}" for each in group or [drill]),
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
