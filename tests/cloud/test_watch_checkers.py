"""Health checkers keep the pauses that Route 53 documents."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import pytest

from tests.cloud.cloud_world import until
from twin.cloud.watch.checkers import Checkers

ANSWER_SECONDS = 0.3
INTERVAL_SECONDS = 0.4


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """An endpoint that takes its time, and when it was asked."""
    times: list[float] = []

    class Slow(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            times.append(time.monotonic())
            time.sleep(ANSWER_SECONDS)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    monkeypatch.setenv("GATEWAY_PORT", str(server.server_port))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield times
    server.shutdown()
    server.server_close()


def test_the_interval_begins_when_a_checker_has_its_answer(asked: list[float]) -> None:
    """Route 53 Developer Guide, "Values that you specify when you create or update health checks", Request interval."""
    config = {"Type": "HTTPS", "FullyQualifiedDomainName": "abc.execute-api.eu-west-1.amazonaws.com",
              "RequestInterval": INTERVAL_SECONDS, "Regions": ["eu-west-1"]}  # fmt: skip
    checkers = Checkers()

    def four_times() -> bool:
        checkers.look(time.time(), {("111122223333", "check"): config})
        return len(asked) >= 4

    try:
        until(four_times)
    finally:
        checkers.stop()
    gaps = [later - earlier for earlier, later in pairwise(asked)]
    assert min(gaps) >= ANSWER_SECONDS + INTERVAL_SECONDS
