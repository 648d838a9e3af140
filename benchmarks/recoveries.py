"""Writes ``docs/recovery-times.md`` from drills that were played: ``python -m benchmarks.recoveries FILE.json …``.

The files are what ``drill`` leaves beside its reports; nothing is measured here.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[1] / "docs" / "recovery-times.md"

_HEAD = """\
# Recovery times

<!-- Written by `python -m benchmarks.recoveries FILE.json …` from drills that were played. -->

What drills measured on one machine with two cores. **Floor** is the least that the configured intervals allow if every
call were answered at once ([how it is counted](../twin/drill/shares.py)), **budget** the longest that each part may
take as configured, **promotion** PostgreSQL's own. Aurora's promotion takes minutes where PostgreSQL's takes less than
a second: add it.

| drill | probe | mode | speed | RTO, s | floor, s | × the floor | budget, s | promotion, s | lost rows | verdict |
|---|---|---|---|---|---|---|---|---|---|---|
"""


def page(drills: list[dict[str, Any]]) -> str:
    """Return the page for drills as their JSON has them."""
    return _HEAD + "".join(map(_row, drills)) + "\n## Where the time went\n\n" + "".join(map(_parts, drills))


def _row(drill: dict[str, Any]) -> str:
    history, result = drill["history"], drill["result"]
    shares = {each["part"]: each for each in result["shares"]}
    seconds = result["rto_seconds"] or 0.0
    cells = (
        f"`{history['scenario']}`",
        history["probe"],
        history["mode"],
        f"{history['speed']:g}",
        f"{seconds:.1f}",
        f"{result['floor_seconds']:.1f}",
        f"{seconds / result['floor_seconds']:.2f}" if result["floor_seconds"] else "–",
        f"{result['budget_seconds']:.0f}",
        f"{shares['promoting']['floor']:.2f}" if "promoting" in shares else "–",
        str(result["rpo_rows"]),
        "held" if result["held"] else "broken",
    )
    return f"| {' | '.join(cells)} |\n"


def _parts(drill: dict[str, Any]) -> str:
    said = [
        f"{each['part']} {each['measured']:.1f} (floor {each['floor']:.1f}, budget {each['budget']:.0f})"
        for each in drill["result"]["shares"]
        if each["measured"] is not None
    ]
    history = drill["history"]
    return f"- `{history['scenario']}` at speed {history['speed']:g}: {', '.join(said)}\n"


if __name__ == "__main__":
    PAGE.write_text(
        page([json.loads(Path(each).read_text(encoding="utf-8")) for each in sys.argv[1:]]), encoding="utf-8"
    )
