"""What a template can reach while a region is dark, and what is passed over for its sake.

CloudFormation API Reference, ``UpdateStackSet``: a call that names no account and no region updates every instance.
So a template that only dark regions could take is not sent at all, and without it nothing new can be made: new
instances get the template that the StackSet has.
"""

from __future__ import annotations

from collections.abc import Iterator

from generator import naming
from generator.config import Environment
from generator.errors import CloudError
from generator.placement import Instance
from generator.plan.keeping import outliving
from generator.plan.leftovers import ours
from generator.plan.model import Seen, SeenInstance, SeenStackSet, Work
from generator.plan.states import DELETE_FAILED, INOPERABLE, dark, hanging, never_made, seen_instance


class OutOfReachError(CloudError):
    """Something has to be made with a template that the StackSet can't be given while a region is dark."""


def outdated(environment: Environment, stackset: SeenStackSet, template: str) -> bool:
    """Tell whether the StackSet itself is not as wanted: its template or its tags."""
    tags = naming.tags(environment.suffix, dict(environment.tags))
    return stackset.template.strip() != template.strip() or dict(stackset.tags) != tags


def standing(stackset: SeenStackSet) -> tuple[SeenInstance, ...]:
    """Return the instances that can take a template now."""
    return tuple(
        each
        for each in stackset.instances
        if each.reachable and each.stack is not None and not never_made(each.stack) and each.status != INOPERABLE
    )


def check_reach(environment: Environment, work: Work, template: str, seen: Seen) -> None:
    """Raise OutOfReachError when the work has to make what only a template in a dark region could give it.

    Nothing is said while an operation runs: what it is making is not there yet.
    """
    stackset = seen.stacksets.get(work.name)
    if work.remove or stackset is None or stackset.operations or not outdated(environment, stackset, template):
        return
    silent = sorted({each.region for each in stackset.instances if not each.reachable or each.region in seen.dark})
    new = [each.region for each in work.places if not dark(seen, each) and _to_make(environment, seen, each)]
    if silent and new and not standing(stackset):
        raise OutOfReachError(
            f"{work.name} has to be made in {', '.join(new)} with a template that differs from the deployed one, and"
            f" its other instances are in {', '.join(silent)}, which does not answer",
            hint=f"wait for {silent[0]}, or deploy with the version and the file that were deployed last",
        )


def passed_over(environment: Environment, seen: Seen) -> tuple[str, ...]:
    """Return, in words, the StackSets of which nothing is changed while only a dark region keeps them busy."""
    return tuple(_passed_over(environment, seen))


def _passed_over(environment: Environment, seen: Seen) -> Iterator[str]:
    for each in ours(environment, seen):
        if silent := hanging(seen, each):
            yield f"{each.name} is left as it is everywhere: an operation on it has not ended in {', '.join(silent)}"


def _to_make(environment: Environment, seen: Seen, place: Instance) -> bool:
    stack, listed = seen.stack_of(place), seen_instance(seen, place)
    if stack is None or never_made(stack):
        return True
    half = stack.status == DELETE_FAILED or (listed is not None and listed.status == INOPERABLE)
    return half and place.stack not in outliving(environment)
