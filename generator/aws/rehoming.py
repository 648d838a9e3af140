"""Home moved to the active region after an event: the parameter ``Home`` of the records stacks, and nothing else.

It goes the way that a deployment goes (the lease, an update of the StackSet's instances with all their overrides,
trap 44), never by Route 53's API, so that stacks and reality agree. It is no part of a recovery: it needs
CloudFormation, and waits until the new writer is well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from generator.aws import observe
from generator.aws.access import call_as
from generator.aws.clients import Clouds
from generator.aws.control import Control, paces_of
from generator.aws.events import Said, Sink
from generator.aws.grip import Grip
from generator.aws.interruptible import interruptible
from generator.aws.lease import Lease
from generator.aws.paces import Halt
from generator.aws.perform import carry_out
from generator.aws.recovering import Target, holder
from generator.aws.status.look import clouds_for_looking, look
from generator.aws.status.report import Report
from generator.config import Environment
from generator.errors import CloudError, DisasterRecoveryError, Exit
from generator.placement import Instance
from generator.plan import recorded
from generator.plan.model import Seen, UpdateInstances
from recovery.state import IN_PROGRESS

RECORDS = ("records-failover", "records-weighted")
HOME = "Home"
SECONDS = 20.0
"""How long the environment may take to say how it is."""


class NotNowError(DisasterRecoveryError):
    """Home can't move now, and nothing was changed."""

    exit = Exit.FINDINGS


@dataclass(frozen=True)
class Rehomed:
    """What came of it. before: home in each of the regions that hold records. changed, dark: regions."""

    active: str
    before: dict[str, str]
    changed: tuple[str, ...] = ()
    dark: tuple[str, ...] = ()


def rehome(environment: Environment, clouds: Clouds, sink: Sink, *, wait: bool = False) -> Rehomed:
    """Make the active region home and return what came of it; again changes nothing.

    Raises NotNowError while a recovery runs or the active region does not prove to be the writer, HeldError while
    someone deploys (``wait``: waits instead), DeployError, HaltedError and CloudError.
    """
    control = Control(clouds, sink, paces=paces_of(clouds), halt=Halt())
    return interruptible(lambda: _rehome(environment, control, wait=wait), control.halt, "rehome")


def _rehome(environment: Environment, control: Control, *, wait: bool) -> Rehomed:
    clouds = control.clouds
    account = clouds.check_account()
    report = look(clouds_for_looking(clouds), environment, seconds=SECONDS)
    active = settled(environment, report)
    _check_running(clouds, environment, report)
    control.calling = call_as(clouds)
    seen = observe.seen(environment, clouds, account=account, calling=control.calling)
    places = recorded.placed(environment, seen).of(*RECORDS)
    before = {each.region: recorded.deployed(seen, each, HOME) for each in places if seen.stack_of(each)}
    if not before:
        raise CloudError("no records are deployed", hint="python -m generator deploy ENVIRONMENT")
    dark = tuple(each.region for each in places if each.region in seen.dark)
    actions = tuple(_actions(places, seen, active))
    if actions:
        lease = Lease(clouds)
        try:
            Grip(lease, control, wait=wait).hold()
            for action in actions:
                control.sink(Said(f"{action.name} in {', '.join(action.regions)}: {action.reason}"))
            carry_out(actions, control, ordered=True)
        finally:
            lease.release()
    return Rehomed(active, before, tuple(region for action in actions for region in action.regions), dark)


def settled(environment: Environment, report: Report) -> str:
    """Return the active region when the event is over and it is well. Raises NotNowError with the reason."""
    cluster, active = report.cluster, report.active
    if cluster is None or not active:
        raise NotNowError("no region is known to be active", hint="python -m generator status ENVIRONMENT")
    if len([each for each in cluster.members if each.writer]) > 1:
        raise NotNowError("the global cluster shows more than one writer", hint="look at it in the RDS console")
    if cluster.swap is not None and cluster.swap.status in IN_PROGRESS:
        raise NotNowError(f"a {cluster.swap.verb} is {cluster.swap.status}", hint="run it again when it has ended")
    if active not in [each.name for each in environment.data_regions]:
        raise NotNowError(f"{active} is active and not in the environment file", hint="put it back into the file")
    facts = report.of(active)
    own = [view for view in (facts.table.views if facts and facts.table else ()) if view.voter == view.about == active]
    if not own or not own[0].fresh(report.at_ms):
        raise NotNowError(
            f"{active} has no fresh writer proof", hint=f"wait for it, or look at {active}'s prove-writer"
        )
    if not own[0].writer:
        raise NotNowError(f"{active} does not prove to be the writer: {own[0].reason}", hint="wait until it does")
    return active


def _check_running(clouds: Clouds, environment: Environment, report: Report) -> None:
    """Raise NotNowError when a recovery runs somewhere; a lease whose execution has ended is none."""
    for region in (each.name for each in environment.data_regions):
        facts = report.of(region)
        if facts is None or facts.table is None or not facts.table.holder:
            continue
        held = holder(Target(clouds, region))
        if held is not None:
            hint = f"python -m generator follow ENVIRONMENT --to {region}, and run it again when that has ended"
            raise NotNowError(f"a recovery to {region} runs: {held}", hint=hint)


def _actions(places: tuple[Instance, ...], seen: Seen, active: str) -> Iterator[UpdateInstances]:
    """Yield the updates, the new home first: with weighted records there is then no moment without one (trap 34b)."""
    for place in sorted(places, key=lambda each: each.region != active):
        stack = seen.stack_of(place)
        if stack is None or place.region in seen.dark or stack.parameters.get(HOME) == active:
            continue
        reason = f"home moves from {stack.parameters.get(HOME)} to {active}"
        overrides = {**stack.parameters, HOME: active}
        yield UpdateInstances(reason, place.stackset, place.account, (place.region,), overrides)
