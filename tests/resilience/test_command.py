"""The real command, killed and begun again: as a user would type it, in a local cloud of its own."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from generator.config import load
from tests.resilience.portrait import Portrait, portrait
from tests.resilience.world import ROOT, SOAK, clouds_at, eventually
from twin.cloud.knobs import Knobs
from twin.cloud.process import Options, Running, down, up

NAME = "killed"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """Give a local cloud by name, in a state folder of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    running = up(NAME, Options(functions="answers", seconds=0.0)).running
    assert running is not None
    yield running
    assert down(NAME)


def _file(folder: Path) -> Path:
    """Return the example under the suffix that the undisturbed one has."""
    text = (ROOT / "stacksets" / "example.yaml").read_text()
    path = folder / "environment.yaml"
    path.write_text(text.replace("suffix: example", "suffix: calm").replace("dns:", "dns:\n  region: eu-central-1", 1))
    return path


def _command(path: Path, variables: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "generator", "deploy", str(path), "--local", "--name", NAME],
        cwd=ROOT, env=dict(variables), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(SOAK))
def test_the_command_goes_on_after_each_sigkill_and_then_has_nothing_to_do(
    home: Running, tmp_path: Path, undisturbed: Portrait, seed: int
) -> None:
    chance, knobs, path = random.Random(seed), Knobs(home.url), _file(tmp_path)
    for _ in range(2):
        knobs.forget_calls()
        enough = chance.randint(2, 9)
        process = _command(path, os.environ)
        try:
            eventually(partial(_reached, knobs, enough))
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=20)
        finally:
            process.kill()
            process.wait(10)
        assert process.returncode == -signal.SIGKILL
    said = [_ended(_command(path, os.environ)) for _ in range(2)]
    assert "works changed something" in said[0]
    assert "nothing was changed" in said[1]
    found = portrait(clouds_at(home.url, load(path)))
    assert found.removals == ()
    assert found.ledger == undisturbed.ledger
    assert {name.removeprefix("ACCOUNT ") for name in found.stacks} == {
        name.removeprefix("ACCOUNT ") for name in undisturbed.stacks
    }


def _reached(knobs: Knobs, enough: int) -> bool:
    return knobs.calls().get("CreateStackInstances", 0) + knobs.calls().get("PutObject", 0) >= enough


def _ended(process: subprocess.Popen[str]) -> str:
    said, _ = process.communicate(timeout=90)
    assert process.returncode == 0, said
    return said
