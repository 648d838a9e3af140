"""Stack policies: no update replaces or deletes what holds data, whoever sends it (traps 13, 44c).

StackSets know none, so one is set on each stack behind them (CloudFormation User Guide, "Prevent updates to stack
resources"). It is lifted for the one update that is meant to replace data, and set again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from generator.aws.clients import Clouds
from generator.aws.errors import told
from generator.aws.looking import side_by_side
from generator.catalog import stack
from generator.holding import WITH_ZONES
from generator.placement import Instance
from generator.plan.model import Seen, SeenStack
from generator.shape import Shape

_MEMBER = "AWS::RDS::DBInstance"
"""Instances come and go with their number; only their replacement is denied (trap 14)."""

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


def lift(clouds: Clouds, places: Iterable[Instance], seen: Seen) -> None:
    """Allow every update of these stacks; :func:`protect` forbids again. Raises CloudError."""
    for name, found, _ in _protected(places, seen, clouds.environment.shape):
        client = clouds.client("cloudformation", found.region, found.account)
        with told(found.region, f"lifting the stack policy of {name}"):
            client.set_stack_policy(StackName=found.id, StackPolicyBody=json.dumps(LIFTED))
