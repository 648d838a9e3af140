"""Executions of the real state machine in one region, run by the interpreter of ``tests/handlers``.

Step Functions outlives everything else in its region: a task that is under way when the region is lost times out, and
the execution goes on when the region is back. It can be killed before, during (after the effect, before the answer)
and after each step.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from clients import Limits
from interpreter import TIMEOUT, Ended, Interpreter, KilledError, TaskError
from recovery_world import client_error
from stage import DEFINITION

from . import names
from .clockwork import Process

if TYPE_CHECKING:
    from .world import World

LIMIT_SECONDS = 14_400
"""The definition's own ``TimeoutSeconds``; a test holds the two together."""

LAMBDA_ERRORS = {"Throttling": "Lambda.TooManyRequestsException", "InternalFailure": "Lambda.ServiceException"}


@functools.cache
def definition(region: str) -> dict[str, Any]:
    """Return the definition as it is deployed in a region."""
    text = DEFINITION.read_text()
    given = {
        "AssessArn": "assess",
        "FenceArn": "fence",
        "PromoteArn": "promote",
        "ConfirmWriterArn": "confirm_writer",
        "Suffix": names.SUFFIX,
        "StateTable": names.table(region),
        "TopicArn": names.topic(region),
    }
    for name, value in given.items():
        text = text.replace("${" + name + "}", value)
    assert "${" not in text, "the definition has a substitution that the simulation does not know"
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@dataclass(eq=False)
class Execution:
    """One execution. by: who started it. answer: of the person who was asked. entered: each state and when."""

    arn: str
    region: str
    request: dict[str, Any]
    by: str
    began_ms: int
    status: str = "RUNNING"
    ended_ms: int = 0
    ended: Ended = field(default_factory=lambda: Ended("RUNNING"))
    process: Process | None = None
    kill: tuple[str, str] | None = None
    token: str = ""
    answer: tuple[str, str] | None = None
    entered: list[tuple[int, str]] = field(default_factory=list)
    results: dict[str, Any] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """Return who it is, for the story."""
        return f"{self.arn.rsplit(':', 1)[-1]} ({self.request.get('verb')} to {names.SHORT[self.region]}, {self.by})"


@dataclass
class Machine:
    """The state machine of a region and its executions."""

    world: World
    region: str
    executions: dict[str, Execution] = field(default_factory=dict)

    def operations(self) -> dict[str, Callable[..., Any]]:
        """Return the operations of a client of Step Functions."""
        return {"start_execution": self._start, "describe_execution": self._describe}

    def _start(self, stateMachineArn: str, name: str, input: str) -> dict[str, Any]:
        assert stateMachineArn == names.machine(self.region)
        execution = self.begin(name, json.loads(input), "notice")
        return {"executionArn": execution.arn, "startDate": 0}

    def _describe(self, executionArn: str) -> dict[str, Any]:
        execution = self.executions.get(executionArn)
        if execution is None:
            raise client_error("ExecutionDoesNotExist")
        found = {"executionArn": executionArn, "stateMachineArn": names.machine(self.region), "startDate": 0}
        return found | {"status": execution.status}

    def begin(self, name: str, request: dict[str, Any], by: str) -> Execution:
        """Start an execution; a name that was used is refused (Step Functions API, ``StartExecution``)."""
        arn = f"arn:aws:states:{self.region}:{names.ACCOUNT}:execution:dr-example-{self.region}-recovery:{name}"
        if arn in self.executions:
            raise client_error("ExecutionAlreadyExists")
        execution = Execution(arn, self.region, request, by, self.world.clock.now)
        execution.kill = self.world.kills.pop(0) if self.world.kills else None
        self.executions[arn] = execution
        self.world.say("state machine", self.region, f"{execution.said} starts")
        execution.process = self.world.clock.spawn(execution.said, lambda: self._run(execution))
        process = execution.process
        self.world.clock.after(LIMIT_SECONDS, lambda: self.world.clock.end(process, KilledError()))
        return execution

    def stop(self, execution: Execution) -> None:
        """Stop an execution, wherever it is (Step Functions API, ``StopExecution``)."""
        if execution.process is not None and execution.status == "RUNNING":
            self.world.say("state machine", self.region, f"{execution.said} is stopped")
            self.world.clock.end(execution.process, KilledError())

    def _run(self, execution: Execution) -> None:
        clock = self.world.clock

        def around(state: str, moment: str) -> None:
            if moment == "before":
                execution.entered.append((clock.now, state))
                self.world.mutant.begun(self.world, state, self.region)
            if execution.kill == (state, moment):
                raise KilledError(state)
            while self.region in self.world.network.lost:
                clock.wait(5)

        chosen = self.world.mutant.definition(definition(self.region))
        interpreter = Interpreter(chosen, _Tasks(self, execution).all(), clock.wait, around)
        try:
            execution.ended = interpreter.run(execution.arn, execution.request)
        except AssertionError as error:
            self.world.broken.append(f"{execution.said}: {error!r}")
            execution.ended = Ended("ABORTED")
        execution.status, execution.ended_ms = execution.ended.status, clock.now
        said = f"{execution.ended.error}: {execution.ended.cause}" if execution.ended.error else ""
        self.world.say("state machine", self.region, f"{execution.said} ends: {execution.status}", said[:300])


