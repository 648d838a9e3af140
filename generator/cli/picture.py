"""What went where: a row for each stack, a column for each region."""

from __future__ import annotations

from generator.cli import render
from generator.config import Environment
from generator.plan.model import Seen
from generator.plan.recorded import placed

_GOOD = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")


def picture(environment: Environment, seen: Seen) -> str:
    """Return the table as text: the stacks' states by stack and region."""
    instances = placed(environment, seen).instances
    regions = [region.name for region in environment.all_regions]
    regions += [each for each in dict.fromkeys(one.region for one in instances) if each not in regions]
    cells: dict[tuple[str, str], list[str]] = {}
    for each in instances:
        stack = seen.stack_of(each)
        if each.region in seen.dark:
            said = "dark"
        elif stack is None:
            said = "missing"
        else:
            said = "there" if stack.status in _GOOD else stack.status
        cells.setdefault((each.stack, each.region), []).append(said)
    names = list(dict.fromkeys(each.stack for each in instances))
    rows = [[name, *(_cell(cells.get((name, region), [])) for region in regions)] for name in names]
    active = seen.database.active
    headings = ["stack", *(f"{region} (active)" if region == active else region for region in regions)]
    return render.columns(headings, rows)


def _cell(said: list[str]) -> str:
    kinds = dict.fromkeys(said)
    if not said:
        return "·"
    return ", ".join(each if said.count(each) == 1 else f"{each} ({said.count(each)})" for each in kinds)
