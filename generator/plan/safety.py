"""What is refused before anything is changed, and which flag allows it.

Each check is a function from what is known to refusals; a refusal without a flag is never lifted. What is only
dangerous when something changes is refused only then, so a deploy that finds all in order is never refused for
a database that happens to be busy.
"""

from __future__ import annotations

from generator.config import Environment
from generator.plan.effects import ByWork
from generator.plan.model import Plan, Refusal, Seen
from generator.plan.perils import data, database, places, routing
from generator.plan.perils.case import Case

_CHECKS = (*places.CHECKS, *database.CHECKS, *data.CHECKS, *routing.CHECKS)


def refusals(
    environment: Environment, seen: Seen, plan: Plan, changes_by_work: ByWork, *, allowed: frozenset[str]
) -> tuple[Refusal, ...]:
    """Return what keeps the plan from being carried out, each reason once, the graver first.

    ``allowed`` holds the flags that were given, as :attr:`Refusal.flag` writes them, such as ``--replace-data``
    or ``--remove-region eu-west-1``.
    """
    case = Case(environment, seen, plan, changes_by_work)
    found = dict.fromkeys(each for check in _CHECKS for each in check(case))
    return tuple(sorted((each for each in found if each.flag not in allowed), key=lambda each: bool(each.flag)))
