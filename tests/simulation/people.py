"""Who is told, and what they do then: mostly what the message says, sometimes late, twice, or not at all.

Everything that a person does here, a message or a plan of the run made them do; nothing is moved without one (I9).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from facts import DeniedError, UnavailableError

from recovery.signals import FAILOVER

from . import names
from .databases import WRITER

if TYPE_CHECKING:
    from .cloud import Message
    from .machine import Execution
    from .world import World

REHOMES_WITHIN = 600
"""Seconds after being told within which people make a new writer home."""


@dataclass
class People:
    """The people on call. told_writer: when they heard that a region is the writer. diligent: they make no mistakes.

    idle: they read and do nothing. not_yet: when home could not be moved to a region.
    """

    world: World
    random: Random
    diligent: bool = False
    idle: bool = False
    not_yet: list[tuple[int, str]] = field(default_factory=list)
    told_writer: dict[str, int] = field(default_factory=dict)
    homed: dict[str, bool] = field(default_factory=dict)
    asked: int = 0

    def hear(self, message: Message) -> None:
        """Read a message and plan what to do about it."""
        if self.idle:
            return
        if message.subject.startswith("Approve a"):
            self._answer(message)
        elif message.subject.endswith("is the writer"):
            self._make_home(message.subject.split()[0])
        elif message.subject.endswith("looks lost") and self.world.shape.mode == "manual":
            self._later(30, 300, 0.85, lambda: self.follow(message))
        elif message.subject.endswith("did not go through") and "accept the loss" in message.text:
            self._later(20, 120, 0.8, lambda: self.ask(FAILOVER, message.topic, True, by="who accepts the loss"))

    def follow(self, message: Message) -> Execution | None:
        """Start exactly what a message about a loss says, as whoever copies its command does."""
        found = re.search(r"--input '(\{[^']*\})'", message.text)
        assert found, f"no command in {message.text}"
        told = json.loads(found[1])
        return self._start(message.topic, told | {"requested_by": "who was told", "reason": message.subject})

    def ask(
        self, verb: str, target: str, accept: bool = False, approval: bool = False, by: str = "somebody"
    ) -> Execution | None:
        """Ask for a recovery; ``None`` when the target can't be reached."""
        request: dict[str, Any] = {
            "verb": verb,
            "target": target,
            "accept_data_loss": accept,
            "approval": approval,
            "approval_seconds": self.world.shape.approval_seconds,
            "requested_by": by,
            "reason": "a person wants it",
        }
        return self._start(target, request)

    def _start(self, target: str, request: dict[str, Any]) -> Execution | None:
        if target in self.world.network.lost:
            return None
        self.asked += 1
        return self.world.machines[target].begin(f"asked-{self.asked}", request, request["requested_by"])

    def _later(self, least: int, most: int, likely: float, act: Any) -> None:
        """Plan to do something, or forget it."""
        if self.diligent:
            self.world.clock.after(least, act)
        elif self.random.random() < likely:
            self.world.clock.after(self.random.uniform(least, most), act)

    def _answer(self, message: Message) -> None:
        """Answer a question: yes mostly, or no, or too late, or twice."""
        choice = "yes" if self.diligent else self.random.choice(("yes", "yes", "yes", "twice", "late", "no", "never"))
        if choice == "never":
            return
        late = self.world.shape.approval_seconds + 30
        delay = late if choice == "late" else self.random.uniform(10, 100)
        kind = "refuse" if choice == "no" else "approve"
        for again in range(2 if choice == "twice" else 1):
            self.world.clock.after(delay + again * 5, lambda: self._send(message, kind))

    def _send(self, message: Message, kind: str) -> None:
        """Send the answer; Step Functions refuses one that comes too late (API, ``SendTaskSuccess``)."""
        execution = self.world.waiting(message.token)
        if execution is None or execution.answer is not None or message.topic in self.world.network.lost:
            self.world.say("person", message.topic, f"wants to {kind}, and is refused: nobody waits for it")
            return
        execution.answer = (kind, "somebody")
        self.world.say("person", message.topic, f"says {kind}")
        assert execution.process is not None
        self.world.clock.wake(execution.process)

    def _make_home(self, region: str) -> None:
        self.told_writer[region] = self.world.clock.now
        if self.world.mutant.rehomes:
            self.world.clock.after(self.random.uniform(60, 400), lambda: self.rehome(region))

    def rehome(self, region: str) -> None:
        """Make ``region`` home, as the command ``rehome`` does: in its own time, and only if all is over and well."""
        world = self.world
        if world.watch.home == region or world.service.writer != region:
            return
        if "cloudformation" in world.down or region in world.network.lost or not self._settled(region):
            self.not_yet.append((world.clock.now, region))
            world.clock.after(120, lambda: self.rehome(region))
            return
        self.set_home(region)

    def _settled(self, region: str) -> bool:
        """Return what ``generator.aws.rehoming`` asks before it moves home."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            snapshot = self.world.facts(region)
        except (BotoCoreError, ClientError, UnavailableError, DeniedError):
            return False
        running = any(each.status == "RUNNING" for each in self.world.executions())
        well = snapshot.active == region and snapshot.proved(region, self.world.clock.now)
        return well and snapshot.swap is None and not running

    def set_home(self, region: str) -> None:
        """Change the parameter."""
        world = self.world
        proved = world.proved.get(region, 0) >= world.became.get(region, 0)
        self.homed[region] = proved and world.servers[region].role == WRITER
        world.watch.home = region
        world.say("person", region, f"makes {names.SHORT[region]} home")

    def settle(self) -> None:
        """Do what the messages of the last failed recoveries say, and what status would say."""
        world = self.world
        if any(each.status == "RUNNING" for each in world.executions()) or world.service.swap:
            return
        writer = world.service.writer
        newest = max(
            (each for each in world.machines[writer].executions.values()),
            key=lambda each: each.ended_ms,
            default=None,
        )
        unfinished = newest is not None and newest.status != "SUCCEEDED" and newest.request["verb"] == FAILOVER
        if unfinished and newest is not None and self._taken_over(newest):
            self.ask(FAILOVER, writer, True, by="who finishes it")
        self.rehome(writer)

    def _taken_over(self, execution: Execution) -> bool:
        """Return whether an execution that did not end well came far enough for its region to become the writer."""
        return any(
            each.target == execution.region and each.at_ms >= execution.began_ms
            for each in self.world.service.promotions
        )
