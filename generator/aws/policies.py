"""Stack policies: no update replaces or deletes what holds data, whoever sends it (traps 13, 44c).

StackSets know none, so one is set on each stack behind them (CloudFormation User Guide, "Prevent updates to stack
resources"). It is lifted for the one update that is meant to replace data, and set again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from generator.aws.clients import Clouds
from generator.aws.control import Control
from generator.aws.errors import told
from generator.aws.events import Said
from generator.aws.looking import side_by_side
from generator.catalog import stack
from generator.errors import CloudError
from generator.holding import WITH_ZONES
from generator.placement import Instance
from generator.plan.model import Seen, SeenStack
from generator.shape import Shape

_MEMBER = "AWS::RDS::DBInstance"
"""Instances come and go with their number; only their replacement is denied (trap 14)."""

_GONE = "does not exist"

LIFTED = {"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}


def policy(name: str, shape: Shape) -> dict[str, Any]:
    """Return the policy of the stacks of that name; empty when they hold no data, or it goes with its stack."""
    resources = {title: each.resource_type for title, each in stack(name).build(shape).resources.items()}
    holding = sorted(title for title, kind in resources.items() if kind in WITH_ZONES and kind != _MEMBER)
    members = sorted(title for title, kind in resources.items() if kind == _MEMBER)
    if not holding or shape.disposable:
        return {}
    denied = [_deny(["Update:Replace", "Update:Delete"], holding)]
    if members:
        denied.append(_deny(["Update:Replace"], members))
    return {"Statement": [*LIFTED["Statement"], *denied]}


def _deny(actions: list[str], titles: list[str]) -> dict[str, Any]:
    resources = [f"LogicalResourceId/{title}" for title in titles]
    return {"Effect": "Deny", "Action": actions, "Principal": "*", "Resource": resources}


def protect(
    clouds: Clouds,
    places: Iterable[Instance],
    seen: Seen,
    *,
    fresh: bool = False,
    hold: Callable[[], None] = lambda: None,
) -> tuple[str, ...]:
    """Set the policy on every stack that holds data and has another; return where, in words.

    fresh: the stacks are new, so nobody asks for the policy that they have. hold: called before one is set.
    Raises CloudError.
    """
    wanted = list(_protected(places, seen, clouds.environment.shape))
    return tuple(filter(None, side_by_side(lambda each: _protect(clouds, each, fresh=fresh, hold=hold), wanted)))


_Wanted = tuple[str, SeenStack, Mapping[str, Any]]
"""A stack of the catalogue by its name, where it is deployed, and the policy that it should have."""


def _protected(places: Iterable[Instance], seen: Seen, shape: Shape) -> Iterator[_Wanted]:
    rules: dict[str, dict[str, Any]] = {}
    for each in places:
        found = seen.stack_of(each)
        if each.stack not in rules:
            rules[each.stack] = policy(each.stack, shape)
        if found is not None and found.status and rules[each.stack]:
            yield each.stack, found, rules[each.stack]


def _protect(clouds: Clouds, each: _Wanted, *, fresh: bool, hold: Callable[[], None]) -> str:
    name, found, wanted = each
    client = clouds.client("cloudformation", found.region, found.account)
    with told(found.region, f"protecting the data of {found.name}"):
        body = "" if fresh else client.get_stack_policy(StackName=found.id).get("StackPolicyBody")
        if body and json.loads(body) == wanted:
            return ""
        hold()
        client.set_stack_policy(StackName=found.id, StackPolicyBody=json.dumps(wanted))
    return f"{name} in {found.region}"


@contextmanager
def lifted(control: Control, places: Iterable[Instance], seen: Seen) -> Iterator[None]:
    """Allow every update of these stacks within the block, and forbid again however it ends, stack by stack.

    A stack that is gone by then needs no policy: the one made in its place gets its own. Raises CloudError when one
    can't be lifted or set again; an error of the block comes first, and what could not be set is told.
    """
    every = list(_protected(places, seen, control.clouds.environment.shape))
    try:
        for each in every:
            _lift(control.clouds, each)
        yield
    except BaseException:
        for problem in _restored(control, every):
            control.sink(Said(f"{problem}: deploy again to set it", "error"))
        raise
    problems = _restored(control, every)
    if problems:
        raise CloudError("; ".join(problems), hint="deploy again: it sets the stack policies that are missing")


def _lift(clouds: Clouds, each: _Wanted) -> None:
    name, found, _ = each
    client = clouds.client("cloudformation", found.region, found.account)
    with told(found.region, f"lifting the stack policy of {name}"):
        client.set_stack_policy(StackName=found.id, StackPolicyBody=json.dumps(LIFTED))


def _restored(control: Control, every: Iterable[_Wanted]) -> list[str]:
    problems = []
    for each in every:
        try:
            _protect(control.clouds, each, fresh=True, hold=lambda: None)
        except CloudError as error:
            if _GONE not in str(error):
                problems.append(str(error))
    return problems
