"""A lease that nobody can steal from another machine, and whose loss is noticed before somebody else has it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from generator.aws import lease
from generator.aws.clients import Clouds, Keys, Patience
from generator.aws.control import Control
from generator.aws.grip import Grip
from generator.aws.lease import Entry, Lease, Process, Terms
from generator.aws.paces import HaltedError
from generator.errors import CloudError
from tests.aws.deploy_world import environment, eventually

NOBODY = 4_194_304
"""A process number that Linux never gives: the highest is one less (proc(5), ``pid_max``)."""


class Deaf(ThreadingHTTPServer):
    """A table that answers every call with an empty object, until it is told to answer none."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.deaf, self.over = threading.Event(), threading.Event()
        self.asked: list[str] = []


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        assert isinstance(self.server, Deaf)
        self.server.asked.append(asked)
        if self.server.deaf.is_set():
            self.server.over.wait(600)
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing."""


@pytest.fixture
def table() -> Iterator[Deaf]:
    server = Deaf()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()
    thread.join(10)


def _clouds(table: Deaf) -> Clouds:
    return Clouds(environment("leased"), local=Keys(f"http://127.0.0.1:{table.server_address[1]}"))


def _boot(monkeypatch: pytest.MonkeyPatch, path: Path, number: str = "") -> None:
    if number:
        path.write_text(f"{number}\n", encoding="ascii")
    monkeypatch.setattr(lease, "BOOT", path, raising=False)


def test_a_process_of_another_machine_of_the_same_name_is_never_known_to_be_gone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _boot(monkeypatch, tmp_path / "other", "b2f1")
    elsewhere = Process(Process.this().host, NOBODY, "123")
    assert elsewhere.gone
    _boot(monkeypatch, tmp_path / "here", "77aa")
    assert not elsewhere.gone
    assert Entry(True, 1, "someone", elsewhere, "now", time.time() + 80).held(time.time())


def test_where_the_start_of_the_machine_is_not_known_nobody_is_known_to_be_gone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _boot(monkeypatch, tmp_path / "absent")
    assert not Process(Process.this().host, NOBODY, "123").gone


def test_a_table_that_never_answers_again_is_noticed_about_when_the_lease_runs_out(table: Deaf) -> None:
    lost: list[str] = []
    held = Lease(_clouds(table), terms=Terms(expiry=8.0, renewal=3.0))
    held.take(Entry(), lost.append)
    table.deaf.set()
    began = time.monotonic()
    eventually(lambda: lost, 20)
    assert "could not be written" in lost[0]
    assert time.monotonic() - began < 8 + 7  # the expiry, and one try that was under way
    assert not held.held


def test_a_lease_that_ran_out_while_nobody_looked_stops_the_work(table: Deaf) -> None:
    now = [1000.0]
    clouds = _clouds(table)
    held = Lease(clouds, clock=lambda: now[0])
    grip = Grip(held, Control(clouds))
    grip.hold()
    grip.check()
    now[0] += 91
    with pytest.raises(HaltedError, match="not held any more"):
        grip.check()
    held.release()


def test_a_lease_whose_taking_was_never_answered_is_given_back_all_the_same(table: Deaf) -> None:
    impatient = Patience(connect=1.0, read=0.5, tries=1)
    clouds = Clouds(
        environment("leased"), patience=impatient, local=Keys(f"http://127.0.0.1:{table.server_address[1]}")
    )
    mine = Lease(clouds)
    table.deaf.set()
    with pytest.raises(CloudError, match="taking the lease"):
        mine.take(Entry(), lambda _: None)
    table.deaf.clear()
    mine.release()
    assert "REMOVE Holder" in table.asked[-1]


def test_a_lease_that_nobody_tried_to_take_is_not_given_back(table: Deaf) -> None:
    Lease(_clouds(table)).release()
    assert table.asked == []
