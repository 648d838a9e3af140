"""Measure everything, write the page, and say which goals were met."""

from __future__ import annotations

import argparse
import sys
from itertools import chain
from pathlib import Path

from benchmarks import deployment, recoveries
from benchmarks.page import page
from benchmarks.scenarios import Result, results


def main(arguments: list[str] | None = None) -> int:
    """Return 0 when every goal was met, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--times", type=int, default=9, help="runs of each command; the median counts")
    parser.add_argument("--lint-times", type=int, default=3, help="runs of lint, which takes longest")
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks.md"), help="page to write")
    parser.add_argument("--drills", type=Path, help="folder of recoveries: played there, or taken from a run before")
    chosen = parser.parse_args(arguments)
    found: list[Result] = []
    for result in chain(
        results(chosen.times, chosen.lint_times), deployment.results(chosen.times), recoveries.results(chosen.drills)
    ):
        found.append(result)
        for goal in result.goals:
            verdict = "met" if goal.met else "MISSED"
            print(f"{verdict:6}  {goal.ratio:5.2f} (at most {goal.most:.2f})  {goal.name}", file=sys.stderr)
    chosen.out.write_text(page(found, chosen.times), encoding="utf-8")
    return 0 if all(goal.met for result in found for goal in result.goals) else 1


if __name__ == "__main__":
    raise SystemExit(main())
