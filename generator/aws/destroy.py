"""An environment taken down, as :mod:`generator.plan.teardown` says; what is left is told with the reason.

It takes the lease that a deployment takes. It can be stopped at any point: what is to be done is worked out from what
is there, so the next run goes on where this one stopped.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import partial

from generator.aws import observe, remains
from generator.aws.access import call_as
from generator.aws.clients import Clouds
from generator.aws.control import Control, paces_of
from generator.aws.events import Looked, Said, Sink, WaveBegan
from generator.aws.faults import DeployError
from generator.aws.grip import Grip
from generator.aws.interruptible import all_of, interruptible
from generator.aws.lease import Lease, MovedError
from generator.aws.paces import Halt, HaltedError, Paces
from generator.aws.perform import carry_out
from generator.aws.undoing import undo, undoes
from generator.aws.uploads import Bodies
from generator.config import Environment
from generator.errors import CloudError
from generator.naming import STACKSET, TEMPLATE_BUCKET
from generator.plan.model import Action, DeleteStack, Seen, SeenStack, Wait
from generator.plan.steps import EmptyBucket, Left, Teardown
from generator.plan.teardown import teardown

_ROUNDS = 20
"""How often it is looked again, because something was waited for or somebody else moved something."""


@dataclass(frozen=True)
class Options:
    """How to destroy. data: whether data of an environment that is not disposable goes too. wait: for the lease."""

    data: bool = False
    wait: bool = False
    again: str = "python -m generator destroy"
    paces: Paces | None = None


@dataclass(frozen=True)
class Result:
    """What came of it: steps carried out, in words; snapshots by ARN; what is left and why; regions that are dark."""

    done: tuple[str, ...] = ()
    snapshots: tuple[str, ...] = ()
    left: tuple[Left, ...] = ()
    dark: tuple[str, ...] = ()
    seconds: float = 0.0


def planned(environment: Environment, clouds: Clouds, *, data: bool) -> tuple[Teardown, Seen]:
    """Return what would be done, and what was seen. Changes nothing. Raises CloudError."""
    seen = remains.with_templates(clouds, observe.seen(environment, clouds))
    seen = replace(seen, released=remains.released(clouds, seen))
    return teardown(environment, seen, data=data), seen


@dataclass
class Destruction:
    """One run of taking one environment down."""

    environment: Environment
    clouds: Clouds
    sink: Sink
    options: Options
    halt: Halt = field(default_factory=Halt)
    done: list[str] = field(default_factory=list)
    snapshots: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        accounts, region = self.environment.accounts, self.environment.dns_region
        self._templates = TEMPLATE_BUCKET.of(
            suffix=self.environment.suffix, region=region, account=accounts.administration
        )
        self.control = Control(
            self.clouds,
            self.sink,
            halt=self.halt,
            paces=self.options.paces or paces_of(self.clouds),
            body=Bodies(self.clouds, self._templates, self.sink),
        )
        self.lease: Lease | None = None
        self._released: tuple[SeenStack, ...] | None = None

    def run(self) -> Result:
        """Destroy and return what came of it. Raises CloudError of many kinds, each with what to do."""
        start, account = time.monotonic(), self.clouds.check_account()
        self.control.calling = call_as(self.clouds)
        self.lease = Lease(self.clouds)
        grip = Grip(self.lease, self.control, wait=self.options.wait)
        for _ in range(_ROUNDS):
            seen = self._look(account)
            self.sink(Looked(account, len(seen.stacksets), seen.database.active, seen.dark))
            found = teardown(self.environment, seen, data=self.options.data)
            if not found.waves:
                seconds = time.monotonic() - start
                return Result(tuple(self.done), tuple(self.snapshots), found.left, seen.dark, seconds)
            try:
                grip.hold()
            except MovedError:
                self.sink(Said("someone else deployed in the meantime: looking again"))
                grip = Grip(self.lease, self.control, wait=self.options.wait)
                continue
            self._carry_out(found, grip)
        raise CloudError(f"{self.environment.suffix} is not gone: others keep changing it", hint="find out who")

    def _look(self, account: str) -> Seen:
        """Return what is seen; stacks of no StackSet are looked for once, since nothing here makes one."""
        seen = observe.seen(self.environment, self.clouds, account=account, calling=self.control.calling)
        if self._released is None:
            self._released = remains.released(self.clouds, seen)
        return replace(remains.with_templates(self.clouds, seen), released=self._released)

    def _carry_out(self, found: Teardown, grip: Grip) -> None:
        """Carry the waves out; one that waited for others ends it, since what they did may change the rest."""
        for number, wave in enumerate(found.waves, 1):
            grip.check()
            self._give_back(wave)
            self.sink(WaveBegan(number, len(found.waves), tuple(sorted({subject(each) for each in wave}))))
            self._wave(wave)
            if any(isinstance(each, Wait) for each in wave):
                return

    def _give_back(self, wave: tuple[Action, ...]) -> None:
        """Give the lease back before the stack goes that holds its table: it could not be renewed any more."""
        table = f"{STACKSET.of(suffix=self.environment.suffix)}-deployment"
        if self.lease is not None and any(isinstance(each, DeleteStack) and each.name == table for each in wave):
            self.lease.release()

    def _wave(self, wave: tuple[Action, ...]) -> None:
        """Carry a wave's steps out side by side, those of one StackSet or bucket one after the other."""
        groups: dict[str, list[Action]] = {}
        for each in wave:
            groups.setdefault(subject(each), []).append(each)
        all_of({name: partial(self._group, steps) for name, steps in groups.items()})

    def _group(self, steps: list[Action]) -> None:
        for each in steps:
            self.halt.check()
            self._check(each)
            self.sink(Said(f"{describe(each)}: {each.reason}"))
            if undoes(each):
                kept = undo(each, self.control)
                self.snapshots += [kept] if kept else []
            else:
                carry_out([each], self.control)
            self.done.append(describe(each))

    def _check(self, step: Action) -> None:
        """Raise AssertionError for a bucket that is not to be emptied: nothing would bring it back."""
        if isinstance(step, EmptyBucket) and not self.environment.disposable:
            assert step.bucket == self._templates, f"{step.bucket} holds data of an environment that is not disposable"


