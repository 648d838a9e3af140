"""Packages are kept in a folder of the user's: built once, left nowhere else, and swept when nobody uses them."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest

from generator.aws import cache
from generator.aws.uploads import Packages


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder for what is temporary, empty at first; the cache is beside it."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return place


def test_packages_leave_nothing_behind_when_the_process_is_killed(temporary: Path) -> None:
    built = Packages().built  # and never closed, as by a process that was killed
    assert built
    assert list(temporary.iterdir()) == []
    assert all(each.file.parent == cache.packages() for each in built)


def test_a_second_run_builds_nothing_anew(temporary: Path) -> None:
    first = {each.file: each.file.stat().st_ino for each in Packages().built}
    assert {each.file: each.file.stat().st_ino for each in Packages().built} == first
    assert list(temporary.iterdir()) == []


def test_what_nobody_used_for_a_month_is_removed_and_nothing_else(temporary: Path) -> None:
    place = cache.packages()
    assert place is not None
    assert not list(temporary.iterdir())
    now = time.time()
    for name, days in (("old-1.zip", 31), (".old-1.zip.half", 31), ("recent-1.zip", 29), ("used-1.zip", 31)):
        (place / name).touch()
        os.utime(place / name, (now - days * 86_400, now - days * 86_400))
    (place / "notes").touch()
    os.utime(place / "notes", (0, 0))
    cache.sweep(place, [place / "used-1.zip"])
    assert {each.name for each in place.iterdir()} == {"recent-1.zip", "used-1.zip", "notes"}


def test_without_a_folder_to_write_to_packages_are_built_in_a_temporary_one_and_removed(
    temporary: Path, tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("a file where the folder would be")
    packages = Packages()
    assert {each.file.parent.parent for each in packages.built} == {temporary}
    packages.close()
    assert list(temporary.iterdir()) == []