@dataclass(frozen=True)
class _Tasks:
    """What one execution's tasks do."""

    machine: Machine
    execution: Execution

    def all(self) -> dict[str, Any]:
        """Return the tasks by their resource."""
        return {
            "arn:aws:states:::lambda:invoke": self._invoke,
            "arn:aws:states:::dynamodb:putItem": self._sdk("dynamodb", "put_item", "DynamoDB"),
            "arn:aws:states:::dynamodb:getItem": self._sdk("dynamodb", "get_item", "DynamoDB"),
            "arn:aws:states:::dynamodb:deleteItem": self._sdk("dynamodb", "delete_item", "DynamoDB"),
            "arn:aws:states:::sns:publish": self._sdk("sns", "publish", "SNS"),
            "arn:aws:states:::sns:publish.waitForTaskToken": self._ask,
            "arn:aws:states:::aws-sdk:sfn:describeExecution": self._describe,
        }

    def _call(self, service: str, method: str, limit: float, act: Callable[[], Any], prefix: str) -> Any:
        """Make one call of the machine's own, as its integrations do: no retries but those of the definition."""
        region = self.machine.region
        try:
            found = self.machine.world.calls.attempt(
                region, service, region, method, Limits(limit, limit, 1), True, act
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            named = LAMBDA_ERRORS.get(code, f"{prefix}.{code}") if prefix == "Lambda" else f"{prefix}.{code}"
            raise TaskError(named.replace("Throttling", "ThrottledException"), str(error)) from error
        except BotoCoreError as error:
            raise TaskError(TIMEOUT) from error
        if self.execution.kill == (self.execution.entered[-1][1], "during"):
            raise KilledError
        return found

    def _sdk(self, service: str, method: str, prefix: str) -> Any:
        def task(parameters: dict[str, Any], limit: int) -> Any:
            names_ = {"Subject": parameters["Subject"][:99]} if "Subject" in parameters else {}
            double = self.machine.world.cloud.double(service, self.machine.region)
            act = lambda: getattr(double, method)(**parameters | names_)  # noqa: E731 - a call, made or not
            return self._call(service, method, limit, act, prefix)

        return task

    def _invoke(self, parameters: dict[str, Any], limit: int) -> dict[str, Any]:
        world, region = self.machine.world, self.machine.region
        name, payload = parameters["FunctionName"], parameters["Payload"]

        def act() -> dict[str, Any]:
            return {"Payload": world.functions.invoke(region, name, payload, limit)}

        answer: dict[str, Any] = self._call("lambda", "invoke", limit, act, "Lambda")
        self.execution.results[name] = answer["Payload"]
        said = {
            key: answer["Payload"].get(key) for key in ("outcome", "reason", "confirmed") if key in answer["Payload"]
        }
        if name != "confirm_writer" or said.get("confirmed"):
            world.say(
                "state machine", region, f"{name}: {said.get('outcome', 'confirmed')}", str(said.get("reason"))[:300]
            )
        return answer

    def _describe(self, parameters: dict[str, Any], limit: int) -> Any:
        double = self.machine.world.cloud.double("stepfunctions", self.machine.region)
        act = lambda: double.describe_execution(executionArn=parameters["ExecutionArn"])  # noqa: E731
        answer = self._call("stepfunctions", "describe_execution", limit, act, "Sfn")
        return {"Status": answer["status"]}

    def _ask(self, parameters: dict[str, Any], limit: int) -> Any:
        world, execution = self.machine.world, self.execution
        token = f"{execution.arn}#{len(execution.entered)}"
        execution.token, execution.answer = token, None
        told = (parameters["TopicArn"], parameters["Subject"], parameters["Message"])
        self._call("sns", "publish", 10, lambda: world.cloud.tell(self.machine.region, *told, token=token), "SNS")
        until = world.clock.now + limit * 1000
        while execution.answer is None and world.clock.now < until:
            world.clock.wait((until - world.clock.now) / 1000)
        execution.token = ""
        if execution.answer is None:
            raise TaskError(TIMEOUT)
        kind, name = execution.answer
        if kind == "refuse":
            raise TaskError("Refused", name)
        return {"by": name}
