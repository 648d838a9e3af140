"""What is there, for the planner: few calls, regions side by side, and a dark region is a fact and no failure.

The StackSets' own region has to answer: without it nothing can be planned (trap 44b). Any other region may be dark;
it is given a bounded time, and :attr:`generator.plan.model.Seen.dark` names it.

Calls for N StackSets in R regions: ListStackSets, three for each StackSet, DescribeStacks for each region, one for
the global cluster in each data region and one for each member, one for each region's markers, and with an
organization one for its management account. DescribeStacks without a name lists
all stacks of a region that are not deleted (CloudFormation API Reference, ``DescribeStacks``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from generator import naming
from generator.aws import inventory
from generator.aws.access import call_as
from generator.aws.clients import Clouds
from generator.aws.databases import database
from generator.aws.errors import told
from generator.aws.looking import DarkError, ask, side_by_side
from generator.aws.organization import management
from generator.catalog import STACKS
from generator.config import Environment
from generator.inputs import DYNAMODB_PREFIX_LIST, S3_PREFIX_LIST
from generator.links import Observed
from generator.plan.model import Database, Seen, SeenInstance, SeenStack, SeenStackSet
from generator.plan.recorded import placed
from generator.plan.states import seen_instance

Place = tuple[str, str]
"""An account and a region."""


def seen(
    environment: Environment, clouds: Clouds, *, account: str = "", calling: Mapping[str, str] | None = None
) -> Seen:
    """Return all that the planner is told about the cloud.

    account: of the credentials, and calling: ``CallAs``, if they are known; they are asked for otherwise.

    Raises CloudError when the StackSets' region does not answer, or a call is refused.
    """
    account = account or clouds.check_account()
    calling = call_as(clouds) if calling is None else calling
    names = inventory.names(environment, clouds, calling)
    found = side_by_side(lambda name: inventory.stackset(clouds, name, calling), names)
    stacks, dark = _stacks(clouds, _places(environment, found))
    sets = {each.name: _joined(each, stacks) for each in found}
    markers, known = _markers(environment, clouds.looking(), sets, dark)
    return Seen(
        account=account,
        stacksets=sets,
        plain=_plain(environment, clouds, stacks, {}),
        database=database(clouds.looking(), dark),
        dark=dark,
        markers=markers,
        management=management(clouds),
        markers_known=known,
    )


def again(  # noqa: PLR0913 - each says which part is looked at
    environment: Environment,
    clouds: Clouds,
    before: Seen,
    *,
    whole: Iterable[str] = (),
    sent: Iterable[SeenStackSet] = (),
    templates: Mapping[tuple[str, str], str] | None = None,
    places: Iterable[Place] = (),
    members: bool = False,
    calling: Mapping[str, str] | None = None,
) -> Seen:
    """Return what was seen with some of it looked at anew.

    whole: StackSets that are described, with their operations. sent: StackSets whose template, parameters and tags
    are known, since they were just sent: only their instances are listed. templates: of plain stacks, as sent.
    places: whose stacks are described, beside those of the StackSets. members: whether the database is asked.

    Something was changed by now, so regions are asked with patience: only one that stays silent turns dark. Those
    that were dark before are not asked again.
    """
    calling = call_as(clouds) if calling is None else calling
    fresh = side_by_side(lambda name: inventory.stackset(clouds, name, calling), sorted(set(whole)))
    fresh += side_by_side(lambda each: replace(each, instances=inventory.listed(clouds, each.name, calling)), sent)
    gone = {each.name for each in fresh if not each.template}
    asked = set(places) | {(each.account, each.region) for one in fresh for each in one.instances}
    stacks, dark = _stacks(clouds, asked, patient=True, silent=before.dark)
    sets = {name: each for name, each in before.stacksets.items() if name not in gone}
    sets |= {each.name: each for each in fresh if each.template}
    kept = {
        key: each
        for key, each in before.plain.items()
        if each.region in dark or (each.account, each.region) not in asked
    }
    known = {key: each.template for key, each in before.plain.items() if each.template} | dict(templates or {})
    return replace(
        before,
        stacksets={name: _joined(each, stacks, asked) for name, each in sets.items()},
        plain={**kept, **_plain(environment, clouds, stacks, known)},
        database=database(clouds, before.dark) if members else before.database,
        dark=tuple(dict.fromkeys((*before.dark, *dark))),
    )


def nothing(account: str) -> Seen:
    """Return what there is in an account in which nothing was ever deployed."""
    return Seen(account=account, database=Database())


def prefix_lists(environment: Environment, clouds: Clouds, before: Seen) -> Mapping[tuple[str, str], str]:
    """Return the managed prefix lists' ids by region and source, as :class:`generator.plan.wanted.Facts` takes them.

    They are AWS's own and never change, so what a network was deployed with is taken from there, and only other
    regions are asked (EC2 API Reference, ``DescribeManagedPrefixLists``).
    """
    result: dict[tuple[str, str], str] = {}
    missing = []
    for each in placed(environment, before).instances:
        if each.stack != "network":
            continue
        stack = before.stack_of(each)
        recorded = {what: (stack.parameters if stack else {}).get(name, "") for name, what in _LISTS.items()}
        if all(recorded.values()):
            result |= {(each.region, what): text for what, text in recorded.items()}
        elif each.region not in before.dark:
            missing.append(each.region)
    for answer in side_by_side(lambda region: _asked_for(clouds, region), missing):
        result |= answer
    return result


_LISTS = {
    each.name: each.source.what for each in (S3_PREFIX_LIST, DYNAMODB_PREFIX_LIST) if isinstance(each.source, Observed)
}
"""What each of these parameters asks for: a call, and the name of a prefix list with REGION in it."""


def _asked_for(clouds: Clouds, region: str) -> dict[tuple[str, str], str]:
    names = {what.split()[-1].replace("REGION", region): what for what in _LISTS.values()}
    with told(region, "asking for the managed prefix lists"):
        answer = clouds.client("ec2", region).describe_managed_prefix_lists(
            Filters=[{"Name": "prefix-list-name", "Values": sorted(names)}]
        )
    return {
        (region, names[each["PrefixListName"]]): each["PrefixListId"]
        for each in answer["PrefixLists"]
        if each["PrefixListName"] in names
    }


def _places(environment: Environment, found: Iterable[SeenStackSet]) -> set[Place]:
    """Return every account and region to look at: of the environment, and of instances that it no longer has."""
    accounts, home = environment.accounts, environment.dns_region
    there = {(each.account, each.region) for one in found for each in one.instances}
    regions = {(accounts.workload, region.name) for region in environment.all_regions} if there else set()
    return there | regions | {(accounts.administration, home), (accounts.workload, home)}


Stacks = Mapping[Place, Mapping[str, SeenStack] | None]
"""The stacks of each account and region by id; None where the region is dark."""


def _stacks(
    clouds: Clouds, places: Iterable[Place], *, patient: bool = False, silent: Iterable[str] = ()
) -> tuple[Stacks, tuple[str, ...]]:
    """Return the stacks, and the regions that are dark. silent: regions that are known to be, and are not asked."""
    looking, dark_already = clouds if patient else clouds.looking(), frozenset(silent)
    ordered = sorted(set(places))
    answers = side_by_side(lambda place: None if place[1] in dark_already else _region(looking, place), ordered)
    dark = tuple(dict.fromkeys(place[1] for place, answer in zip(ordered, answers, strict=True) if answer is None))
    return dict(zip(ordered, answers, strict=True)), dark


def _region(clouds: Clouds, place: Place) -> Mapping[str, SeenStack] | None:
    account, region = place
    client = clouds.client("cloudformation", region, account)

    def listed() -> list[Mapping[str, Any]]:
        return [each for page in client.get_paginator("describe_stacks").paginate() for each in page["Stacks"]]

    try:
        found = ask(region, "describing the stacks", listed)
    except DarkError:
        return None
    ours = re.compile(rf"^(StackSet[-:])?dr-{clouds.environment.suffix}-")
    return {
        each["StackId"]: inventory.described(each, account, region) for each in found if ours.match(each["StackName"])
    }


def _joined(one: SeenStackSet, stacks: Stacks, asked: Iterable[Place] | None = None) -> SeenStackSet:
    """Return the StackSet with its instances' stacks; those of places that were not asked stay as they were."""
    places = None if asked is None else set(asked)
    every = []
    for each in one.instances:
        place = (each.account, each.region)
        if places is not None and place not in places:
            every.append(each)
            continue
        there = stacks.get(place)
        if there is None:
            every.append(replace(each, stack=None, reachable=False))
            continue
        every.append(replace(each, stack=_behind(one.name, each, there), reachable=True))
    return replace(one, instances=tuple(every))


