"""The real handlers, wired to this world; each invocation is a process that its own limit may end.

An invocation outlives whoever gave up waiting for it: a step that timed out, an execution that was stopped. That is how
a call that "failed" takes effect later.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import assess
import confirm_writer
import facts
import fence
import notice
import promote
from clients import DECIDING
from interpreter import TIMEOUT, TaskError
from recovery_world import GLOBAL

from . import names
from .clockwork import EndedError, Process

if TYPE_CHECKING:
    from .world import World

Handler = Callable[[dict[str, Any]], dict[str, Any]]

SECONDS = {"assess": 30, "fence": 30, "promote": 60, "confirm_writer": 30, "notice": 55}
"""Each function's own limit; a test holds them to the built templates."""


@dataclass
class Functions:
    """The functions of all data regions. answers: every assessment, with its region and time."""

    world: World
    answers: list[tuple[int, str, str, dict[str, Any]]] = field(default_factory=list)
    running: dict[Process, str] = field(default_factory=dict)

    def invoke(self, region: str, name: str, event: dict[str, Any], limit: float) -> dict[str, Any]:
        """Run a function and return its answer. Raises :class:`TaskError`, named as Step Functions names it."""
        clock, own = self.world.clock, SECONDS[name]
        handler = self.handler(region, name)
        process = self.start(region, name, lambda: handler(json.loads(json.dumps(event))))
        if not clock.join(process, min(limit, own)):
            if limit < own:
                clock.after(own - limit, lambda: clock.end(process, EndedError()))
                raise TaskError(TIMEOUT)
            clock.end(process, EndedError())
            raise TaskError("Sandbox.Timedout", f"{name}: task timed out after {own} seconds")
        error = process.error
        if isinstance(error, facts.UnavailableError | facts.DeniedError):
            raise TaskError(type(error).__name__, str(error))
        if isinstance(error, EndedError):
            raise TaskError("Lambda.Unknown", f"{region} is gone")
        if error is not None:
            raise error
        answer = self.world.mutant.answered(name, json.loads(json.dumps(process.result)))
        if name == "assess":
            self.answers.append((clock.now, region, str(event.get("execution", "")), answer))
        return answer

    def start(self, region: str, name: str, body: Callable[[], Any]) -> Process:
        """Start an invocation; it ends with its region."""
        self.running = {process: where for process, where in self.running.items() if not process.done}
        process = self.world.clock.spawn(f"{name} in {region}", body)
        self.running[process] = region
        return process

    def end_in(self, region: str) -> None:
        """End all invocations in a region that is gone."""
        for process, where in self.running.items():
            if where == region:
                self.world.clock.end(process, EndedError())

    def look(self, region: str) -> None:
        """Have ``notice`` look, as the schedule and the alarms do; what becomes of it is its own matter."""
        if region in self.world.network.lost:
            return
        process = self.start(region, "notice", lambda: self._noticed(region))
        self.world.clock.after(SECONDS["notice"], lambda: self.world.clock.end(process, EndedError()))

    def _noticed(self, region: str) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            notice.run(self.notice(region), {})
        except (facts.UnavailableError, facts.DeniedError, BotoCoreError, ClientError) as error:
            self.world.say("function", region, "notice failed", str(error)[:160])
        except EndedError:
            raise
        except BaseException as error:
            self.world.broken.append(f"notice in {region}: {error!r}")
            raise

    def notice(self, region: str) -> notice.Notice:
        """Return ``notice`` of a region, wired."""
        world = self.world
        told = notice.Settings(
            **self._common(region),
            global_cluster=GLOBAL,
            mode=world.shape.mode,
            state_machine=names.machine(region),
            topic=names.topic(region),
            notice_seconds=world.shape.notice_seconds,
            rpo_seconds=world.shape.rpo_seconds,
            approval_seconds=world.shape.approval_seconds,
        )
        return notice.Notice(
            told,
            world.calls.client(region, DECIDING),
            world.calls.client(region, notice.INVOKING),
            lambda: world.time_in(region),
            lambda line: self._heard(region, line),
        )

    def _heard(self, region: str, line: str) -> None:
        told = json.loads(line)
        for done in told.get("done", []):
            self.world.say("function", region, f"notice: {done}"[:200])

    def handler(self, region: str, name: str) -> Handler:
        """Return one of the state machine's functions, wired."""
        world = self.world
        client = world.calls.client
        quick = client(region, facts.QUICK)
        told = self._common(region)

        def now() -> int:
            return world.time_in(region)

        if name == "assess":
            asking = assess.Settings(
                **told, global_cluster=GLOBAL, rpo_seconds=world.shape.rpo_seconds, mode=world.shape.mode
            )
            assessing = assess.Assess(asking, quick, client(region, assess.ASKING_AWAY), now)
            return lambda event: assess.run(assessing, event)
        if name == "fence":
            acls = {other: names.acl(other) for other in world.data_regions if other != region}
            fencing = fence.Settings(**told, fence_roles=names.FENCE_ROLES, network_acls=acls, external_id=None)
            away = client(region, fence.AWAY)
            wired = fence.Fence(fencing, client(region, fence.AT_HOME), lambda credentials, where: away("ec2", where))
            return lambda event: self._fenced(fence.run(wired, event))
        if name == "promote":
            told_promote = promote.Settings(**told, global_cluster=GLOBAL)
            once = client(region, promote.ONCE)
            return lambda event: world.mutant.promote(
                promote.Promote(told_promote, quick, once, now, world.clock.wait), event
            )
        confirming = confirm_writer.Confirm(confirm_writer.Settings(**told, global_cluster=GLOBAL), quick, now)
        return lambda event: confirm_writer.run(confirming, event)

    def _fenced(self, answer: dict[str, Any]) -> dict[str, Any]:
        self.world.record.fences.append((self.world.clock.now, answer["region"], answer["outcome"]))
        return answer

    def _common(self, region: str) -> dict[str, Any]:
        return {
            "region": region,
            "suffix": names.SUFFIX,
            "table": names.table(region),
            "data_regions": self.world.data_regions,
            "witness_regions": self.world.witnesses,
        }
