"""A plan carried out, wave by wave: looked at, refused or done, followed, checked, and told.

Nothing is changed without the lease, and the lease is taken only when there is something to change: a second
deployment looks, says so, and has changed nothing. It can be stopped at any point. What it began goes on in the
cloud, is named, and the next deployment joins it, because a plan is made from what is there and from nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from generator.aws import observe
from generator.aws.access import call_as
from generator.aws.clients import Clouds
from generator.aws.control import Control, paces_of
from generator.aws.events import Checked, Looked, Said, Sink
from generator.aws.faults import DeployError
from generator.aws.grip import Grip
from generator.aws.interruptible import interruptible
from generator.aws.lease import Lease, MovedError
from generator.aws.paces import Halt, HaltedError, Paces
from generator.aws.uploads import Bodies, Packages
from generator.aws.waves import Waves
from generator.aws.works import DarkenedError, Library
from generator.config import Environment
from generator.errors import CloudError
from generator.naming import TEMPLATE_BUCKET
from generator.plan.effects import effects
from generator.plan.model import Plan, Refusal, Seen
from generator.plan.perils.places import WITHOUT_DARK
from generator.plan.reach import passed_over
from generator.plan.safety import refusals
from generator.plan.wanted import Facts
from generator.plan.waves import plan as planned

_AGAIN = 5
"""How often everything is looked at anew because someone else deployed in the meantime."""


@dataclass(frozen=True)
class Options:
    """How to deploy. allowed: flags that lift refusals. wait: for someone else's lease, instead of refusing.

    watch: whether the resources' events are asked for while operations run. again: the command that goes on with it.
    """

    allowed: frozenset[str] = frozenset()
    wait: bool = False
    watch: bool = False
    again: str = "python -m generator deploy"
    stop: str = "python -m generator stop"
    paces: Paces | None = None


@dataclass(frozen=True)
class Result:
    """What came of it. changed: ids of the works that changed something. seconds: how long it took."""

    environment: Environment
    seen: Seen
    plan: Plan
    changed: tuple[str, ...] = ()
    checks: tuple[Checked, ...] = ()
    seconds: float = 0.0

    @property
    def name_servers(self) -> tuple[str, ...]:
        """Return the servers that the parent domain has to delegate to; none for a zone that was given."""
        for stackset in self.seen.stacksets.values():
            for each in stackset.instances:
                servers = each.stack.outputs.get("NameServers", "") if each.stack else ""
                if servers and stackset.name.endswith("-zone"):
                    return tuple(servers.split(","))
        return ()


class RefusedError(CloudError):
    """The plan would do what nobody asked for; ``refusals`` are all reasons."""

    def __init__(self, found: tuple[Refusal, ...]) -> None:
        flags = list(dict.fromkeys(each.flag for each in found if each.flag))
        hint = f"if that is what you want, add {' and '.join(flags)}" if flags else found[0].hint
        said = (f"{each.message}{f' (trap {each.trap})' if each.trap else ''}" for each in found)
        super().__init__(f"refused: {'; '.join(said)}", hint=hint)
        self.refusals = found


@dataclass
class _Try:
    """One look at the cloud, and the plan that follows from it."""

    facts: Facts
    plan: Plan


@dataclass
class Deployment:
    """One deployment of one environment."""

    environment: Environment
    clouds: Clouds
    sink: Sink
    options: Options
    packages: Packages = field(default_factory=Packages)
    halt: Halt = field(default_factory=Halt)

    def __post_init__(self) -> None:
        self.library = Library(self.environment, self.packages)
        self.control = Control(
            self.clouds,
            self.sink,
            watch=self.options.watch,
            halt=self.halt,
            paces=self.options.paces or paces_of(self.clouds),
            body=Bodies(self.clouds, self._bucket(), self.sink),
        )
        self.lease: Lease | None = None

    def run(self) -> Result:
        """Deploy and return what came of it. Raises CloudError of many kinds, each with what to do."""
        start, account = time.monotonic(), self.clouds.check_account()
        self.control.calling = call_as(self.clouds)
        done: list[str] = []
        for _ in range(_AGAIN):
            self.lease = lease = Lease(self.clouds)
            grip = Grip(lease, self.control, wait=self.options.wait)
            attempt = self._look(account)
            self._refuse(attempt)
            waves = Waves(self.control, self.library, attempt.plan, grip, self.options.allowed)
            try:
                facts, changed, found = waves.carry_out(attempt.facts)
            except MovedError:
                self.sink(Said("someone else deployed in the meantime: looking again"))
                continue
            except DarkenedError as error:
                if WITHOUT_DARK not in self.options.allowed:
                    raise
                self.sink(Said(f"{error}: looking again without it", "warning"))
                done += waves.changed
                lease.release()
                continue
            changed = tuple(dict.fromkeys((*done, *changed)))
            if not changed:
                self.sink(Said("nothing to change", "fine"))
            result = Result(
                self.environment, facts.seen, attempt.plan, changed, found, seconds=time.monotonic() - start
            )
            self._judge(result)
            return result
        raise CloudError(
            "others keep deploying this environment, or regions keep turning dark",
            hint="find out who, then deploy again",
        )

    def _look(self, account: str) -> _Try:
        seen = observe.seen(self.environment, self.clouds, account=account, calling=self.control.calling)
        self.sink(Looked(account, len(seen.stacksets), seen.database.active, seen.dark))
        for region in seen.dark:
            self.sink(Said(f"{region} does not answer: nothing is done there, deploy again when it does", "warning"))
        for words in passed_over(self.environment, seen):
            self.sink(Said(f"{words}; deploy again when it has", "warning"))
        lists = observe.prefix_lists(self.environment, self.clouds, seen)
        return _Try(Facts(self.environment, seen, self.packages.keys, lists), planned(self.environment, seen))

    def _refuse(self, attempt: _Try) -> None:
        found = refused(attempt.facts, attempt.plan, self.library, self.options.allowed)
        if found:
            raise RefusedError(found)

    def _judge(self, result: Result) -> None:
        failing = [each for each in result.checks if each.problem and each.failing]
        if failing:
            said = "; ".join(f"{each.about}: {each.problem}" for each in failing)
            hints = list(dict.fromkeys(each.hint for each in failing if each.hint))
            raise DeployError(f"deployed, and not as it should be: {said}", hint="; ".join(hints))

    def _bucket(self) -> str:
        return TEMPLATE_BUCKET.of(
            suffix=self.environment.suffix,
            region=self.environment.dns_region,
            account=self.environment.accounts.administration,
        )

    def left(self) -> str:
        """Return what may still be running in the cloud, in words; empty when nothing is."""
        return "; ".join(
            f"{each.action} of {each.stackset} in {', '.join(each.regions)} ({each.id})"
            for each in self.control.running.left
        )


def refused(facts: Facts, plan: Plan, library: Library, allowed: frozenset[str]) -> tuple[Refusal, ...]:
    """Return what keeps the plan from being carried out."""
    found = effects(facts, plan, library.templates)
    return refusals(facts.environment, facts.seen, plan, found, allowed=allowed)


def deploy(
    environment: Environment,
    clouds: Clouds,
    sink: Sink,
    options: Options | None = None,
    *,
    halt: Halt | None = None,
) -> Result:
    """Bring the environment to what its file says, and return what came of it.

    Runs in a thread of its own, so that Ctrl-C is heard at any moment: nothing new is begun then, what runs in the
    cloud is named, and the lease is given back. Raises RefusedError, HeldError (someone else deploys), DeployError
    (something failed, each with its region and reason), HaltedError (stopped) and CloudError.
    """
    chosen = options or Options()
    deployment = Deployment(environment, clouds, sink, chosen, halt=halt or Halt())
    with _tidied(deployment):
        return interruptible(deployment.run, deployment.halt, "deploy")


@contextmanager
def _tidied(deployment: Deployment) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise _stopped(deployment, "interrupted") from None
    except HaltedError as error:
        raise _stopped(deployment, str(error)) from error
    except DeployError as error:
        error.hint = "; ".join(filter(None, (error.hint, f"go on with: {deployment.options.again}")))
        raise
    finally:
        if deployment.lease is not None:
            deployment.lease.release()
        deployment.packages.close()


def _stopped(deployment: Deployment, why: str) -> HaltedError:
    left = deployment.left()
    said = f"{why}: still running in the cloud: {left}" if left else f"{why}: nothing is left running"
    stop = f"stop them with: {deployment.options.stop}; " if left else ""
    return HaltedError(said, hint=f"{stop}go on with: {deployment.options.again}")