def subject(step: Action) -> str:
    """Return what a step is about: the StackSet, stack, bucket, secret or cluster."""
    for name in ("bucket", "secret", "cluster", "stack", "name"):
        found = getattr(step, name, "")
        if found:
            return str(found)
    return type(step).__name__


def describe(step: Action) -> str:
    """Return a step in words: what is done to what, and where."""
    one = getattr(step, "region", "")
    regions = getattr(step, "regions", ()) or ((one,) if one else ())
    where = f" in {', '.join(regions)}" if regions else ""
    return f"{_WORDS[type(step).__name__]} {subject(step)}{where}" + (
        " (retained)" if getattr(step, "retain", 0) else ""
    )


_WORDS = {
    "AssertNoMembers": "make sure of no members of",
    "DeleteInstances": "delete the stacks of",
    "DeleteStack": "delete the stack",
    "DeleteStackSet": "delete the StackSet",
    "EmptyBucket": "empty",
    "RemoveSecretReplicas": "remove the replicas of",
    "Snapshot": "snapshot",
    "Unprotect": "lift the termination protection of",
    "UpdateInstances": "lift the deletion protection of",
    "UpdateStackSet": "let go of what is retained by",
    "Wait": "wait for",
}


def destroy(
    environment: Environment, clouds: Clouds, sink: Sink, options: Options | None = None, *, halt: Halt | None = None
) -> Result:
    """Take the environment down, and return what was done and what is left.

    Runs in a thread of its own, so that Ctrl-C is heard at any moment. Raises HeldError (someone deploys),
    DeployError (something could not be deleted), HaltedError (stopped) and CloudError.
    """
    run = Destruction(environment, clouds, sink, options or Options(), halt=halt or Halt())
    try:
        return interruptible(run.run, run.halt, "destroy")
    except KeyboardInterrupt:
        raise _stopped(run, "interrupted") from None
    except HaltedError as error:
        raise _stopped(run, str(error)) from error
    except DeployError as error:
        error.hint = "; ".join(filter(None, (error.hint, f"go on with: {run.options.again}")))
        raise
    finally:
        if run.lease is not None:
            run.lease.release()


def _stopped(run: Destruction, why: str) -> HaltedError:
    left = "; ".join(f"{each.action} of {each.stackset} ({each.id})" for each in run.control.running.left)
    said = f"{why}: still running in the cloud: {left}" if left else f"{why}: nothing is left running"
    return HaltedError(said, hint=f"what is gone is gone; go on with: {run.options.again}")
