"""The drill as a person runs it: a region is really taken away, the verdict is the exit code, and nothing is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from twin import remains

ROOT = Path(__file__).parents[2]
SPEED = "10"


def drill(*words: str, temporary: Path) -> subprocess.Popen[str]:
    """Begin a drill whose temporary files are in a folder of the test's."""
    temporary.mkdir(exist_ok=True)
    temporary.chmod(0o755)
    return subprocess.Popen(
        [sys.executable, "-m", "generator", "drill", *words],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary), remains.DISK: str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def left(temporary: Path) -> list[str]:
    """Return what a drill has left: folders, and processes that were started for it."""
    folders = [str(each) for each in temporary.iterdir()]
    processes = []
    for process in psutil.process_iter():
        try:
            if str(temporary) in " ".join(process.cmdline()) + process.environ().get("TMPDIR", ""):
                processes.append(f"{process.pid} {process.cmdline()}")
        except psutil.Error:
            continue
    return folders + processes


def eventually(holds: Callable[[], bool], seconds: float = 60.0) -> bool:
    last = time.monotonic() + seconds
    while not holds() and time.monotonic() < last:
        time.sleep(0.1)
    return holds()


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    for each in (tmp_path, *list(tmp_path.parents)[:3]):
        each.chmod(0o755)  # the databases' own account has to get in
    return tmp_path / "tmp"


def test_a_region_is_lost_and_writes_come_back_within_the_objective(tmp_path: Path, temporary: Path) -> None:
    process = drill("region-loss", "--speed", SPEED, "--out", str(tmp_path / "out"), temporary=temporary)
    said, errors = process.communicate(timeout=300)
    assert process.returncode == 0, said + errors
    assert "held: writes were back after" in said
    report = json.loads((tmp_path / "out" / "region-loss.json").read_text())
    shares = report["result"]["shares"]
    assert report["held"]
    assert report["writer"] == "eu-central-1"
    assert sum(each["measured"] or 0 for each in shares) == pytest.approx(report["result"]["rto_seconds"], abs=0.01)
    assert {each["region"] for each in report["history"]["writes"] if each["outcome"] == "acknowledged"} == {
        "eu-west-1",
        "eu-central-1",
    }
    assert (tmp_path / "out" / "region-loss.html").read_text().startswith("<!doctype html>")
    assert eventually(lambda: not left(temporary)), left(temporary)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_nothing_is_left_of_a_drill_that_ends_early(how: signal.Signals, temporary: Path, tmp_path: Path) -> None:
    process = drill("region-loss", "--speed", SPEED, "--out", str(tmp_path / "out"), temporary=temporary)
    assert process.stderr is not None
    for line in process.stderr:
        if "waiting until" in line:
            break
    process.send_signal(how)
    process.communicate(timeout=60)
    if how is signal.SIGINT:
        assert process.returncode == 130
    assert eventually(lambda: not left(temporary)), left(temporary)


def test_a_scenario_that_is_none_is_refused_before_anything_is_started(temporary: Path) -> None:
    process = drill("region-los", temporary=temporary)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "there is no scenario region-los" in errors
    assert "region-loss" in errors
    assert list(temporary.iterdir()) == []


def test_the_list_of_scenarios_is_for_machines_too(temporary: Path) -> None:
    said, _ = drill("--list", "--json", temporary=temporary).communicate(timeout=60)
    assert {"region-loss", "zombie-returns"} <= {each["name"] for each in json.loads(said)}
