"""The function ``notice`` beside a stage: what it tells and starts, and the time that passes between two looks."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import notice
from recovery_world import AWAY, GLOBAL, HERE, MACHINE, TABLE, TOPIC, WITNESS, Body, Double, client_error
from stage import Stage


@dataclass
class Desk:
    """A stage with the function that watches it."""

    mode: str = "manual"
    stage: Stage = field(default_factory=Stage)
    messages: list[dict[str, Any]] = field(default_factory=list)
    started: list[dict[str, Any]] = field(default_factory=list)
    topic_error: Exception | None = None
    start_error: Exception | None = None
    witness_agrees: bool = True

    def look(self, seconds: float = 0, event: dict[str, Any] | None = None) -> list[str]:
        """Let time pass, run the function once, and return what it did."""
        self.stage.clock.wait(seconds)
        if self.witness_agrees and not self.stage.alive:
            self.stage._see(WITNESS, AWAY, "unknown")
        done: list[str] = notice.run(self.made(), event or {})["done"]
        return done

    def made(self) -> notice.Notice:
        """Return the function, wired."""
        told = notice.Settings(
            HERE, "example", TABLE, (AWAY, HERE), (WITNESS,), GLOBAL, self.mode, MACHINE, TOPIC, 60, 60, 900
        )
        return notice.Notice(told, self.clients, self.clients, self.stage.clock.ms, lambda line: None)

    def clients(self, service: str, region: str) -> Any:
        """Return a client, as the function's factory does."""
        assert service == "rds" or region == HERE
        if service == "sns":
            return Double("sns", {"publish": self._publish})
        if service == "stepfunctions":
            return Double("stepfunctions", {"start_execution": self._start, "describe_execution": self._describe})
        if service == "lambda":
            return Double("lambda", {"invoke": self._invoke})
        return self.stage.clients(service, region)

    def _publish(self, **request: Any) -> dict[str, Any]:
        if self.topic_error:
            raise self.topic_error
        assert len(request["Subject"]) < 100
        self.messages.append(request)
        return {"MessageId": "m"}

    def _start(self, **request: Any) -> dict[str, Any]:
        if self.start_error:
            raise self.start_error
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,80}", request["name"])
        if request["name"] in [one["name"] for one in self.started]:
            raise client_error("ExecutionAlreadyExists")
        self.started.append(request)
        return {"executionArn": "arn", "startDate": 0}

    def _describe(self, executionArn: str) -> dict[str, Any]:
        status = self.stage.running.get(executionArn)
        if status is None:
            raise client_error("ExecutionDoesNotExist")
        return {
            "executionArn": executionArn,
            "stateMachineArn": MACHINE,
            "status": status,
            "startDate": 0,
        }

    def _invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        assert FunctionName == f"dr-example-{HERE}-fence"
        return {"StatusCode": 200, "Payload": Body(self.stage.handlers()["fence"](json.loads(Payload)))}
