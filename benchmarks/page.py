"""The results as a page of the docs."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version

from benchmarks.measure import Measured
from benchmarks.scenarios import Result

DISTRIBUTIONS = ("troposphere", "awacs", "pydantic", "PyYAML", "typer", "cfn-lint", "boto3", "psycopg")


def page(results: Sequence[Result], times: int) -> str:
    """Return the page's Markdown: what was measured on what, and every goal with its verdict."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench` (`python -m benchmarks`). Compiled modules are kept, as after a first start. The",
        "seconds are this machine's; the goals are ratios of two",
        f"things measured in turns in the same run, each the median of {times} runs or fewer.",
        "",
        f"Measured on {platform.system()} {platform.machine()}, {_processors()} processors, Python"
        f" {platform.python_version()}; {', '.join(f'{name} {version(name)}' for name in DISTRIBUTIONS)}.",
        "",
        "| goal | measured | at most | |",
        "|---|---:|---:|---|",
    ]
    for result in results:
        lines += [
            f"| {goal.name} | {goal.ratio:.2f} | {goal.most:.2f} | {'met' if goal.met else '**missed**'} |"
            for goal in result.goals
        ]
    for result in results:
        lines += ["", f"## {result.title}", "", result.note, "", f"| | {' | '.join(result.headings)} |"]
        lines += ["|---|" + "---:|" * len(result.headings)]
        lines += [f"| {name} | {' | '.join(_cells(each))} |" for name, each in result.rows]
    return "\n".join(lines) + "\n"


def _cells(row: Measured | tuple[str, ...]) -> tuple[str, ...]:
    return row if isinstance(row, tuple) else (f"{row.seconds:.3f}", f"{row.mebibytes:.0f}")


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
