"""The functions' code packages: complete, reproducible, pinned, and able to run alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from generator.errors import UsageError
from generator.imports import follow, handlers
from generator.packages import (
    LOCK,
    Package,
    build_packages,
    content,
    digest_of,
    lock,
    main,
)
from generator.resources import folder

LARGEST_BYTES = 700_000
WITH_DRIVER = {"prove_writer", "bootstrap_database"}


@dataclass(frozen=True)
class Built:
    """All packages, and where they are."""

    out: Path
    packages: dict[str, Package]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    out = tmp_path_factory.mktemp("packages")
    return Built(out, {package.name: package for package in build_packages(out)})


def run_alone(package: Package, into: Path, code: str) -> str:
    """Unzip a package into an empty folder and run ``code`` there, with nothing else of ours to import."""
    with zipfile.ZipFile(package.file) as opened:
        opened.extractall(into)
    import boto3

    runtime = str(Path(boto3.__file__).parent.parent)  # what the Lambda runtime brings, after the package
    # Only what the runtime brings may come from there; a finder refuses the rest of that folder.
    guard = (
        "import sys\n"
        f"sys.path[:] = [{str(into)!r}] + [p for p in sys.path if 'site-packages' not in p]\n"
        "import importlib.machinery as m\n"
        "class Runtime:\n"
        "    @staticmethod\n"
        "    def find_spec(name, path=None, target=None):\n"
        "        if path is None and name in "
        "('boto3','botocore','s3transfer','jmespath','urllib3','dateutil','six','awscrt'):\n"
        f"            return m.PathFinder.find_spec(name, [{runtime!r}], target)\n"
        "sys.meta_path.append(Runtime)\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-I", "-c", guard + code],
        cwd=into,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_handler_has_a_package(built: Built) -> None:
    assert {"prove_writer", "bootstrap_database", "vote"} <= set(built.packages)
    assert tuple(built.packages) == handlers()
    for name, package in built.packages.items():
        assert package.handler == f"{name}.handler"
        assert package.file.name == f"{name}-{package.digest[:16]}.zip"
        assert package.size == package.file.stat().st_size < LARGEST_BYTES


@pytest.mark.parametrize("name", handlers())
def test_a_package_runs_alone_with_what_the_runtime_brings(built: Built, name: str, tmp_path: Path) -> None:
    code = f"import {name}, sys; print(callable({name}.handler), 'boto3' in sys.modules)"
    assert run_alone(built.packages[name], tmp_path, code) == "True False\n"


@pytest.mark.parametrize("name", sorted(WITH_DRIVER))
def test_a_package_with_the_driver_can_sign_in(built: Built, name: str, tmp_path: Path) -> None:
    """The driver asks for its own version, so its metadata has to be there; the authorities too."""
    code = (
        "import pg8000.native, postgres\n"
        "assert pg8000.__file__.startswith(sys.path[0]), pg8000.__file__\n"
        "import dateutil, six, scramp, asn1crypto\n"
        "for module in (dateutil, six, scramp, asn1crypto):\n"
        "    assert module.__file__.startswith(sys.path[0]), module.__file__\n"
        "print(len(postgres.trust(postgres.BUNDLE).get_ca_certs()) > 50)"
    )
    assert run_alone(built.packages[name], tmp_path, code) == "True\n"


def test_only_functions_that_sign_in_to_a_database_carry_the_driver(built: Built) -> None:
    with_driver = {
        name
        for name, package in built.packages.items()
        if any(inside.startswith("pg8000/") for inside in zipfile.ZipFile(package.file).namelist())
    }
    assert with_driver == WITH_DRIVER


def test_the_same_input_gives_the_same_bytes(built: Built, tmp_path: Path) -> None:
    again = build_packages(tmp_path)
    assert [p.file.read_bytes() for p in again] == [p.file.read_bytes() for p in built.packages.values()]


def test_a_package_tells_no_time_and_no_user(built: Built) -> None:
    for package in built.packages.values():
        entries = zipfile.ZipFile(package.file).infolist()
        assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
        assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.external_attr >> 16 for entry in entries} == {0o100644}
        assert {entry.create_system for entry in entries} == {3}


def test_a_package_holds_licences_and_no_tests_or_byte_code(built: Built) -> None:
    names = zipfile.ZipFile(built.packages["prove_writer"].file).namelist()
    assert not [name for name in names if name.endswith(".pyc") or "/tests/" in name or ".tar" in name]
    for distribution in ("pg8000", "scramp", "asn1crypto", "python_dateutil", "six"):
        assert [name for name in names if name.startswith(distribution + "-") and "LICEN" in name], distribution


def test_a_package_that_is_there_and_whole_is_not_made_again(built: Built, tmp_path: Path) -> None:
    first = build_packages(tmp_path)
    written = [package.file.stat().st_mtime_ns for package in first]
    assert [package.file.stat().st_mtime_ns for package in build_packages(tmp_path)] == written


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 half a zip", None], ids=["empty", "half", "other content"])
def test_a_damaged_package_is_made_again(built: Built, tmp_path: Path, damage: bytes | None) -> None:
    file = tmp_path / built.packages["vote"].file.name
    if damage is None:
        with zipfile.ZipFile(file, "w") as other:
            other.writestr("vote.py", "print('not ours')")
    else:
        file.write_bytes(damage)
    build_packages(tmp_path)
    assert file.read_bytes() == built.packages["vote"].file.read_bytes()


def test_progress_names_each_package_before_it_is_made(tmp_path: Path) -> None:
    told: list[str] = []
    build_packages(tmp_path, told.append)
    assert tuple(told) == handlers()


def test_nothing_half_written_is_left_behind(built: Built) -> None:
    assert sorted(built.out.iterdir()) == sorted(package.file for package in built.packages.values())


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="can't be written"):
        build_packages(tmp_path / "file" / "packages")


def test_the_lock_file_is_current() -> None:
    """Renew it with ``python -m generator.packages --lock``, and say in the commit why it changed."""
    assert json.loads((folder("lambda") / LOCK).read_text()) == lock()


def test_a_distribution_that_is_not_the_pinned_one_stops_the_build() -> None:
    pins = dict(lock()["distributions"])
    pins["pg8000"] = {**pins["pg8000"], "digest": "0" * 64}
    with pytest.raises(UsageError, match="are not the ones that were pinned"):
        content("prove_writer", pins)
    pins["pg8000"] = {**pins["pg8000"], "version": "1.0"}
    with pytest.raises(UsageError, match=r"but the functions are pinned to 1\.0"):
        content("prove_writer", pins)
    with pytest.raises(UsageError, match="is not in packages"):
        content("prove_writer", {})


def test_a_function_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(UsageError, match="no function called nobody") as refused:
        content("nobody")
    assert "prove_writer" in refused.value.hint


def test_a_digest_tells_names_and_contents_apart() -> None:
    digests = {
        digest_of(files) for files in ({"ab": b"c"}, {"a": b"bc"}, {"ab": b""}, {"a": b"", "b": b""}, {}, {"ab": b"d"})
    }
    assert len(digests) == 6


def test_imports_inside_functions_are_followed_and_those_of_a_type_checker_are_not() -> None:
    ours, others = follow("prove_writer")
    assert {"prove_writer.py", "wire.py", "recovery/__init__.py", "recovery/signals.py"} <= set(ours)
    assert {"pg8000", "botocore"} <= set(others)
    assert "_typeshed" not in others


def test_no_module_hides_one_of_the_standard_library_or_the_runtime() -> None:
    taken = sys.stdlib_module_names | {
        "boto3",
        "botocore",
        "pg8000",
        "six",
        "dateutil",
        "urllib3",
        "generator",
    }
    assert not {path.stem for path in folder("lambda").glob("*.py")} & taken


def test_the_module_runs_as_a_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path)]) == 0
    assert f"{tmp_path}/vote-" in capsys.readouterr().out
