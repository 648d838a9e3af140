"""A proxy in front of a cloud, which makes of a good connection a bad one: by chance with a seed, or call by call.

It speaks HTTP on loopback, one thread a connection, and passes on what it is given, byte for byte, so signatures
and hosts stay as they are. What it does to a call, a :data:`Weather` says: nothing, or one of the ills below.
"""

from __future__ import annotations

import http.client
import json
import random
import re
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

_SIGNED = re.compile(r"Credential=(?P<account>[^/,\s]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/")
_REST = {
    ("s3", "PUT"): "PutObject", ("s3", "HEAD"): "HeadObject", ("s3", "GET"): "GetObject", ("lambda", "POST"): "Invoke",
}  # fmt: skip
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"})


class Ill(Enum):
    """What happens to a call. LOST: the cloud does it, and its answer gets lost; SILENT: nobody ever answers."""

    THROTTLED = "is throttled with 429"
    BROKEN = "fails with 500"
    UNAVAILABLE = "fails with 503"
    SILENT = "is never answered"
    DROPPED = "is dropped before it reaches the cloud"
    LOST = "is done, and its answer lost"


@dataclass(frozen=True)
class Call:
    """A call as its signature and body name it."""

    service: str
    action: str
    region: str
    account: str


Weather = Callable[[Call], Ill | None]
"""Says what happens to a call; asked for every try, from several threads."""


def fair(_: Call) -> Ill | None:
    """Let every call through."""
    return None


class Showers:
    """A share of all calls meets an ill, by chance; the same seed gives the same draws."""

    def __init__(self, seed: int, share: float, ills: Iterable[Ill] = Ill) -> None:
        self._chance, self._share, self._ills = random.Random(seed), share, tuple(ills)
        self._lock = threading.Lock()

    def __call__(self, _: Call) -> Ill | None:
        with self._lock:
            return self._chance.choice(self._ills) if self._chance.random() < self._share else None


class Each:
    """The first ``times`` calls of every service's every action meet the ill; ``met`` are those actions."""

    def __init__(self, ill: Ill, times: int = 1) -> None:
        self._ill, self._times = ill, times
        self._lock = threading.Lock()
        self.met: Counter[tuple[str, str]] = Counter()

    def __call__(self, call: Call) -> Ill | None:
        with self._lock:
            self.met[call.service, call.action] += 1
            return self._ill if self.met[call.service, call.action] <= self._times else None


@dataclass
class Proxy:
    """A running proxy; its weather may be changed at any time. ``calls`` counts what met which ill."""

    url: str
    weather: Weather = fair
    calls: Counter[str] = field(default_factory=Counter)
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def judge(self, call: Call) -> Ill | None:
        ill = self.weather(call)
        with self.lock:
            self.calls[ill.name if ill else "FAIR"] += 1
        return ill


@contextmanager
def proxy(upstream: str, weather: Weather = fair) -> Iterator[Proxy]:
    """Give a proxy in front of ``upstream``; it is gone after the block, with every connection that it keeps."""
    place = urlsplit(upstream)
    assert place.hostname and place.port

    class Handler(_Handler):
        cloud = (str(place.hostname), int(place.port or 0))

    with _Server(("127.0.0.1", 0), Handler) as server:
        server.proxy = running = Proxy(f"http://127.0.0.1:{server.server_address[1]}", weather)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield running
        finally:
            running.over.set()
            server.shutdown()
            thread.join(5.0)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    proxy: Proxy


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    cloud: tuple[str, int]
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._upstream: http.client.HTTPConnection | None = None

    def finish(self) -> None:
        if self._upstream is not None:
            self._upstream.close()
        with suppress(OSError):
            super().finish()

    def handle_expect_100(self) -> bool:
        answered = super().handle_expect_100()
        self.wfile.flush()  # else the caller waits a second before it sends the body
        return answered

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        call = _named(self.command, self.headers, body)
        ill = self.server.proxy.judge(call)
        if ill in (Ill.THROTTLED, Ill.BROKEN, Ill.UNAVAILABLE):
            self._refuse(ill, call.service)
        elif ill is Ill.SILENT:
            self._keep_silent()
        elif ill is Ill.DROPPED:
            self.close_connection = True
        else:
            self._pass_on(body, lost=ill is Ill.LOST)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _handle  # noqa: N815

    def _pass_on(self, body: bytes, *, lost: bool) -> None:
        if self._upstream is None:
            self._upstream = http.client.HTTPConnection(*self.cloud, timeout=120)
            self._upstream.connect()
            self._upstream.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        asked = self._upstream
        try:
            asked.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() != "expect":
                    asked.putheader(name, value)
            asked.endheaders(body or None)
            answer = asked.getresponse()
            said = answer.read()
        except (http.client.HTTPException, OSError):  # the cloud dropped it, as in a dark region
            self._upstream, self.close_connection = None, True
            return
        if lost:
            self.close_connection = True
            return
        self.send_response(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", answer.getheader("Content-Length", str(len(said))))
        self.end_headers()
        self.wfile.write(said)

    def _keep_silent(self) -> None:
        """Keep the connection until whoever called has given up, or the proxy is over."""
        self.close_connection = True
        self.connection.settimeout(0.1)
        while not self.server.proxy.over.is_set():
            try:
                if not self.connection.recv(1024):
                    return
            except TimeoutError:
                continue
            except OSError:
                return

    def _refuse(self, ill: Ill, service: str) -> None:
        status, code = {
            Ill.THROTTLED: (429, "ThrottlingException"),
            Ill.BROKEN: (500, "InternalFailure"),
            Ill.UNAVAILABLE: (503, "ServiceUnavailable"),
        }[ill]
        message = f"the call {ill.value}"
        if service in ("lambda", "dynamodb", "secretsmanager", "states"):
            kind, body = "application/json", json.dumps({"__type": code, "message": message}).encode()
        else:
            inner = f"<Code>{code}</Code><Message>{message}</Message>"
            wrapped = f"<Error>{inner}</Error>"
            form = "form" in self.headers.get("Content-Type", "")
            kind, body = "text/xml", (f"<ErrorResponse>{wrapped}</ErrorResponse>" if form else wrapped).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("x-amzn-ErrorType", code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _named(method: str, headers: Any, body: bytes) -> Call:
    signed = _SIGNED.search(headers.get("Authorization", ""))
    service, region, account = (signed["service"], signed["region"], signed["account"]) if signed else ("", "", "")
    target = headers.get("X-Amz-Target", "").rpartition(".")[2]
    form = parse_qs(body.decode("utf-8", "replace")).get("Action", [""])[0] if b"Action=" in body else ""
    return Call(service, target or form or _REST.get((service, method), method), region, account)
