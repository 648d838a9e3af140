"""What is measured, and what it is held against. Only ratios are goals."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from keyword import iskeyword
from pathlib import Path

from benchmarks.measure import ROOT, Measured, python, turns
from generator.config.regions import REGIONS

ENVIRONMENTS = (1, 10, 100)
REGION_COUNTS = (2, 5, 10)
FLOOR_RATIO = 2.5

IMPORTABLE = """
import importlib, sys
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except Exception:
        continue
    print(name)
"""
"""Prints those of the names that can be imported by themselves; some exist in ``sys.modules`` only."""


@dataclass(frozen=True)
class Goal:
    """A ratio that was measured, and the most that it may be."""

    name: str
    ratio: float
    most: float

    @property
    def met(self) -> bool:
        """Tell whether the goal is met."""
        return self.ratio <= self.most


@dataclass(frozen=True)
class Result:
    """One table of the page: what each row measured, and the goals that follow."""

    title: str
    note: str
    rows: tuple[tuple[str, Measured | tuple[str, ...]], ...]
    goals: tuple[Goal, ...]
    headings: tuple[str, ...] = ("seconds", "MiB")


def results(times: int, lint_times: int) -> Iterator[Result]:
    """Return every table, in the page's order, each as soon as it is measured."""
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        yield build_against_floor(place, times)
        yield growth_with_environments(place, max(3, times // 3))
        yield growth_with_regions(place, times)
        yield imports(times)
        yield lint_on_processors(lint_times)


def build_against_floor(place: Path, times: int) -> Result:
    """Measure ``build`` against an interpreter that imports the same and does nothing."""
    build = python("-m", "generator", "build", "--out", str(place / "templates"))
    names = _imported_by(build[1:])
    floor = python("-c", "import " + ", ".join(names))
    measured = turns({"floor": floor, "build": build}, times)
    return Result(
        "Build",
        f"The floor is an interpreter that imports the {len(names)} modules of others that `build` imports, and"
        " nothing of ours. `build` makes every template and finds every package built.",
        (("interpreter and imports alone", measured["floor"]), ("`build`", measured["build"])),
        (Goal("`build` against the floor", measured["build"].seconds / measured["floor"].seconds, FLOOR_RATIO),),
    )


def growth_with_environments(place: Path, times: int) -> Result:
    """Measure one process that builds 1, 10 and 100 environments."""
    commands = {}
    for count in ENVIRONMENTS:
        folder = place / f"environments-{count}"
        folder.mkdir()
        for index in range(count):
            (folder / f"{index:03}.yaml").write_text(environment(2, f"bench{index}"))
        commands[str(count)] = python("-m", "benchmarks.many", str(folder), str(place / f"out-{count}"))
    measured = turns(commands, times)
    some, many = (measured[str(count)] for count in ENVIRONMENTS[1:])
    linear = ENVIRONMENTS[2] / ENVIRONMENTS[1]
    return Result(
        "Environments",
        "One process that loads and builds that many environments, each into a folder of its own.",
        tuple((f"{count}", measured[str(count)]) for count in ENVIRONMENTS),
        (Goal("100 environments against 10, over linear growth", many.seconds / some.seconds / linear, 1.0),),
    )


def growth_with_regions(place: Path, times: int) -> Result:
    """Measure ``build`` for 2, 5 and 10 regions."""
    commands = {}
    for count in REGION_COUNTS:
        path = place / f"regions-{count}.yaml"
        path.write_text(environment(count, "bench"))
        commands[str(count)] = python("-m", "generator", "build", str(path), "--out", str(place / "t"), "--no-packages")
    measured = turns(commands, times)
    fewest, most = measured[str(REGION_COUNTS[0])], measured[str(REGION_COUNTS[-1])]
    linear = REGION_COUNTS[-1] / REGION_COUNTS[0]
    return Result(
        "Regions",
        "`build --no-packages` for an environment of that many data regions. No template depends on their number.",
        tuple((f"{count}", measured[str(count)]) for count in REGION_COUNTS),
        (Goal("10 regions against 2, over linear growth", most.seconds / fewest.seconds / linear, 1.0),),
    )


def imports(times: int) -> Result:
    """Measure what each function's module adds to a bare interpreter: what a cold start waits for."""
    from generator.imports import handlers

    commands = {"": python("-c", "pass"), "boto3, psycopg": python("-c", "import boto3, psycopg")}
    commands |= {name: python("-c", f"import {name}") for name in handlers()}
    measured = turns(commands, times)
    bare = measured.pop("")
    own = {
        name: Measured(max(0.0, each.seconds - bare.seconds), max(0.0, each.mebibytes - bare.mebibytes))
        for name, each in measured.items()
    }
    usual = own.pop("boto3, psycopg")
    return Result(
        "Imports of the functions",
        "Beyond a bare interpreter, for each handler's module; boto3 and the driver are imported when first used.",
        (("`import boto3, psycopg`, as is usual", usual), *((f"`{name}`", each) for name, each in own.items())),
        (Goal("the probe's import against `import boto3, psycopg`", own["prove_writer"].seconds / usual.seconds, 0.5),),
    )


def lint_on_processors(times: int) -> Result:
    """Measure ``lint`` of the whole library in the example's regions on one process and on two."""
    commands = {
        str(count): python("-m", "generator", "lint", "--processes", str(count), "--format", "json") for count in (1, 2)
    }
    measured = turns(commands, times)
    return Result(
        "Lint",
        "`lint` of every template for the example's regions. The memory is the parent's alone on two processes.",
        (("one process", measured["1"]), ("two processes", measured["2"])),
        (Goal("two processes against one", measured["2"].seconds / measured["1"].seconds, 0.9),),
    )


def environment(count: int, suffix: str) -> str:
    """Return an environment file of that many data regions."""
    names = [name for name, region in REGIONS.items() if region.global_database and not region.opt_in][:count]
    regions = {
        name: {"role": "standby" if index else "origin", "range": f"10.{index}.0.0/16"}
        for index, name in enumerate(names)
    }
    return json.dumps(
        {
            "suffix": suffix,
            "accounts": {"workload": "111122223333"},
            "regions": regions,
            "dns": {"domain": "db.example.com"},
            "database": {"engine_version": "16.8"},
            "people": ["oncall@example.com"],
        }
    )


def _imported_by(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """Return the modules of others that ``python -m generator …`` imports, in the order of their import."""
    code = (
        "import sys; before = set(sys.modules)\n"
        "from generator.cli.app import main; main(sys.argv[1:])\n"
        "ours = ('generator', 'recovery', 'benchmarks', '__')\n"
        "print('\\n'.join(m for m in sys.modules if m not in before and not m.startswith(ours)))"
    )
    done = subprocess.run(
        python("-c", code, *arguments[2:]), cwd=ROOT, text=True, capture_output=True, check=True
    ).stdout.split()
    words = [name for name in done if all(part.isidentifier() and not iskeyword(part) for part in name.split("."))]
    return tuple(
        subprocess.run(
            python("-c", IMPORTABLE, *words), cwd=ROOT, text=True, capture_output=True, check=True
        ).stdout.split()
    )
