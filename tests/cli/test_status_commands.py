"""``status``, ``diff`` and ``destroy`` as commands: which cloud they ask, what they print, and how they end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.cli.destroy import destroy
from generator.cli.diff import diff
from generator.cli.status import status
from generator.errors import Exit, UsageError
from generator.resources import folder
from twin.cloud import process

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = folder("stacksets") / "example.yaml"
NAME = "commands"


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run an empty local cloud under a name, in a state folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("state")
        patch.setenv("XDG_STATE_HOME", str(home))
        process.up(NAME, process.Options(account="111122223333"))
        try:
            yield home
        finally:
            process.down(NAME)


def test_a_local_cloud_that_does_not_run_is_told_with_what_starts_it(state: Path) -> None:
    for command in (status, diff, destroy):
        with pytest.raises(UsageError, match="no local cloud other is running") as caught:
            command(EXAMPLE, local=True, name="other")
        assert "cloud up" in caught.value.hint


def test_nothing_deployed_is_told_by_each(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(EXAMPLE, local=True, name=NAME, seconds=20.0) == Exit.FINDINGS
    assert "nothing of the environment example is deployed" in capsys.readouterr().out
    assert diff(EXAMPLE, local=True, name=NAME) == Exit.FINDINGS
    assert "=== dr-example-keys: added (eu-west-1, eu-central-1)" in capsys.readouterr().out
    assert destroy(EXAMPLE, local=True, name=NAME) == Exit.FINE
    assert "nothing of example is to be destroyed; nothing is left" in capsys.readouterr().err


def test_machines_get_json_from_each(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(EXAMPLE, local=True, name=NAME, seconds=20.0, as_json=True) == Exit.FINDINGS
    told = json.loads(capsys.readouterr().out)
    assert (told["fine"], told["suffix"], told["active"]) == (False, "example", "")
    assert diff(EXAMPLE, local=True, name=NAME, as_json=True) == Exit.FINDINGS
    told = json.loads(capsys.readouterr().out)
    assert told["differs"] is True
    assert told["resources"]["added"] > 200
    assert destroy(EXAMPLE, local=True, name=NAME, dry_run=True, as_json=True) == Exit.FINE
    assert json.loads(capsys.readouterr().out) == {"suffix": "example", "steps": [], "left": [], "dark": []}


def test_watching_goes_on_until_it_is_interrupted(state: Path) -> None:
    watching = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "generator",
            "status",
            str(EXAMPLE),
            "--local",
            "--name",
            NAME,
            "--watch",
            "--every",
            "1",
            "--json",
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(state)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert watching.stdout is not None
        looks = [json.loads(watching.stdout.readline()) for _ in range(2)]
        assert looks[0]["at_ms"] < looks[1]["at_ms"]
        watching.send_signal(signal.SIGINT)
        _, said = watching.communicate(timeout=30)
        assert watching.returncode == Exit.INTERRUPTED
        assert "Traceback" not in said
    finally:
        watching.kill()
        watching.wait()