def _behind(name: str, each: SeenInstance, there: Mapping[str, SeenStack]) -> SeenStack | None:
    """Return the stack with the instance's id.

    moto lists other ids than its stacks have, but always names them in the same way (trap 60).
    """
    if each.stack and each.stack.id in there:
        return there[each.stack.id]
    return next((stack for stack in there.values() if stack.name == f"StackSet:{name}"), None)


def _plain(
    environment: Environment, clouds: Clouds, stacks: Stacks, known: Mapping[tuple[str, str], str]
) -> dict[tuple[str, str], SeenStack]:
    """Return the stacks that are no StackSet's, with their templates; those that are known are not read."""
    prefix = naming.STACKSET.of(suffix=environment.suffix)
    names = {f"{prefix}-{stack.name}" for stack in STACKS if stack.plain}
    home = environment.dns_region
    found = [
        each
        for there in stacks.values()
        for each in (there or {}).values()
        if each.name in names and each.region == home
    ]
    templates = side_by_side(lambda each: known.get((each.account, each.name)) or _template(clouds, each), found)
    return {
        (each.account, each.name): replace(each, template=text) for each, text in zip(found, templates, strict=True)
    }


def _template(clouds: Clouds, stack: SeenStack) -> str:
    client = clouds.client("cloudformation", stack.region, stack.account)
    with told(stack.region, f"reading the template of {stack.name}"):
        body = client.get_template(StackName=stack.id, TemplateStage="Original")["TemplateBody"]
    return body if isinstance(body, str) else json.dumps(body)


