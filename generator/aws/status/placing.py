"""Which stacks should be where: by what is recorded, which the environment file may no longer say.

After a takeover the file may be edited with the roles swapped. That moves nothing
(:mod:`generator.plan.recorded`), so nothing is missing where the file now says the origin is.
"""

from __future__ import annotations

from generator import naming
from generator.aws.status.report import Report
from generator.catalog import Place, stack
from generator.config import Environment
from generator.plan import recorded
from generator.plan.model import Seen, SeenInstance, SeenStackSet


def settled(environment: Environment, report: Report) -> Environment:
    """Return the environment with its recorded origin, as the planner has it."""
    return recorded.settled(environment, _seen(environment, report))


def missing(environment: Environment, report: Report, region: str) -> tuple[str, ...]:
    """Return the stacks that should be in the region and are not; none where it is not known."""
    facts = report.of(region)
    if facts is None or facts.stacks is None:
        return ()
    seen = _seen(environment, report)
    there = {each.stackset for each in facts.stacks}
    return tuple(
        dict.fromkeys(
            each.stackset
            for each in recorded.placed(environment, seen).instances
            if each.region == region
            and each.stackset not in there
            and _seen_account(environment, report, each.account)
            and (stack(each.stack).place is not Place.ORIGIN or _origin_known(environment, report, seen))
        )
    )


def _seen(environment: Environment, report: Report) -> Seen:
    """Return what the planner wants to know: which StackSets have instances where, by their word or by the stacks'."""
    found: dict[str, dict[str, SeenInstance]] = {}
    for each in report.stacksets.instances if report.stacksets else ():
        found.setdefault(each.stackset, {})[each.region] = SeenInstance(each.account, each.region, each.status)
    for facts in report.regions:
        for one in facts.stacks or ():
            instance = SeenInstance(environment.accounts.workload, facts.region, "CURRENT")
            found.setdefault(one.stackset, {}).setdefault(facts.region, instance)
    stacksets = {name: SeenStackSet(name, "", instances=tuple(places.values())) for name, places in found.items()}
    return Seen(stacksets=stacksets)


def _origin_known(environment: Environment, report: Report, seen: Seen) -> bool:
    """Return whether the origin's own stack was seen, or would have been if it were there."""
    name = f"{naming.STACKSET.of(suffix=environment.suffix)}-global-database"
    everywhere = report.stacksets is not None or all(each.stacks is not None for each in report.regions)
    return name in seen.stacksets or everywhere


def _seen_account(environment: Environment, report: Report, account: str) -> bool:
    unread = any("administration" in gap.part for gap in report.gaps)
    return account == environment.accounts.workload or not unread
