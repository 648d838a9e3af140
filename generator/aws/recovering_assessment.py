"""What a recovery would be answered now: by the deployed function, or worked out here from what its region says.

The function is asked first, since it is what the state machine asks. When it can't be, the same decision is made
here (:mod:`recovery` is the one package of both), from the target's own RDS and state table.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial

from generator import naming
from generator.aws.recovering import ASSESSING, Request, Target
from generator.aws.status.bounded import ask_all
from generator.aws.status.regions import read_database, read_table
from generator.errors import CloudError
from recovery import failover, switchover
from recovery.decision import REFUSED, Decision
from recovery.signals import FAILOVER
from recovery.state import Snapshot
from recovery.steps import Step

FUNCTION = "the assess function in {region}"
HERE = "worked out here, from what {region} says of itself"


@dataclass(frozen=True)
class Assessment:
    """The answer to "may it", as :class:`recovery.decision.Decision` has it.

    by: who decided. doubt: why the function was not the one, or empty. lost_at_most: in words, or ``unknown``.
    """

    outcome: str
    reason: str
    hint: str
    active: str
    old: str
    lost_at_most: str
    acceptable: bool
    steps: tuple[Step, ...]
    by: str
    doubt: str = ""

    @property
    def accepted(self) -> bool:
        """Return whether the recovery may run, or need not."""
        return self.outcome != REFUSED


def assess(target: Target, request: Request) -> Assessment:
    """Return what the request would be answered now. Raises CloudError when the region can't be asked at all."""
    try:
        return _by_function(target, request)
    except CloudError as error:
        doubt = str(error)
    return _here(target, request, doubt)


def _by_function(target: Target, request: Request) -> Assessment:
    client, name = target.client("lambda", ASSESSING), target.function("assess")
    payload = json.dumps({"request": asdict(request)}).encode()
    answer = target.asked("assessing", lambda: client.invoke(FunctionName=name, Payload=payload))
    text = answer["Payload"].read().decode(errors="replace")
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    if answer.get("FunctionError") or not isinstance(said, Mapping) or "outcome" not in said:
        raise CloudError(f"{name} failed: {text[:300]}", hint="look at its log group")
    steps = tuple(Step(each["name"], each["region"], each["reason"]) for each in said["steps"])
    wanted = ("outcome", "reason", "hint", "active", "old", "lost_at_most", "acceptable")
    return Assessment(**{each: said[each] for each in wanted}, steps=steps, by=FUNCTION.format(region=target.region))


def _here(target: Target, request: Request, doubt: str) -> Assessment:
    rpo_seconds, now_ms = target.environment.objectives.rpo_seconds, int(time.time() * 1000)
    known = snapshot(target)
    if request.verb == FAILOVER:
        terms = failover.Terms(rpo_seconds, request.accept_data_loss, request.lost)
        found = failover.decide(known, target.region, terms, now_ms)
    else:
        found = switchover.decide(known, target.region, rpo_seconds=rpo_seconds, now_ms=now_ms)
    return _told(found, HERE.format(region=target.region), doubt)


def _told(found: Decision, by: str, doubt: str) -> Assessment:
    loss = "unknown" if found.loss_seconds is None else f"{found.loss_seconds:.0f} s"
    return Assessment(
        found.outcome, found.reason, found.hint, found.active, found.old, loss, found.acceptable, found.steps, by, doubt
    )


def snapshot(target: Target) -> Snapshot:
    """Return the facts of a decision as the region itself has them. Raises CloudError when it does not say them."""
    environment, region = target.environment, target.region
    suffix = environment.suffix
    rds, dynamodb = target.client("rds"), target.client("dynamodb")
    group, own = naming.GLOBAL_CLUSTER.of(suffix=suffix), naming.CLUSTER.of(suffix=suffix, region=region)
    cluster, database = target.asked("looking at the database", lambda: read_database(rds, group, own))
    table = target.asked("reading the state table", lambda: read_table(dynamodb, target.table))
    return Snapshot(
        region=region,
        data_regions=tuple(each.name for each in environment.data_regions),
        witness_regions=tuple(each.name for each in environment.witnesses),
        cluster=cluster,
        database=database,
        views=table.views,
        fences=table.fences,
        markers=table.markers,
        holder=table.holder,
    )


def active_region(targets: Mapping[str, Target], request: Request) -> str:
    """Return the region of the writer, as the first of the regions says that has anything to say; empty if none does.

    Each is asked what a recovery to itself would be answered; a region that is dark costs its own time only.
    """

    def question(region: str) -> str:
        return assess(targets[region], Request(**{**asdict(request), "target": region})).active

    until = time.monotonic() + ASSESSING.connect + ASSESSING.read
    outcomes = ask_all({region: partial(question, region) for region in targets}, until)
    said: list[str] = [each.answer for each in outcomes.values() if each.answer]
    refused = [each.error for each in outcomes.values() if each.error]
    if not said and refused:
        raise refused[0]
    return said[0] if said else ""
