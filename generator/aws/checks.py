"""What CloudFormation does not check: replicas in sync under the right key, members joined, versions alike.

A stack is complete with a replica of the secret that failed, or is kept under another key (trap 86), and a
person who never confirmed a subscription is told of nothing (trap 49f). The first kind fails a deployment, the
second is only told: nobody but that person can put it right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator import naming
from generator.aws.control import Control
from generator.aws.databases import UNKNOWN
from generator.aws.events import Checked
from generator.aws.looking import DarkError, ask, side_by_side
from generator.aws.replicas import key, primary, replicas
from generator.config import Environment
from generator.placement import Instance
from generator.plan.model import Seen
from generator.plan.recorded import placed

_PENDING = frozenset({"PendingConfirmation", "Deleted"})


def checks(control: Control, seen: Seen) -> tuple[Checked, ...]:
    """Return what was checked; ``problem`` is empty where all is well. Raises CloudError when a call is refused."""
    environment = control.clouds.environment
    return (
        *_standing(environment, seen),
        *_members(environment, seen),
        *_secret(control, seen),
        *_subscriptions(control, seen),
    )


def _standing(environment: Environment, seen: Seen) -> Iterator[Checked]:
    """Check that each instance's stack is there and as its StackSet wants it."""
    for each in placed(environment, seen).instances:
        stackset = seen.stacksets.get(each.stackset)
        found = stackset.instance(each.account, each.region) if stackset else None
        if found is None or each.region in seen.dark:
            continue
        if found.status != "CURRENT":
            said = f"its StackSet says {found.status}" + (f": {found.reason}" if found.reason else "")
            yield Checked(f"{each.stackset} in {each.region}", said, "deploy again", failing=True)


def _members(environment: Environment, seen: Seen) -> Iterator[Checked]:
    """Check that each region's cluster has joined, with its instances, that one writes, and that versions match."""
    database, about = seen.database, f"global cluster {naming.GLOBAL_CLUSTER.of(suffix=environment.suffix)}"
    if not database.known:
        yield Checked(about, "no data region answers, so nobody knows who writes", "deploy again when one does")
        return
    if not database.exists:
        yield Checked(about, "it is not there", "deploy again", failing=True)
        return
    joined = {each.region: each for each in database.members}
    for region in (each for each in environment.data_regions if each.name not in seen.dark):
        member, wanted = joined.get(region.name), environment.instances_of(region)
        if member is None:
            hint = "look at its cluster: a member that left joins again only when it is made anew (trap 13)"
            yield Checked(about, f"{region.name} is no member of it", hint, failing=True)
        elif member.status != UNKNOWN and member.instances < wanted:
            said = f"{region.name} has {member.instances} of {wanted} instances"
            yield Checked(about, said, "deploy again; without one it can't be promoted (trap 4)", failing=True)
    if not database.active:
        yield Checked(about, "it has no writer, or more than one", "look at its members in the console", failing=True)
    versions = {each.engine_version for each in database.members if each.engine_version}
    if len(versions) > 1:
        said = f"its members run {' and '.join(sorted(versions))}, which stops a failover (trap 5)"
        yield Checked(about, said, "deploy again to raise the others", failing=True)
    else:
        yield Checked(
            f"{about}: {len(joined)} members, {', '.join(versions) or 'no version'}, writer {database.active}"
        )


def _secret(control: Control, seen: Seen) -> Iterator[Checked]:
    """Check that the secret's replicas are in sync, each under its own region's key (trap 86)."""
    environment, name = control.clouds.environment, naming.DATABASE_SECRET.of(suffix=control.clouds.environment.suffix)
    holder = primary(environment, seen)
    try:
        found = replicas(control, holder) if holder is not None and holder.region not in seen.dark else None
    except DarkError:
        found = None
    if holder is None or found is None:
        said = "its region does not answer, so its replicas were not checked"
        yield Checked(f"secret {name}", said, "deploy again")
        return
    there = {str(each.get("Region")): each for each in found}
    for region in (each.name for each in environment.data_regions if each.name != holder.region):
        yield _replica(f"secret {name} in {region}", there.get(region), key(environment, seen, region))


def _replica(about: str, found: Mapping[str, Any] | None, wanted: str) -> Checked:
    if found is None:
        return Checked(about, "there is no replica", "deploy again", failing=True)
    if found.get("Status") != "InSync":
        said = f"its replica is {found.get('Status')}: {found.get('StatusMessage', '')}".rstrip(": ")
        hint = "look at the key in that region, and for a secret of that name; remove the replica and deploy again"
        return Checked(about, said, hint, failing=True)
    under = str(found.get("KmsKeyId", ""))
    if wanted and under and under.rsplit("/", 1)[-1] != wanted.rsplit("/", 1)[-1]:
        said = f"its replica is kept under {under}, and not under the region's own key {wanted}"
        return Checked(about, said, "remove the replica and deploy again", failing=True)
    return Checked(about)


def _subscriptions(control: Control, seen: Seen) -> list[Checked]:
    """Tell who has not confirmed yet, region by region; each is confirmed by itself (trap 49f)."""
    topics = [
        (each, stack.outputs["TopicArn"])
        for each in placed(control.clouds.environment, seen).instances
        if each.stack == "recovery" and (stack := seen.stack_of(each)) and "TopicArn" in stack.outputs
    ]
    answers = side_by_side(lambda each: _unconfirmed(control, *each), topics)
    return [problem for answer in answers for problem in answer]


def _unconfirmed(control: Control, place: Instance, topic: str) -> list[Checked]:
    client = control.clouds.looking().client("sns", place.region, place.account)

    def listed() -> list[Mapping[str, Any]]:
        pages = client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
        return [each for page in pages for each in page.get("Subscriptions", [])]

    try:
        found = ask(place.region, "listing the topic's subscriptions", listed)
    except DarkError:
        return []
    waiting = [str(each.get("Endpoint", "somebody")) for each in found if each.get("SubscriptionArn") in _PENDING]
    if not waiting:
        return []
    said = f"not confirmed yet: {', '.join(waiting)}"
    hint = 'each opens the message "AWS Notification - Subscription Confirmation" from that region'
    return [Checked(f"notices in {place.region}", said, hint)]
