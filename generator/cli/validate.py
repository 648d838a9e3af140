"""``validate``: is this environment file right, and can its objectives be met."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from generator.cli import environments, render
from generator.config import Environment, EnvironmentFileError, Problem, load, warnings
from generator.config.checks.decisions import budget_of
from generator.errors import Exit
from generator.resources import found


def validate(
    environment: environments.Argument = environments.DEFAULT,
    as_json: Annotated[bool, typer.Option("--json", help="Write the result as JSON.")] = False,
) -> int:
    """Check an environment file, and add up how long its recovery may take."""
    place = found(environment)
    if as_json:
        return _for_machines(place)
    loaded = load(place)
    render.doubts(warnings(loaded, place))
    sums = budget_of(loaded)
    render.table(("part", "seconds", "at most, because", "from"), sums.table(), total=True)
    objectives = loaded.objectives
    render.data(f"\nRTO {objectives.rto_seconds} s, of which {objectives.rto_seconds - sums.sum} s are left\n")
    render.data(f"RPO {objectives.rpo_seconds} s\n")
    regions = ", ".join(f"{region.name} ({region.role})" for region in loaded.all_regions)
    render.say(f"{place} is right: {regions}; DNS home region {loaded.dns_region}, home {loaded.home}", "fine")
    return Exit.FINE


def _for_machines(place: Path) -> int:
    try:
        loaded = load(place)
    except EnvironmentFileError as error:
        render.document(_result(place, error.problems, (), None))
        return error.exit
    render.document(_result(place, (), warnings(loaded, place), loaded))
    return Exit.FINE


def _result(
    place: Path, problems: tuple[Problem, ...], doubts: tuple[Problem, ...], environment: Environment | None
) -> dict[str, Any]:
    result: dict[str, Any] = {
        "file": str(place),
        "valid": environment is not None,
        "problems": [vars(problem) for problem in problems],
        "warnings": [vars(problem) for problem in doubts],
    }
    if environment is not None:
        sums = budget_of(environment)
        result["objectives"] = {
            **environment.objectives.model_dump(),
            "sum_seconds": sums.sum,
            "parts": sums.parts,
            "terms": [vars(term) for term in sums.terms],
        }
    return result
