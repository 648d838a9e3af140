"""What stands before the emulator: it counts calls, stops those that meet an outage, and names what is not known.

A call's region and account are those it is signed for, as the emulator reads them. What the emulator does not
know it refuses; where its refusal has no code that a client can read, it gets one here.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from twin.cloud.callers import caller
from twin.cloud.emulator import module
from twin.cloud.network import outages
from twin.cloud.network.passage import DROPPED, Request, pass_on

Scope = Mapping[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Receive, Send], Awaitable[None]]

UNKNOWN = "UnknownOperationException"
_SIGNED = re.compile(r"Credential=(?P<key>[^/,\s]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/")
_FORM = "application/x-www-form-urlencoded"

S3_UNKNOWN = frozenset(
    {
        "abac",
        "analytics",
        "intelligent-tiering",
        "inventory",
        "metadataAnnotationTable",
        "metadataConfiguration",
        "metadataInventoryTable",
        "metadataJournalTable",
        "metadataTable",
        "metrics",
        "renameObject",
        "select",
        "session",
        "torrent",
    }
)
"""What S3's API asks for in the query and the emulator overlooks: it would list or even delete the bucket instead."""

Call = tuple[str, str, str, str]
"""Service, action, region and account."""


@dataclass
class Traffic:
    """Calls since the last reset; seconds of each call's handling, and of all work on resources of stacks.

    stopped: how often calls met an outage, a network without a way or an endpoint's policy, by what they met.
    """

    counts: dict[Call, int] = field(default_factory=dict)
    stopped: dict[tuple[Call, str], int] = field(default_factory=dict)
    seconds: dict[Call, float] = field(default_factory=dict)
    resources: float = 0.0

    def note(self, call: Call, seconds: float) -> None:
        """Count a call that took so long."""
        self.counts[call] = self.counts.get(call, 0) + 1
        self.seconds[call] = self.seconds.get(call, 0.0) + seconds

    def stop(self, call: Call, met: str) -> None:
        """Count a call that met something on its way."""
        self.stopped[call, met] = self.stopped.get((call, met), 0) + 1

    def told(self) -> dict[str, Any]:
        """Return everything as JSON would show it."""
        calls = [
            {**_named(call), "count": count, "seconds": round(self.seconds[call], 6)}
            for call, count in sorted(self.counts.items())
        ]
        stopped = [{**_named(call), "met": met, "count": count} for (call, met), count in sorted(self.stopped.items())]
        requests = sum(self.seconds.values())
        return {
            "calls": calls,
            "stopped": stopped,
            "work": {"requests": round(requests, 6), "resources": round(self.resources, 6)},
        }

    def reset(self) -> None:
        """Begin anew."""
        self.counts.clear()
        self.stopped.clear()
        self.seconds.clear()
        self.resources = 0.0


def _named(call: Call) -> dict[str, str]:
    return dict(zip(("service", "action", "region", "account"), call, strict=True))


TRAFFIC = Traffic()


def watched(emulator: App) -> App:
    """Return the emulator with this in front of it."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope.get("headers", ())}
        signed = _SIGNED.search(headers.get("authorization", ""))
        if scope["type"] != "http" or signed is None:
            await emulator(scope, receive, send)
            return
        overlooked = _overlooked(scope) if signed["service"] == "s3" else ""
        if overlooked:
            await _refuse(send, f"the local cloud does not know ?{overlooked} of S3 ({scope['method']})")
            return
        body = None
        if headers.get("content-type", "").startswith(_FORM):
            body = await received(receive)
        action, who = _action(scope, headers, body or b""), caller(signed["key"])
        call = (signed["service"], action, signed["region"], who.account if who else signed["key"])
        region = outages.GLOBAL.get(signed["service"], signed["region"])
        asked = outages.Call(region, signed["service"], action, who.region if who else "")
        begun = time.perf_counter()
        try:
            met = await pass_on(emulator, Request(scope, headers, receive, asked, who, body), send)
        finally:
            TRAFFIC.note(call, time.perf_counter() - begun)
        if met:
            TRAFFIC.stop(call, met)

    return app


def _overlooked(scope: Scope) -> str:
    asked = parse_qs(scope["query_string"].decode(), keep_blank_values=True)
    return next((name for name in asked if name in S3_UNKNOWN), "")


async def _refuse(send: Send, message: str) -> None:
    """Answer as S3 does for what it has not got (S3 API Reference, "Error responses": NotImplemented, 501)."""
    body = f"<Error><Code>NotImplemented</Code><Message>{escape(message)}</Message></Error>".encode()
    headers = [(b"content-type", b"application/xml"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 501, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def received(receive: Receive) -> bytes:
    """Return the whole body of a request."""
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body"):
            return b"".join(parts)


def again(body: bytes, receive: Receive) -> Receive:
    """Return a way to receive the same body once more."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again


def _action(scope: Scope, headers: Mapping[str, str], body: bytes) -> str:
    """Return the name of the API's action; method and path's shape where nothing names it."""
    target = headers.get("x-amz-target", "")
    if target:
        return target.rpartition(".")[2]
    fields = parse_qs(body.decode("utf-8", "replace")) or parse_qs(scope.get("query_string", b"").decode())
    if "Action" in fields:
        return fields["Action"][0]
    router, actions = module("core.router"), module("core.iam_actions")
    method, path, query = (
        scope["method"],
        scope["path"],
        parse_qs(scope["query_string"].decode(), keep_blank_values=True),
    )
    service = router.detect_service(method, path, dict(headers), query)
    named = actions.extract_iam_action(service, method, path, dict(headers), body, query)
    return named.partition(":")[2] if named else f"{method} {path.split('/')[1] if '/' in path else path}"


def install() -> None:
    """Let a connection be dropped without an answer, and give refusals of unknown services a code and a name."""
    from hypercorn.protocol.http_stream import HTTPStream

    answer_with_error = HTTPStream._send_error_response

    async def dropping(self: HTTPStream, status_code: int) -> None:
        if DROPPED not in self.scope.get("extensions", {}):
            await answer_with_error(self, status_code)

    HTTPStream._send_error_response = dropping  # type: ignore[method-assign]
    app = module("app")
    dispatch = app._dispatch_service_request

    async def named(*given: Any) -> Any:
        method, path, headers, body = given[:4]
        status, said, answer = await dispatch(*given)
        if status == 400 and isinstance(answer, bytes) and answer.startswith(b'{"error": "Unsupported service'):
            service = json.loads(answer)["error"].rpartition(": ")[2]
            asked = parse_qs(body.decode("utf-8", "replace")).get("Action", [f"{method} {path}"])[0]
            return _refused(f"the local cloud does not know the service {service} ({asked})", headers)
        return status, said, answer

    app._dispatch_service_request = named


def _refused(message: str, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
    """Return a refusal in the form of the request's protocol."""
    if headers.get("content-type", "").startswith(_FORM):
        inner = f"<Type>Sender</Type><Code>{UNKNOWN}</Code><Message>{escape(message)}</Message>"
        body = f"<ErrorResponse><Error>{inner}</Error><RequestId>0</RequestId></ErrorResponse>"
        return 400, {"Content-Type": "text/xml"}, body.encode()
    said = {"Content-Type": "application/json", "x-amzn-ErrorType": UNKNOWN}
    return 400, said, json.dumps({"__type": UNKNOWN, "message": message}).encode()
