"""What services do as a role that they were given: the scheduler, a state machine, API Gateway.

Two things have to be so: the role lets the service in (its trust policy, with the source as a condition: IAM User
Guide, "The confused deputy problem"), and the role's policies, and the resource's own, allow the call.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from twin.cloud import emulator
from twin.cloud.emulator import module
from twin.cloud.policies import sessions
from twin.cloud.policies.calls import Call, item_call
from twin.cloud.policies.evaluation import Question, service_allowed
from twin.cloud.policies.gate import answer
from twin.cloud.policies.records import RECORDS, Deed
from twin.cloud.settings import SETTINGS

SCHEDULER = "scheduler.amazonaws.com"
API_GATEWAY = "apigateway.amazonaws.com"


@dataclass(frozen=True)
class Deputy:
    """A service that acts as a role. source: the ARN of what it acts for: a schedule, a state machine, an API."""

    service: str
    role: str
    source: str


@dataclass(frozen=True)
class Refusal:
    """A denial: of what, on what, and why."""

    action: str
    resource: str
    reason: str


def refusal(deputy: Deputy, call: Call) -> Refusal | None:
    """Return why the service may not make the call as its role, ``None`` when it may; the call is noted."""
    found = _untrusted(deputy, call.region) if SETTINGS.policies else None
    if found is None and SETTINGS.policies:
        said = answer(sessions.acting(deputy.role), call)
        found = Refusal(said.action, said.resource, said.reason) if said.reason else None
    action, resource = (found.action, found.resource) if found else (call.action, call.resource)
    deed = Deed(deputy.role, deputy.source, deputy.service, action, resource, call.region)
    RECORDS.note(deed, found.reason if found else "")
    return found


def item_refusal(deputy: Deputy, action: str, account: str, region: str, parameters: str) -> str:
    """Return why the service may not make a call of DynamoDB (its name, its parameters in JSON), or an empty string."""
    call = item_call(f"dynamodb:{action}", account, region, json.loads(parameters))
    found = refusal(deputy, call)
    return f"{found.action} on {found.resource}: {found.reason}" if found else ""


def install() -> None:
    """Have EventBridge Scheduler call its targets as the schedules' roles."""
    events = module("services.eventbridge")
    invoke = events._invoke_target

    def invoked(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], *rest: Any) -> Any:
        schedule = str(rule.get("Arn", ""))
        if ":scheduler:" in schedule and _may_not_start(target, schedule):
            return None
        return invoke(target, event, rule, *rest)

    events._invoke_target = invoked


def _may_not_start(target: dict[str, Any], schedule: str) -> bool:
    """Tell whether a schedule's role does not allow its target to be called, as far as it is a function or machine."""
    arn = str(target.get("Arn", ""))
    service, region = arn.split(":")[2:4]
    actions = {"lambda": "lambda:InvokeFunction", "states": "states:StartExecution", "sns": "sns:Publish"}
    deputy = Deputy(SCHEDULER, str(target.get("RoleArn", "")), schedule)
    return refusal(deputy, Call(service, actions.get(service, ""), arn, region)) is not None


def _untrusted(deputy: Deputy, region: str) -> Refusal | None:
    """Return why the role does not let the service in."""
    account, parts = deputy.source.split(":")[4], deputy.role.split(":")
    trust = emulator.trust(parts[4], deputy.role.rpartition("/")[2]) if len(parts) > 5 else None
    if trust is None:
        return Refusal("sts:AssumeRole", deputy.role, "there is no such role")
    context = {"aws:SourceAccount": account, "aws:SourceArn": deputy.source}
    question = Question("sts:AssumeRole", deputy.role, region, context)
    allowed, reason = service_allowed(trust, deputy.service, question)
    return None if allowed else Refusal("sts:AssumeRole", deputy.role, f"{reason}, for {deputy.service}")
