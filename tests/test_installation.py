"""What `pip install .` puts down works from any folder: the examples, the functions, the traps are packaged."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TAKEN = (
    "generator",
    "recovery",
    "twin",
    "lambda",
    "stacksets",
    "templates",
    "docs",
    "setup.cfg",
    "pyproject.toml",
    "README.md",
    "LICENSE",
)

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Install into a folder of its own, from a copy (setuptools writes beside its sources), without an index."""
    place = tmp_path_factory.mktemp("installed")
    source, target, elsewhere = place / "source", place / "target", place / "elsewhere"
    source.mkdir()
    elsewhere.mkdir()
    for name in TAKEN:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet")
    subprocess.run([sys.executable, "-m", "pip", "install", *options, "--target", target, "."], cwd=source, check=True)
    shutil.rmtree(source)

    def start(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHONPATH": str(target), "NO_COLOR": "1", "XDG_STATE_HOME": str(place / "state")}
        command = [sys.executable, "-m", "generator", *arguments]
        return subprocess.run(command, cwd=elsewhere, env=environment, text=True, capture_output=True, check=False)

    return start


def test_help_is_shown(run: Run) -> None:
    done = run("--help")
    assert done.returncode == 0 and "build" in done.stdout


def test_the_library_is_built_like_the_committed_one(run: Run, tmp_path: Path) -> None:
    done = run("build", "--out", str(tmp_path / "built"))
    assert done.returncode == 0, done.stderr
    committed = {path.name: path.read_bytes() for path in (ROOT / "templates").glob("*.yaml")}
    assert {path.name: path.read_bytes() for path in (tmp_path / "built").iterdir()} == committed


def test_the_examples_are_found_and_valid(run: Run) -> None:
    for name in ("example", "three-regions", "witness"):
        done = run("validate", f"stacksets/{name}.yaml")
        assert done.returncode == 0, done.stderr


def test_a_deployment_is_planned(run: Run) -> None:
    done = run("plan", "stacksets/example.yaml", "--offline")
    assert done.returncode == 0 and "dr-example-records-failover" in done.stdout, done.stderr


def test_a_local_cloud_is_started_and_stopped(run: Run) -> None:
    assert run("cloud", "up", "--name", "installed").returncode == 0
    assert run("cloud", "down", "--name", "installed").returncode == 0


def test_traps_and_templates_are_explained(run: Run) -> None:
    assert "28" in run("explain", "28").stdout
    assert run("explain", "health").returncode == 0


def test_our_own_rules_are_there(run: Run, tmp_path: Path) -> None:
    template = tmp_path / "bad.yaml"
    template.write_text(
        "Resources:\n  Gateway:\n    Type: AWS::EC2::NatGateway\n    Properties: {SubnetId: subnet-1}\n"
    )
    done = run("lint", str(template))
    assert done.returncode == 1 and "E9204" in done.stdout, done.stderr
