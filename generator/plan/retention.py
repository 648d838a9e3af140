"""Deletion policies: what a template keeps when its stack goes, and how a stack that is to go lets go of it.

CloudFormation User Guide, "DeletionPolicy attribute" and "UpdateReplacePolicy attribute".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from generator.config import Environment
from generator.errors import CloudError
from generator.placement import Instance
from generator.plan.keeping import RENEWED
from generator.plan.leftovers import ours, parse, tagged
from generator.plan.model import Action, Seen, SeenStack, SeenStackSet, UpdateInstances, UpdateStackSet
from generator.plan.states import CURRENT, DELETE_FAILED, INOPERABLE, never_made, seen_instance
from generator.plan.wanted import parsed

POLICIES = ("DeletionPolicy", "UpdateReplacePolicy")
_DELETE = "Delete"
_KEEPS = {"Retain": 2, "RetainExceptOnCreate": 2, "Snapshot": 1}
"""How much of a resource each policy keeps; any other, and none, keeps nothing."""


class NotDisposableError(CloudError):
    """The file says that the environment is disposable, and what is deployed keeps what it holds."""


def check_disposable(environment: Environment, seen: Seen) -> None:
    """Raise NotDisposableError when the file alone says that data may go: a word in it is no safeguard.

    What was deployed as disposable keeps nothing, so it has no other deletion policy than Delete anywhere.
    """
    keeping = {each.name: retains(each.template) for each in ours(environment, seen)}
    for (_, name), stack in seen.plain.items():
        if parse(environment, name)[0] and tagged(environment, stack.tags):
            keeping[name] = retains(stack.template)
    named = [f"{names[0]} of {name}" for name, names in sorted(keeping.items()) if names]
    if named:
        more = f", and in {len(named) - 1} others" if len(named) > 1 else ""
        raise NotDisposableError(
            f"{environment.suffix} is disposable in its file, and not as it is deployed: {named[0]} outlives its"
            f" stack{more}",
            hint="deploy it as disposable first (with --replace-data); or take disposable out again, and destroy it"
            " with --data",
        )


def retains(template: str) -> tuple[str, ...]:
    """Return the resources of the template that are kept, or snapshotted, when they go."""
    if not template.strip():
        return ()
    resources = parsed(template).get("Resources") or {}
    return tuple(name for name, body in resources.items() if any(body.get(key, _DELETE) != _DELETE for key in POLICIES))


def loosened(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the policies of a resource that keep less than before, as ``DeletionPolicy from Retain to Delete``."""
    return tuple(
        f"{key} from {before[key]} to {after.get(key, _DELETE)}"
        for key in POLICIES
        if _KEEPS.get(before.get(key, ""), 0) > _KEEPS.get(after.get(key, ""), 0)
    )


def deleting(template: str) -> str:
    """Return the template with every deletion policy ``Delete``; empty when it has no other already."""
    if not retains(template):
        return ""
    plain = parsed(template)
    changed = {
        name: {**body, **{key: _DELETE for key in POLICIES if key in body}} for name, body in plain["Resources"].items()
    }
    return json.dumps({**plain, "Resources": changed}, separators=(",", ":"))


def let_go(seen: Seen, going: Iterable[Instance]) -> Iterator[Action]:
    """Yield the updates after which the stacks of these instances keep nothing.

    The StackSet is given the template that deletes. Where it has that already, an update that did not reach a stack
    (it is not CURRENT) left the old one there, so that stack is updated by itself.
    """
    groups: dict[str, list[Instance]] = {}
    for each in going:
        if each.stackset in seen.stacksets and _takes_updates(seen, each):
            groups.setdefault(each.stackset, []).append(each)
    for name, places in groups.items():
        stackset = seen.stacksets[name]
        text = deleting(stackset.template)
        why = "what it writes anew is not kept" if places[0].stack in RENEWED else "asked for: its data goes with it"
        if text:
            regions = tuple(each.region for each in places)
            yield UpdateStackSet(why, name, text, dict(stackset.parameters), regions)
            continue
        for each in places:
            found = seen.stack_of(each)
            if found is not None and _behind(seen, each, found):
                reason = "the update by which it lets go of what it holds has not reached it"
                yield UpdateInstances(reason, name, each.account, (each.region,), overrides(stackset, found))


def overrides(stackset: SeenStackSet, stack: SeenStack) -> dict[str, str]:
    """Return the stack's parameters as its StackSet's template declares them, whole (trap 44)."""
    declared = parsed(stackset.template).get("Parameters") or {}
    known = {**stackset.parameters, **stack.parameters}
    return {name: known[name] for name in declared if name in known}


def _takes_updates(seen: Seen, place: Instance) -> bool:
    """Tell whether the stack can be updated: it is there, and neither half made nor half deleted."""
    stack, listed = seen.stack_of(place), seen_instance(seen, place)
    if stack is None or never_made(stack) or stack.status == DELETE_FAILED:
        return False
    return listed is not None and listed.status != INOPERABLE


def _behind(seen: Seen, place: Instance, stack: SeenStack) -> bool:
    """Tell whether the stack may still have a template that keeps something; one that was not read may."""
    listed = seen_instance(seen, place)
    if listed is None or listed.status == CURRENT:
        return False
    return not stack.template or bool(retains(stack.template))
