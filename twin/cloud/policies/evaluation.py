"""One call, judged against policies: who may do what, on what, under which conditions, and why not.

The emulator's evaluator does the matching (IAM User Guide, "Policy evaluation logic"). What is ours is who counts as
the principal, and a reason that a person can act on. ``aws:PrincipalArn`` is the ARN of the role and not of its session
(IAM User Guide, "AWS global condition context keys"), so that is what policies see here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from twin.cloud.emulator import module

ADMINISTRATOR = "Root"
NOTHING = "no statement allows it"
_SESSION = re.compile(r"arn:(?P<partition>[^:]+):sts::(?P<account>\d{12}):assumed-role/(?P<role>[^/]+)/.+")

Statement = Any
"""A statement as the emulator parses it."""
Policies = Sequence[Sequence[Statement]]


@dataclass(frozen=True)
class Actor:
    """Who acts. arn: of the role or user; policies: None for an administrator, who may do everything.

    limits: what narrows the policies (a boundary, session policies). keys: condition keys that describe the actor.
    """

    account: str
    arn: str
    policies: Policies | None
    kind: str = "AssumedRole"
    limits: Sequence[Policies] = ()
    keys: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Guard:
    """The policy of the resource itself. required: nothing goes without it (keys and roles)."""

    document: Any
    owner: str
    required: bool = False


@dataclass(frozen=True)
class Question:
    """May it: this action on this resource, asked in this region, with these condition keys."""

    action: str
    resource: str
    region: str
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """The answer. explicit: a statement denies it. guarded: the resource's own policy decided."""

    allowed: bool
    reason: str
    explicit: bool = False
    guarded: bool = False


def parsed(document: Any) -> list[Statement]:
    """Return a policy document's statements."""
    found: list[Statement] = module("core.iam_evaluator").parse_policy_document(document)
    return found


def role_arn(principal: str) -> str:
    """Return the ARN of a session's role, and any other principal as it is."""
    match = _SESSION.fullmatch(principal)
    return f"arn:{match['partition']}:iam::{match['account']}:role/{match['role']}" if match else principal


def judge(actor: Actor, question: Question, guard: Guard | None = None) -> Verdict:
    """Return whether the actor may do that; ``guard`` is the policy of the resource, where it has one."""
    evaluator = module("core.iam_evaluator")
    asked = _asked(actor, question)
    own = (
        evaluator.EvalResult("Allow")
        if actor.policies is None
        else evaluator.evaluate(asked, actor.policies, *actor.limits)
    )
    found = own
    if guard is not None:
        found = evaluator.combine_resource_policy(
            own, asked, guard.document, guard.owner, required=guard.required, limits=actor.limits
        )
    if found.decision == "Allow":
        return Verdict(True, _allowing(found))
    guarded = guard is not None and own.decision == "Allow"
    statements = _addressed(guard.document, asked) if guard and guarded else _flat(actor)
    return Verdict(False, _why(asked, statements, guarded), found.decision == "Deny", guarded)


def allowed_by(
    document: Any, principal: str, action: str, resource: str, context: Mapping[str, Any]
) -> tuple[bool, str]:
    """Return whether a policy with principals (an endpoint's, a bucket's) lets the principal do that, and why.

    principal: the ARN of a role, a session or an account's root. context: condition keys, ``aws:RequestedRegion`` too.
    """
    arn = role_arn(principal)
    region = str({key.lower(): value for key, value in context.items()}.get("aws:requestedregion", ""))
    actor = Actor(_account(arn), arn, None, "AssumedRole" if ":role/" in arn else ADMINISTRATOR)
    return _answered(document, _asked(actor, Question(action, resource, region, context)), "")


def service_allowed(document: Any, service: str, question: Question) -> tuple[bool, str]:
    """Return whether a resource's policy lets a service in, in its own name (``cloudwatch.amazonaws.com``), and why."""
    return _answered(document, _asked(Actor("", "*", None, "Service"), question), service)


def _answered(document: Any, asked: Any, service: str) -> tuple[bool, str]:
    found = module("core.iam_evaluator").evaluate_resource_policy(document, asked, service=service)
    if found.decision == "Allow":
        return True, _allowing(found)
    return False, _why(asked, _addressed(document, asked, service), guarded=True)


def _allowing(found: Any) -> str:
    return f"allowed by {found.matched_sid or 'a statement without a name'}"


def _asked(actor: Actor, question: Question) -> Any:
    """Return the question as the evaluator takes it. Every call is on TLS: on AWS there is no other way in."""
    return module("core.iam_evaluator").EvalContext(
        principal_arn=actor.arn,
        principal_type=actor.kind,
        principal_account=actor.account,
        action=question.action,
        resource_arn=question.resource,
        region=question.region,
        secure_transport=True,
        service_context={"aws:tagkeys": None, **{key.lower(): value for key, value in question.context.items()}},
        principal_keys=dict(actor.keys),
    )


def _account(arn: str) -> str:
    parts = arn.split(":")
    return parts[4] if len(parts) > 4 else ""


def _flat(actor: Actor) -> list[Statement]:
    layers = [actor.policies or (), *actor.limits]
    return [statement for layer in layers for statements in layer for statement in statements]


def _addressed(document: Any, asked: Any, service: str = "") -> list[Statement]:
    """Return the statements of a resource's policy that are about this principal."""
    evaluator = module("core.iam_evaluator")
    if isinstance(document, str):
        document = json.loads(document) if document else {}
    statements = (document or {}).get("Statement", [])
    found = []
    for each in [statements] if isinstance(statements, dict) else statements:
        principal = each.get("Principal", {})
        named = isinstance(principal, dict) and evaluator._service_principal_matches(principal, service)
        wanted = principal if not isinstance(principal, dict) else {"AWS": principal.get("AWS", [])}
        if named or evaluator._principal_matches(wanted, asked.principal_arn):
            found.append(each)
    return parsed({"Statement": found})


def _why(asked: Any, statements: Sequence[Statement], guarded: bool) -> str:
    """Return what stands in the way: the statement that denies, or the one that nearly allows."""
    whose = "of the resource's policy " if guarded else ""
    evaluator = module("core.iam_evaluator")
    about = [each for each in statements if evaluator._action_matches(asked.action, each.actions, each.not_actions)]
    here = [
        each for each in about if evaluator._resource_matches(asked.resource_arn, each.resources, each.not_resources)
    ]
    for each in here:
        if each.effect == "Deny" and not _unmet(each, asked):
            return f"{_title(each)} {whose}denies it"
    for each in here:
        if each.effect == "Allow":
            return f"{_title(each)} {whose}allows it only if {', '.join(_unmet(each, asked))}"
    for each in about:
        if each.effect == "Allow":
            return f"{_title(each)} {whose}allows it on {', '.join(each.resources)} only"
    return f"{NOTHING} in the resource's policy" if guarded else NOTHING


def _title(statement: Statement) -> str:
    return f"the statement {statement.sid}" if statement.sid else "a statement without a name"


def _unmet(statement: Statement, asked: Any) -> list[str]:
    evaluator = module("core.iam_evaluator")
    return [
        f"{key} {operator} {expected} (it is {evaluator._resolve_condition_key(key, asked)})"
        for operator, block in dict(statement.conditions or {}).items()
        for key, expected in dict(block).items()
        if not evaluator._conditions_met({operator: {key: expected}}, asked)
    ]
