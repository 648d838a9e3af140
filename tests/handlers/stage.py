"""The recovery machine on a stage: the real definition and the real handlers, in a world of two regions.

The old region's life, the service, the topic and the person who approves are the story's to set; then
:meth:`Stage.start` runs one execution to its end.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import assess
import confirm_writer
import facts
import fence
import promote
from botocore.exceptions import ClientError
from interpreter import TIMEOUT, Ended, Interpreter, KilledError, TaskError
from perimeter import ACL, EXTERNAL_ID, Perimeter
from recovery_world import (
    AWAY,
    GLOBAL,
    HERE,
    TABLE,
    TOPIC,
    WITNESS,
    Clock,
    Service,
    local_table,
)
from state import StateTable

from recovery import state as facts_of
from recovery.signals import SUPERSEDED_ITEM
from recovery.state import View

DEFINITION = Path(__file__).parents[2] / "generator" / "stacks" / "recovery.asl.json"
SUBSTITUTIONS = {
    "AssessArn": "assess",
    "FenceArn": "fence",
    "PromoteArn": "promote",
    "ConfirmWriterArn": "confirm_writer",
    "StateTable": TABLE,
    "Suffix": "example",
    "TopicArn": TOPIC,
}
Answer = Callable[[str, int], tuple[str, str]]
VALID_MS = 33_000


def definition() -> dict[str, Any]:
    """Return the machine's definition with its substitutions filled in."""
    text = DEFINITION.read_text()
    for name, value in SUBSTITUTIONS.items():
        text = text.replace("${" + name + "}", value)
    assert "${" not in text
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@dataclass
class Stage:
    """The world of one story.

    alive: the old region's database takes writes. lag_seconds: how far the replica here is behind it.
    reachable: the old region's EC2 answers. deaf_topic: how the topic fails. person: answers an approval
    with ``("approve", name)`` or ``("refuse", name)``; ``None`` never answers. probing: this region's
    probe runs. kill: a state and a moment (``before``, ``during``, ``after``) to stop the execution at.
    """

    alive: bool = False
    lag_seconds: float = 0.0
    reachable: bool = True
    deaf_topic: Exception | None = None
    person: Answer | None = None
    probing: bool = True
    kill: tuple[str, str] | None = None
    lambda_errors: dict[str, list[TaskError]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clock = Clock()
        self.service = Service(self.clock)
        self.dynamodb = local_table()
        self.table = StateTable(self.dynamodb, TABLE)
        self.messages: list[dict[str, Any]] = []
        self.answers: list[Any] = []
        self.perimeter = Perimeter(self.reachable)
        self.running: dict[str, str] = {}
        self.inside: str = ""
        self.heartbeat_ms = self.clock.now - 30_000 - int(self.lag_seconds * 1000)
        self._see(AWAY, AWAY, "writer", at_ms=self.clock.now - 30_000)
        self.clock.ticks += [self.service.tick, self.tick]
        self.tick()

    def tick(self) -> None:
        """Let the probes of both regions look once."""
        now, writer = self.clock.now, self.service.writer
        away_writes = self.alive and writer == AWAY and AWAY not in self.fenced
        if away_writes:
            self.heartbeat_ms = max(self.heartbeat_ms, now - int(self.lag_seconds * 1000))
            self._see(AWAY, AWAY, "writer")
        if not self.probing:
            return
        self._see(HERE, AWAY, "writer" if away_writes else "unknown")
        if writer == HERE:
            self._see(HERE, HERE, "writer")
        else:
            self._see(HERE, HERE, "replica", lag=(now - self.heartbeat_ms) / 1000)

    def _see(self, voter: str, about: str, role: str, *, lag: float | None = None, at_ms: int = 0) -> None:
        at_ms = at_ms or self.clock.now
        self.table.put_view(
            View(
                voter=voter,
                about=about,
                role=role,
                writer=role == "writer",
                reached=role != "unknown",
                reason=f"{about} is {role}",
                at_ms=at_ms,
                valid_until_ms=at_ms + VALID_MS,
                lag_seconds=lag,
            )
        )

    def start(self, execution: str = "first", **request: Any) -> Ended:
        """Run one execution, a failover to this region unless told otherwise, and return its end."""
        given = {"verb": "failover", "target": HERE, "requested_by": "someone", "reason": "a story"} | request
        self.running[execution] = "RUNNING"
        kill = self.kill

        def around(name: str, moment: str) -> None:
            self.inside = name
            if kill == (name, moment):
                raise KilledError(name)

        machine = Interpreter(definition(), self.tasks(), self.clock.wait, around)
        ended = machine.run(execution, given)
        self.running[execution] = ended.status
        return ended

    def tasks(self) -> dict[str, Any]:
        """Return the machine's tasks by their resource."""
        return {
            "arn:aws:states:::lambda:invoke": self._invoke,
            "arn:aws:states:::dynamodb:putItem": self._dynamo("put_item"),
            "arn:aws:states:::dynamodb:getItem": self._dynamo("get_item"),
            "arn:aws:states:::dynamodb:deleteItem": self._dynamo("delete_item"),
            "arn:aws:states:::sns:publish": lambda parameters, limit: self._publish(parameters),
            "arn:aws:states:::sns:publish.waitForTaskToken": self._ask,
            "arn:aws:states:::aws-sdk:sfn:describeExecution": self._describe_execution,
        }

    def _invoke(self, parameters: dict[str, Any], limit: int) -> dict[str, Any]:
        name, event = parameters["FunctionName"], json.loads(json.dumps(parameters["Payload"]))
        if self.lambda_errors.get(name):
            raise self.lambda_errors[name].pop(0)
        begun = self.clock.now
        try:
            answer = self.handlers()[name](event)
        except facts.UnavailableError as error:
            raise TaskError(type(error).__name__, str(error)) from error
        except facts.DeniedError as error:
            raise TaskError("DeniedError", str(error)) from error
        self.answers.append(answer)
        self._die_unanswered()
        assert self.clock.now - begun <= limit * 1000, f"{name} took longer than its step allows"
        return {"Payload": json.loads(json.dumps(answer))}

    def _die_unanswered(self) -> None:
        """Stop the execution between an effect and its answer, when the story says so."""
        if self.kill == (self.inside, "during"):
            raise KilledError(self.inside)

    def handlers(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """Return the functions, wired to this world."""
        common: dict[str, Any] = {
            "region": HERE,
            "suffix": "example",
            "table": TABLE,
            "data_regions": (AWAY, HERE),
            "witness_regions": (WITNESS,),
        }
        assessing = assess.Settings(**common, global_cluster=GLOBAL, rpo_seconds=60, mode="manual")
        fencing = fence.Settings(
            **common,
            fence_roles="arn:aws:iam::111122223333:role/dr-example-{region}-fence",
            network_acls={AWAY: ACL},
            external_id=EXTERNAL_ID,
        )
        promoting = promote.Settings(**common, global_cluster=GLOBAL)
        confirming = confirm_writer.Settings(**common, global_cluster=GLOBAL)
        return {
            "assess": lambda event: assess.run(
                assess.Assess(assessing, self.clients, self.clients, self.clock.ms), event
            ),
            "fence": lambda event: fence.run(fence.Fence(fencing, self.clients, self.perimeter.ec2), event),
            "promote": lambda event: promote.run(
                promote.Promote(promoting, self.clients, self.clients, self.clock.ms, self.clock.wait), event
            ),
            "confirm_writer": lambda event: confirm_writer.run(
                confirm_writer.Confirm(confirming, self.clients, self.clock.ms), event
            ),
        }

    def clients(self, service: str, region: str) -> Any:
        """Return a client, as the functions' factory does."""
        if service == "dynamodb":
            assert region == HERE, "only the own region's table is read"
            return self.dynamodb
        if service == "rds":
            return self.service.client(region)
        assert (service, region) == ("sts", HERE), f"{service} in {region} is not in the path"
        return self.perimeter.sts()

    def _dynamo(self, method: str) -> Any:
        def call(parameters: dict[str, Any], limit: int) -> Any:
            try:
                answer = getattr(self.dynamodb, method)(**parameters)
            except ClientError as error:
                raise TaskError(f"DynamoDB.{error.response['Error']['Code']}", str(error)) from error
            self._die_unanswered()
            return answer

        return call

    def _publish(self, parameters: dict[str, Any]) -> dict[str, Any]:
        if self.deaf_topic:
            raise TaskError("SNS.InternalErrorException", str(self.deaf_topic))
        assert len(parameters["Subject"]) < 100 and "\n" not in parameters["Subject"]
        self.messages.append(parameters)
        self._die_unanswered()
        return {"MessageId": "m"}

    def _ask(self, parameters: dict[str, Any], limit: int) -> Any:
        self._publish(parameters)
        if self.person is None:
            self.clock.wait(limit)
            raise TaskError(TIMEOUT)
        answer, name = self.person(parameters["Message"], limit)
        if answer == "refuse":
            raise TaskError("Refused", name)
        return {"by": name}

    def _describe_execution(self, parameters: dict[str, Any], limit: int) -> dict[str, Any]:
        status = self.running.get(parameters["ExecutionArn"])
        if status is None:
            raise TaskError("Sfn.ExecutionDoesNotExistException", "gone")
        return {"Status": status}

    @property
    def fenced(self) -> set[str]:
        """Return the regions that are fenced."""
        return self.perimeter.fenced

    @property
    def markers(self) -> tuple[str, ...]:
        """Return the regions that are marked superseded here."""
        return self.table.superseded()

    @property
    def lease(self) -> dict[str, Any] | None:
        """Return the lease, or ``None``."""
        return self.table.get("lease", "recovery")

    def facts(self) -> facts_of.Snapshot:
        """Return what a decision would start from now."""
        settings = assess.Settings(HERE, "example", TABLE, (AWAY, HERE), (WITNESS,), GLOBAL, 60, "manual")
        return facts.gather(settings, self.clients, GLOBAL)

    def end(self) -> dict[str, Any]:
        """Return what two ends are compared by: the writer, the fence, the marker, the lease."""
        marker = SUPERSEDED_ITEM if AWAY in self.markers else ""
        return {
            "writer": self.service.writer,
            "fenced": sorted(self.fenced),
            "marker": marker,
            "lease": self.lease,
            "promotions": len(self.service.promotions),
        }
