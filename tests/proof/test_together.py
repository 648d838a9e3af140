"""Drills beside each other, and drills of an ordinary user: what they write goes only to their own folders."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPEED = "5"
"""Half of the usual: two of them share the machine."""

SYSTEMS = "/usr/bin/python3"


def drill(
    scenario: str, out: Path, python: str = sys.executable, user: str | None = None, **variables: str
) -> subprocess.Popen[str]:
    environment: Mapping[str, str] = {**os.environ, **variables}
    return subprocess.Popen(
        [python, "-m", "generator", "drill", scenario, "--speed", SPEED, "--out", str(out)],
        cwd=ROOT, env=environment, user=user, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def test_two_drills_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    both = [drill(name, tmp_path / name) for name in ("region-loss", "planned-switchover")]
    said = [each.communicate(timeout=900)[0] for each in both]
    assert [each.returncode for each in both] == [0, 0], "\n\n".join(said)


@pytest.mark.skipif(os.geteuid() != 0, reason="whoever plays this is an ordinary user already")
def test_an_ordinary_user_can_play_a_drill(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for each in (home, *list(home.parents)[:4]):
        each.chmod(0o755)
    shutil.chown(home, "nobody")
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    asked = [SYSTEMS, "-c", "import sys; print(sys.version_info[:2])"]
    version = subprocess.run(asked, capture_output=True, text=True, check=False)
    if version.stdout.strip() != str(sys.version_info[:2]):
        pytest.skip(f"{SYSTEMS} is another version of Python, and {sys.executable} may not be theirs to run")
    folders = dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_STATE_HOME"), str(home))
    process = drill("region-loss", home / "out", SYSTEMS, "nobody", PYTHONPATH=packages, **folders)
    said = process.communicate(timeout=900)[0]
    assert process.returncode == 0, said
    assert {(path.stat().st_uid != 0) for path in (home / "out").iterdir()} == {True}
