"""What only a teardown asks for: the templates of stacks that an update missed, and stacks that no StackSet lists."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from generator.aws import inventory
from generator.aws.clients import Clouds
from generator.aws.errors import told
from generator.aws.looking import DarkError, ask, side_by_side
from generator.config.regions import REGIONS
from generator.errors import CloudError
from generator.plan.leftovers import ours, tagged
from generator.plan.model import Seen, SeenInstance, SeenStack
from generator.plan.states import CURRENT


def with_templates(clouds: Clouds, seen: Seen) -> Seen:
    """Return what was seen with the templates of the stacks that are not as their StackSet is. Raises CloudError."""
    behind = {
        each.stack.id: each.stack
        for one in ours(clouds.environment, seen)
        for each in one.instances
        if each.stack is not None and each.status != CURRENT
    }
    if not behind:
        return seen
    texts = dict(zip(behind, side_by_side(lambda each: _template(clouds, each), behind.values()), strict=True))

    def told_of(each: SeenInstance) -> SeenInstance:
        if each.stack is None or each.stack.id not in texts:
            return each
        return replace(each, stack=replace(each.stack, template=texts[each.stack.id]))

    sets = {
        name: replace(one, instances=tuple(told_of(each) for each in one.instances))
        for name, one in seen.stacksets.items()
    }
    return replace(seen, stacksets=sets)


def _template(clouds: Clouds, stack: SeenStack) -> str:
    client = clouds.client("cloudformation", stack.region, stack.account)
    with told(stack.region, f"reading the template of {stack.name}"):
        body = client.get_template(StackName=stack.id, TemplateStage="Original")["TemplateBody"]
    return body if isinstance(body, str) else json.dumps(body)


def released(clouds: Clouds, seen: Seen) -> tuple[SeenStack, ...]:
    """Return the stacks with the environment's tag that no StackSet lists: kept when a region was given up.

    The file does not have that region any more, so every region is asked. One that does not answer, or that the
    account may not use, is passed over: nothing was deployed there.
    """
    known = {each.stack.id for one in seen.stacksets.values() for each in one.instances if each.stack is not None}
    known |= {each.id for each in seen.plain.values()}
    looking = clouds.looking()
    regions = [each for each in REGIONS if each not in seen.dark]
    return tuple(
        each
        for found in side_by_side(lambda region: _stacks(looking, region), regions)
        for each in found
        if each.id not in known and tagged(clouds.environment, each.tags)
    )


def _stacks(clouds: Clouds, region: str) -> list[SeenStack]:
    account = clouds.environment.accounts.workload
    client = clouds.client("cloudformation", region, account)

    def asked() -> list[Mapping[str, Any]]:
        return [each for page in client.get_paginator("describe_stacks").paginate() for each in page["Stacks"]]

    try:
        found = ask(region, "looking for stacks that no StackSet lists", asked)
    except (DarkError, CloudError):
        return []
    return [inventory.described(each, account, region) for each in found if not each.get("ParentId")]
