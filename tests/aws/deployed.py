"""An environment as it would be seen when it is deployed whole, made from its templates without any cloud."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from generator.build import library
from generator.config import Environment
from generator.inputs import DYNAMODB_PREFIX_LIST, FUNCTIONS, S3_PREFIX_LIST
from generator.links import Observed
from generator.naming import tags
from generator.placement import Instance, instances
from generator.plan.model import Database, Member, Seen, SeenInstance, SeenStack, SeenStackSet
from generator.plan.wanted import Facts, parsed, wanted
from generator.shape import Shape

PLAIN = ("deployment", "stackset-roles")
PACKAGES = {name: f"{name}-1.zip" for name in FUNCTIONS}


@cache
def templates(shape: Shape) -> dict[str, str]:
    return {name.removesuffix(".yaml"): text for name, text in library(shape).items()}


def facts(made: Environment, seen: Seen, packages: dict[str, str] | None = None) -> Facts:
    asked = [each.source.what for each in (S3_PREFIX_LIST, DYNAMODB_PREFIX_LIST) if isinstance(each.source, Observed)]
    lists = {(each.name, what): f"pl-{len(what)}" for each in made.all_regions for what in asked}
    return Facts(made, seen, packages or PACKAGES, lists)


def database(made: Environment, active: str = "") -> Database:
    members = tuple(
        Member(
            each.name,
            f"dr-{made.suffix}-{each.name}",
            f"arn:aws:rds:{each.name}:{made.accounts.workload}:cluster:dr-{made.suffix}-{each.name}",
            each.name == (active or made.origin.name),
            made.database.engine_version,
            instances=made.instances_of(each),
        )
        for each in made.data_regions
    )
    return Database(True, True, "available", made.database.engine_version, members)


def whole(made: Environment, active: str = "") -> Seen:
    """Return what is seen once everything is deployed; outputs are made-up texts that name where they are from."""
    seen = Seen(account=made.accounts.administration, database=Database())
    while left := [each for each in instances(made) if seen.stack_of(each) is None]:
        known = facts(made, seen)
        before = len(left)
        for each in left:
            values = wanted(known, each, final=True)
            if all(value.text is not None for value in values.values()):
                seen = put(made, seen, each, {name: str(value.text) for name, value in values.items()})
        assert len([each for each in instances(made) if seen.stack_of(each) is None]) < before
    return replace(seen, database=database(made, active))


def put(made: Environment, seen: Seen, place: Instance, parameters: dict[str, str]) -> Seen:
    text = templates(made.shape)[place.stack]
    outputs = {name: _output(name, place) for name in parsed(text).get("Outputs") or {}}
    stack = SeenStack(
        place.stackset,
        f"arn:{place.stackset}:{place.region}",
        place.region,
        place.account,
        "CREATE_COMPLETE",
        parameters=parameters,
        outputs=outputs,
        tags=tags(made.suffix, dict(made.tags)),
        template=text if place.stack in PLAIN else "",
    )
    if place.stack in PLAIN:
        return replace(seen, plain={**seen.plain, (place.account, place.stackset): stack})
    before = seen.stacksets.get(place.stackset) or SeenStackSet(
        place.stackset, text, {}, tags(made.suffix, dict(made.tags))
    )
    grown = replace(
        before, instances=(*before.instances, SeenInstance(place.account, place.region, "CURRENT", stack=stack))
    )
    return replace(seen, stacksets={**seen.stacksets, place.stackset: grown})


def _output(name: str, place: Instance) -> str:
    if "Host" in name:
        return f"dr.cluster-ro-x.{place.region}.rds.amazonaws.com"
    return f"{name}-of-{place.stackset}-in-{place.region}"
