"""``cloud up``, ``down`` and ``status``, as a user calls them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from generator.cli.cloud import cloud
from generator.errors import Exit
from twin.cloud import process


@pytest.fixture(autouse=True)
def nothing_runs_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    yield
    for name in process.names():
        process.down(name)


def run(*arguments: str) -> int:
    return int(typer.main.get_command(cloud)(list(arguments), standalone_mode=False) or 0)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    run(*arguments, "--json")
    return json.loads(capsys.readouterr().out)


def test_up_prints_what_a_shell_takes_in_and_up_again_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("up", "--account", "123456789012", "--region", "eu-west-1") == Exit.FINE
    first = capsys.readouterr()
    assert "runs at http://127.0.0.1:" in first.err
    shell = subprocess.run(
        ["sh", "-c", f"{first.out}\nenv"], capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]}
    )
    taken = dict(line.split("=", 1) for line in shell.stdout.splitlines() if line.startswith("AWS_"))
    assert taken["AWS_ACCESS_KEY_ID"] == "123456789012"
    assert taken["AWS_REGION"] == taken["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert taken["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert taken["AWS_EC2_METADATA_DISABLED"] == "true"
    assert run("up") == Exit.FINE
    again = capsys.readouterr()
    assert again.out == first.out
    assert "ran already" in again.err


def test_clouds_of_several_names_are_shown_and_taken_down_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    one = said(capsys, "up", "--name", "one")
    other = said(capsys, "up", "--name", "other")
    assert (one["running"], one["began"], one["url"] != other["url"]) == (True, True, True)
    shown = said(capsys, "status")
    assert [(each["name"], each["pid"]) for each in shown] == [("one", one["pid"]), ("other", other["pid"])]
    assert shown[0]["age"] >= 0 and shown[0]["stacks"] == shown[0]["stacksets"] == 0
    assert run("status") == Exit.FINE
    table = capsys.readouterr().out
    assert one["url"] in table and str(other["pid"]) in table
    assert said(capsys, "down", "--name", "one") == {"name": "one", "was": True}
    assert said(capsys, "down", "--name", "one") == {"name": "one", "was": False}
    assert [each["name"] for each in said(capsys, "status")] == ["other"]
    assert run("down", "--name", "other") == Exit.FINE
    assert "is stopped" in capsys.readouterr().err


def test_status_says_when_nothing_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status") == Exit.FINDINGS
    assert "no local cloud runs" in capsys.readouterr().err
    assert said(capsys, "status", "--name", "none") == [{"name": "none", "running": False}]
