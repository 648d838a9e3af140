"""The gate before the emulator: a call is judged by the policies of whoever signed it, and noted.

Administrators (keys of twelve digits) may do everything, as far as they may: a role's trust policy binds them too. The
emulator's own switch for this, ``AUTH``, is left off: it also decides what buckets, presigned addresses and the
emulator's own calls are like, lets pass what it can't name, and says less of why something was denied.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from twin.cloud import emulator
from twin.cloud.emulator import module
from twin.cloud.policies import sessions
from twin.cloud.policies.calls import Call, Signature, described, named, signature
from twin.cloud.policies.evaluation import Actor, Guard, Question, Verdict, judge
from twin.cloud.policies.records import RECORDS, Deed
from twin.cloud.settings import SETTINGS
from twin.cloud.traffic import App, Message, Receive, Scope, Send, received

UNKNOWN = "the local cloud does not know what right this call needs, so nobody but an administrator may make it"
_ALWAYS = ("sts:GetCallerIdentity", "sts:GetSessionToken")
"""What no policy denies (STS API Reference)."""
_ASSUMING = "sts:AssumeRole"
_KEY_DENIED = {"sns": "KMSAccessDenied"}
"""What a service calls it when not the call, but the use of a key is denied (SNS API Reference, "Publish")."""
Reply = tuple[int, dict[str, str], bytes]


def checked(app: App) -> App:
    """Return the emulator with the gate before it."""

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        signed = signature(named(scope)) if scope["type"] == "http" else None
        if signed is None or (sessions.is_administrator(signed.key) and signed.service != "sts"):
            await app(scope, receive, send)
            return
        body = await received(receive)
        reply = _judged(scope, signed, body)
        if reply is None:
            await app(scope, _again(body, receive), send)
            return
        status, headers, said = reply
        lines = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        lines += [(b"x-amzn-requestid", str(uuid.uuid4()).encode()), (b"content-length", str(len(said)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": lines})
        await send({"type": "http.response.body", "body": said})

    return handle


@dataclass(frozen=True)
class Answer:
    """The answer to a call, and the action and the resource that decided it."""

    verdict: Verdict
    action: str
    resource: str

    @property
    def reason(self) -> str:
        """Return why it was denied, an empty string when it was not."""
        return "" if self.verdict.allowed else self.verdict.reason


def answer(actor: Actor, call: Call) -> Answer:
    """Return whether the actor may make the call: everything that it asks for has to be allowed."""
    for action, resource in call.checks:
        if not action:
            return Answer(Verdict(False, UNKNOWN), f"{call.service}:?", resource)
        if action in _ALWAYS:
            continue
        question = Question(action, resource, call.region, call.context)
        found = judge(actor, question, guard(action, resource, actor.account))
        if not found.allowed:
            return Answer(found, action, resource)
    return Answer(Verdict(True, ""), call.action, call.resource)


def guard(action: str, resource: str, account: str) -> Guard | None:
    """Return the resource's own policy, as far as it has one: a role's trust policy, a topic's, a key's."""
    parts = resource.split(":")
    owner = parts[4] if len(parts) > 5 and parts[4] else account
    if action == _ASSUMING:
        return Guard(emulator.trust(owner, resource.rpartition("/")[2]) or "", owner, required=True)
    evaluator = module("core.iam_evaluator")
    service = action.partition(":")[0]
    with emulator.scope(owner, parts[3] if len(parts) > 5 and parts[3] else "us-east-1"):
        found = evaluator._resource_policy(service, resource)
    return Guard(found[0], found[1] or owner, service in evaluator._POLICY_REQUIRED) if found else None


def _judged(scope: Scope, signed: Signature, body: bytes) -> Reply | None:
    """Return the refusal of a call, or ``None`` when it may go on."""
    headers = named(scope)
    call = described(scope, headers, body, sessions.account_of(signed.key))
    try:
        actor = sessions.actor(signed.key)
        if SETTINGS.policies and not sessions.is_administrator(signed.key):
            _check_signature(scope, signed, body)
    except sessions.StrangerError as error:
        return _stranger(call, headers, error) if SETTINGS.policies else None
    passed = Answer(Verdict(True, ""), call.action or f"{call.service}:?", call.resource)
    found = answer(actor, call) if SETTINGS.policies else passed
    if actor.policies is not None or found.reason:
        function = sessions.function_of(signed.key)
        deed = Deed(actor.arn, function, found.action.partition(":")[0], found.action, found.resource, call.region)
        RECORDS.note(deed, found.reason)
    return _refusal(call, headers, signed.key, found) if found.reason else None


def _check_signature(scope: Scope, signed: Signature, body: bytes) -> None:
    """Compute the signature again. Raises :class:`twin.cloud.policies.sessions.StrangerError`."""
    evaluator = module("core.iam_evaluator")
    account = sessions.account_of(signed.key)
    with emulator.scope(account, signed.region):
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        evaluator.pin_signed_request(scope["method"], path, {}, scope["headers"])
        evaluator.pin_signed_body(body)
        found = evaluator.authenticate(signed.key, account)
    if isinstance(found, evaluator.AuthError):
        raise sessions.StrangerError(found.code, found.message)


def _stranger(call: Call, headers: Mapping[str, str], error: sessions.StrangerError) -> Reply:
    evaluator, app = module("core.iam_evaluator"), module("app")
    failure = evaluator.AuthError(error.code, str(error))
    found: Reply = app._credential_failure(call.service, call.action, str(uuid.uuid4()), failure, dict(headers))
    return found


def _refusal(call: Call, headers: Mapping[str, str], key: str, found: Answer) -> Reply:
    """Return a denial in the words and the protocol of the service, the reason after AWS's own sentence."""
    actions = module("core.iam_actions")
    who = str((sessions.session(key) or {}).get("Arn", "") or sessions.actor(key).arn)
    about = f"User: {who} is not authorized to perform: {found.action} on resource: {found.resource}"
    code = _KEY_DENIED.get(call.service, "") if found.action.startswith("kms:") else ""
    reply: Reply = actions.access_denied_response(
        call.service, found.action, who, str(uuid.uuid4()), message=f"{about} ({found.reason})", error_code=code,
        headers=dict(headers), resource_arn=found.resource, explicit_deny=found.verdict.explicit,
    )  # fmt: skip
    return reply


def _again(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again