def _markers(
    environment: Environment, clouds: Clouds, sets: Mapping[str, SeenStackSet], dark: tuple[str, ...]
) -> tuple[tuple[str, ...], bool]:
    """Return the regions that some survivor says are superseded, and whether all could be asked (trap 34).

    A region is superseded when its marker is in alarm. Markers of a region that does not answer are not known.
    """
    before = Seen(stacksets=sets)
    about = [each for each in placed(environment, before).instances if each.stack == "marker"]
    there = [each for each in about if before.stack_of(each) and each.region not in dark]
    lost = [each for each in about if each.region in dark and seen_instance(before, each) is not None]
    answers = side_by_side(lambda region: _ringing(clouds, region), sorted({each.region for each in there}))
    alarms = {alarm for found in answers for alarm in found or ()}
    prefix = naming.STACKSET.of(suffix=environment.suffix)
    marked = {
        each.partner
        for each in there
        if any(alarm.startswith(f"{prefix}-{each.region}-superseded-{each.partner}-") for alarm in alarms)
    }
    known = None not in answers and not lost
    return tuple(region.name for region in environment.data_regions if region.name in marked), known


def _ringing(clouds: Clouds, region: str) -> list[str] | None:
    """Return the names of the region's markers that are in alarm; None when it does not answer."""
    client, prefix = clouds.client("cloudwatch", region), naming.STACKSET.of(suffix=clouds.environment.suffix)

    def asked() -> list[str]:
        answer = client.describe_alarms(AlarmNamePrefix=f"{prefix}-{region}-superseded-", StateValue="ALARM")
        return [each["AlarmName"] for each in answer["MetricAlarms"]]

    try:
        return ask(region, "asking for the markers", asked)
    except DarkError:
        return None
