"""Imports run one way; what each part may import is said here once, and every module is read for it."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PARTS = ("generator", "recovery", "lambda", "twin")

ABOVE = ("generator.catalog", "generator.cli", "generator.build")
FORBIDDEN = {
    "recovery": ("generator", "twin", "lambda", "boto3", "botocore", "pydantic", "troposphere", "yaml"),
    "lambda": ("generator", "twin", "troposphere", "pydantic", "yaml", "cfnlint"),
    "twin": ("generator.cli",),
    "generator/inputs": ("generator.stacks", "generator.policies", "generator.config", *ABOVE),
    "generator/policies": ("generator.stacks", "generator.config", *ABOVE),
    "generator/stacks": ("generator.config", "generator.values", "generator.placement", *ABOVE),
    "generator/config": ("generator.stacks", "generator.policies", *ABOVE),
    "generator/rules": ("generator.stacks", "generator.config", *ABOVE),
    "generator/plan": ("generator.aws", "boto3", "botocore", *ABOVE[1:]),
    "generator/aws": ("generator.cli",),
    "generator": ("tests", "lambda"),
}
"""What a part must not import. The planner may read the catalogue, and touches nothing."""

ONLY = {
    ("boto3", "botocore"): ("generator/aws", "lambda", "twin"),
    ("cfnlint",): ("generator/lint", "generator/rules"),
    ("twin",): ("generator/cli", "twin"),
}
"""What only some parts may import, and which."""
PRINTS = ("generator/cli/render.py",)


def modules() -> list[Path]:
    return sorted(path for part in PARTS for path in (ROOT / part).rglob("*.py"))


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def within(name: str, places: tuple[str, ...]) -> bool:
    return any(name == place or name.startswith((f"{place}.", f"{place}/")) for place in places)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_nothing_that_its_part_must_not(path: Path) -> None:
    place = str(path.relative_to(ROOT))
    names = imported(path)
    for part, forbidden in FORBIDDEN.items():
        if within(place, (part,)):
            assert not [name for name in names if within(name, forbidden)], place
    for packages, parts in ONLY.items():
        if not within(place, parts):
            assert not [name for name in names if within(name, packages)], place


@pytest.mark.parametrize("path", sorted((ROOT / "recovery").glob("*.py")), ids=lambda path: path.stem)
def test_recovery_needs_nothing_but_the_standard_library(path: Path) -> None:
    others = {name.split(".")[0] for name in imported(path)} - set(sys.stdlib_module_names) - {"recovery"}
    assert not others


def test_no_decision_reads_a_clock() -> None:
    clocks = ("time", "datetime")
    assert not [
        path.name for path in (ROOT / "recovery").glob("*.py") if any(within(n, clocks) for n in imported(path))
    ]


def test_only_one_module_of_the_command_line_prints() -> None:
    printing = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "generator" / "cli").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    assert printing <= set(PRINTS)
