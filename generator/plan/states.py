"""What CloudFormation's words for a stack mean to the planner.

CloudFormation User Guide, "CloudFormation stack statuses" ("Understand stack status codes"); of stack
instances, "StackSets concepts", "Stack instance status codes".
"""

from __future__ import annotations

from generator.placement import Instance
from generator.plan.model import Seen, SeenInstance, SeenStack, SeenStackSet

CURRENT = "CURRENT"
INOPERABLE = "INOPERABLE"
DELETE_FAILED = "DELETE_FAILED"
STUCK = "UPDATE_ROLLBACK_FAILED"
"""Nothing but a continued rollback, or a deletion, is accepted."""

_NEVER_MADE = frozenset({"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "REVIEW_IN_PROGRESS"})
"""Its creation failed and it can only be deleted; it never had an output to rely on."""

_BEING_MADE = frozenset({"CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"})


def never_made(stack: SeenStack) -> bool:
    """Tell whether the stack's creation came to nothing, so that it has to be deleted and made again."""
    return stack.status in _NEVER_MADE


def busy(stack: SeenStack) -> bool:
    """Tell whether something is being done to the stack at this moment."""
    return stack.status.endswith("_IN_PROGRESS") and not never_made(stack)


def made(stack: SeenStack | None) -> bool:
    """Tell whether the stack was once complete: it has outputs, and holds what it holds."""
    return stack is not None and not never_made(stack) and stack.status not in _BEING_MADE


def seen_instance(seen: Seen, instance: Instance) -> SeenInstance | None:
    """Return the StackSet's own word on the instance, None when it has none."""
    stackset = seen.stacksets.get(instance.stackset)
    return stackset.instance(instance.account, instance.region) if stackset else None


def dark(seen: Seen, instance: Instance) -> bool:
    """Tell whether the instance's region did not answer, so that nobody knows how its stack is."""
    if instance.region in seen.dark:
        return True
    found = seen_instance(seen, instance)
    return found is not None and not found.reachable


def there(seen: Seen, instance: Instance) -> bool:
    """Tell whether the instance's stack was once complete; in a dark region, whether the StackSet lists it."""
    if dark(seen, instance):
        return seen_instance(seen, instance) is not None
    return made(seen.stack_of(instance))


def hanging(seen: Seen, stackset: SeenStackSet) -> tuple[str, ...]:
    """Return the dark regions that the StackSet's operations wait for, when they wait for nothing else."""
    waiting = [each.waiting for each in stackset.operations]
    regions = {region for each in waiting for region in each or ()}
    return tuple(sorted(regions)) if all(waiting) and regions <= {*seen.dark} else ()
