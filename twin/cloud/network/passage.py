"""What a call over HTTP meets before the emulator serves it: the way out of its VPC, then the outages.

A call that hangs is held until its caller gives up, and then has never been made; one that still waits when the outage
ends is served, as packets that are sent again arrive in the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from twin.cloud.callers import Caller
from twin.cloud.network import outages, refusals, ways
from twin.cloud.network.outages import OUTAGES, Call, Outage
from twin.cloud.resources.wire import Answer
from twin.cloud.settings import SETTINGS

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Receive, Send], Awaitable[None]]

DROPPED = "twin.dropped"
"""The extension of a request whose connection ends without an answer (:mod:`twin.cloud.traffic`)."""
CONTEXT = "twin.context"
"""Where policies find what the way of a request adds to its condition keys (:mod:`twin.cloud.policies`)."""


@dataclass
class Request:
    """A signed request on its way in. ``receive`` gives its body as often as it is asked for, then what comes after."""

    scope: Any
    headers: Mapping[str, str]
    source: Receive
    call: Call
    caller: Caller | None = None
    held: bytes | None = None
    gone: bool = False
    _given: bool = field(default=False, repr=False)

    async def body(self) -> bytes:
        """Return the whole body; ``gone`` tells when the caller left before it had sent it."""
        if self.held is None:
            parts = []
            while True:
                message = await self.source()
                parts.append(message.get("body", b""))
                if message["type"] != "http.request":
                    self.gone = True
                if self.gone or not message.get("more_body"):
                    break
            self.held = b"".join(parts)
        return self.held

    async def receive(self) -> Message:
        """Return the next message to whoever serves the request."""
        if self.held is None or self._given:
            return await self.source()
        self._given = True
        return {"type": "http.request", "body": self.held, "more_body": False}

    def drop(self) -> None:
        """Have the connection end without an answer."""
        self.scope["extensions"][DROPPED] = {}

    async def left(self, change: Awaitable[object] | None = None) -> bool:
        """Wait until the caller has given up, or ``change`` has come; tell whether it is the caller."""
        await self.body()
        leaving = asyncio.ensure_future(self._leave())
        waits = {leaving, *([asyncio.ensure_future(change)] if change else [])}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return leaving.done()
        finally:
            for wait in waits:
                wait.cancel()

    async def _leave(self) -> None:
        while not self.gone:
            self.gone = (await self.source())["type"] == "http.disconnect"


async def pass_on(inner: App, request: Request, send: Send) -> str:
    """Serve a request, or let it meet what is in its way; return what that was, empty when it was served at once."""
    out = ways.leave(request.caller, request.call.service, request.call.region)
    if out.blocked:
        await request.left()
        request.drop()
        return f"hung: {out.blocked}"
    if out.endpoint and request.caller:
        request.scope.setdefault(CONTEXT, {})["aws:SourceVpce"] = out.endpoint.id
        said = ways.forbidden(out.endpoint, request.caller, request.scope, request.headers, await request.body())
        if said:
            refusal = refusals.denied(request.caller.principal, said)
            await _answer(send, refusals.written(request.call.service, refusal, request.headers))
            return f"denied: {said}"
    met = ""
    while identity := OUTAGES.strike(request.call):
        outage = OUTAGES.get(identity)
        met = f"{outage}"
        if outage is None or await _strike(inner, request, send, identity, outage):
            return met
        if outage.how == outages.SLOW:
            break
    await inner(request.scope, request.receive, send)
    return met


async def _strike(inner: App, request: Request, send: Send, identity: str, outage: Outage) -> bool:
    """Do to a request what an outage does; tell whether that was the end of it."""
    if outage.how == outages.SLOW:
        await asyncio.sleep(outage.seconds)
        return False
    await request.body()
    if outage.after_effect:
        await inner(request.scope, request.receive, _nowhere)
    if outage.how == outages.HANGS:
        while outage.after_effect or OUTAGES.get(identity) is not None:
            if await request.left(None if outage.after_effect else SETTINGS.gate.turn()):
                request.drop()
                return True
        return False
    if outage.how == outages.REFUSES:
        request.drop()
        return True
    refusal = refusals.refused(request.call.service, outage.how)
    await _answer(send, refusals.written(request.call.service, refusal, request.headers))
    return True


async def _nowhere(_: Message) -> None:
    """Take an answer that never arrives."""


async def _answer(send: Send, answer: Answer) -> None:
    status, headers, body = answer
    named = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    named.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": named})
    await send({"type": "http.response.body", "body": body})
