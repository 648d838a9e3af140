"""Environments to plan for, small templates, and a deploy on the model cloud that can be cut off anywhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from troposphere import encode_to_dict

from generator.catalog import stack
from generator.config import Environment, load
from generator.config.regions import REGIONS
from generator.placement import Instance
from generator.plan.actions import actions
from generator.plan.model import Action, Kind, Value, Wait, Work
from generator.plan.states import dark
from generator.plan.wanted import Facts, wanted
from generator.plan.waves import plan
from generator.shape import Shape
from generator.values import CODE
from tests.plan.cloud import Cloud, FailedError

ROOT = Path(__file__).parents[2]
PACKAGES = {function: f"functions/{function}.zip" for function in CODE.values()}
TEN = (
    "eu-west-1", "eu-central-1", "eu-west-2", "eu-west-3", "eu-north-1",
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1",
)  # fmt: skip
PREFIXES = {
    (region, f"ec2:DescribeManagedPrefixLists com.amazonaws.REGION.{service}"): f"pl-{index}"
    for index, region in enumerate(REGIONS)
    for service in ("s3", "dynamodb")
}


class InterruptedDeployError(Exception):
    """The deploy was cut off."""


@cache
def shipped(name: str) -> Environment:
    return load(ROOT / "stacksets" / f"{name}.yaml")


def example(**updates: Any) -> Environment:
    return shipped("example").model_copy(update=updates)


def of_regions(*names: str, home: str = "", **updates: Any) -> Environment:
    """Return the example in these data regions, the first the origin, its StackSets in ``home``."""
    start = shipped("example")
    made = {}
    for index, name in enumerate(names):
        region = start.origin if index == 0 else start.standbys[0]
        made[name] = region.model_copy(update={"name": name, "range": f"10.{index}.0.0/16", "zones": ()})
        made[name] = made[name].model_copy(update={"range": _network(index)})
    dns = start.dns.model_copy(update={"region": home or names[1]})
    return start.model_copy(update={"regions": made, "dns": dns, **updates})


def _network(index: int) -> Any:
    from ipaddress import IPv4Network

    return IPv4Network(f"10.{index}.0.0/16")


def service_managed() -> Environment:
    return example(permission_model="service-managed", organizational_units=("ou-ab12-cdef3456",), suffix="managed")


def with_database(environment: Environment, **updates: Any) -> Environment:
    return environment.model_copy(update={"database": environment.database.model_copy(update=updates)})


@cache
def template(name: str, shape: Shape) -> str:
    """Return the stack's template, as JSON."""
    return json.dumps(encode_to_dict(stack(name).build(shape)))


def facts_of(environment: Environment, cloud: Cloud) -> Facts:
    return Facts(environment, cloud.seen(), PACKAGES, PREFIXES)


def texts(found: Mapping[str, Value]) -> dict[str, str]:
    missing = [name for name, each in found.items() if each.text is None]
    assert not missing
    return {name: str(each.text) for name, each in found.items()}


def next_actions(environment: Environment, cloud: Cloud, work: Work, text: str | None = None) -> tuple[Action, ...]:
    facts = facts_of(environment, cloud)
    values = {}
    for place in work.places:
        if not work.remove and not dark(facts.seen, place):
            found = wanted(facts, place, final=work.final)
            values[place] = texts(found)
    body = template(work.stack, environment.shape) if text is None else text
    return actions(environment, work, values, body, facts.seen)


def deploy(
    environment: Environment,
    cloud: Cloud,
    *,
    limit: int | None = None,
    texts: Callable[[str], str | None] = lambda _: None,
) -> list[Action]:
    """Carry the plan out on the cloud, and return every action; cut off when ``limit`` of them are done."""
    done: list[Action] = []
    for wave in plan(environment, cloud.seen()).waves:
        for work in wave:
            if work.kind not in (Kind.PLAIN, Kind.STACKSET):
                continue
            for _ in range(6):
                found = next_actions(environment, cloud, work, texts(work.stack))
                if not found:
                    break
                for action in found:
                    if limit is not None and len(done) >= limit:
                        raise InterruptedDeployError
                    done.append(action)
                    cloud.apply(action)
                    busy = any(each.pending for each in cloud.sets.values())
                    if isinstance(action, Wait) or busy:
                        break
            else:
                raise AssertionError(f"{work.id} never comes to rest: {found}")
    return done


def cut_off(environment: Environment, cloud: Cloud, limit: int) -> bool:
    """Deploy until so many actions are done; tell whether that was before the end."""
    try:
        deploy(environment, cloud, limit=limit)
    except (InterruptedDeployError, FailedError):
        return True
    return False


def deployed(environment: Environment) -> Cloud:
    cloud = Cloud(environment)
    deploy(environment, cloud)
    return cloud


def place(environment: Environment, cloud: Cloud, name: str, region: str) -> Instance:
    return next(each for each in facts_of(environment, cloud).placed.of(name) if each.region == region)
