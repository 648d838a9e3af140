"""The database's secret in every data region: who holds it, which replicas there are, and lacking ones made again.

The stack of the cluster that was born as the origin makes the replicas; one that somebody removed is none of
CloudFormation's business, since its template has not changed. So it is made here, under the region's own key
(trap 86). One that failed is left alone: a secret of the same name may be in its way, and is never overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

from generator import naming
from generator.aws.control import Control
from generator.aws.errors import told
from generator.aws.events import Said
from generator.aws.looking import DarkError, ask
from generator.config import Environment
from generator.plan.model import Seen, SeenStack
from generator.plan.recorded import placed

_UNSETTLED = "InProgress"


def primary(environment: Environment, seen: Seen) -> SeenStack | None:
    """Return the stack of the cluster that was born as the origin: the secret is part of it."""
    found = (seen.stack_of(each) for each in placed(environment, seen).instances if each.stack == "database")
    return next((each for each in found if each is not None and each.parameters.get("Birth") == "origin"), None)


def key(environment: Environment, seen: Seen, region: str) -> str:
    """Return the ARN of the region's own key; empty when nobody knows it."""
    keys = [each for each in placed(environment, seen).instances if (each.stack, each.region) == ("keys", region)]
    found = seen.stack_of(keys[0]) if keys else None
    return found.outputs.get("KeyArn", "") if found else ""


def replicas(control: Control, holder: SeenStack, *, settled: bool = True) -> Sequence[Mapping[str, Any]]:
    """Return the secret's replicas; settled: once none is being made, or as they are at the end of the patience.

    Secrets Manager API Reference, ``DescribeSecret``: only the primary region knows the replicas' status, which is
    InSync, InProgress or Failed. Raises DarkError when the region does not answer, CloudError when it refuses.
    """
    name = naming.DATABASE_SECRET.of(suffix=control.clouds.environment.suffix)
    client = control.clouds.looking().client("secretsmanager", holder.region, holder.account)
    found: Sequence[Mapping[str, Any]] = ()
    for wait in chain([0.0], control.paces.settling.waits()):
        control.halt.wait(wait)
        asked = lambda: client.describe_secret(SecretId=name)  # noqa: E731
        found = ask(holder.region, f"describing the secret {name}", asked).get("ReplicationStatus") or ()
        if not settled or not any(each.get("Status") == _UNSETTLED for each in found):
            break
    return found


def heal(control: Control, seen: Seen, hold: Callable[[], None] = lambda: None) -> tuple[str, ...]:
    """Have the secret replicated to the data regions that lack it, and return these; hold: called before.

    Secrets Manager API Reference, ``ReplicateSecretToRegions``. Raises CloudError when that is refused.
    """
    environment, holder = control.clouds.environment, primary(control.clouds.environment, seen)
    if holder is None or holder.region in seen.dark:
        return ()
    try:
        there = {str(each.get("Region")) for each in replicas(control, holder, settled=False)}
    except DarkError:
        return ()
    others = [each.name for each in environment.data_regions if each.name not in (holder.region, *seen.dark)]
    keys = {each: key(environment, seen, each) for each in others if each not in there}
    lacking = [{"Region": region, "KmsKeyId": text} for region, text in keys.items() if text]
    if not lacking:
        return ()
    hold()
    name, regions = naming.DATABASE_SECRET.of(suffix=environment.suffix), tuple(each["Region"] for each in lacking)
    client = control.clouds.client("secretsmanager", holder.region, holder.account)
    with told(holder.region, f"replicating the secret {name} to {', '.join(regions)}"):
        client.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=lacking)
    control.sink(Said(f"secret {name}: replicated again to {', '.join(regions)}"))
    return regions
