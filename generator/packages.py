"""The functions' code packages: one reproducible zip each, the same bytes from the same input.

A package holds the handler, what it imports from ``lambda/`` and ``recovery/`` (found by reading the imports,
so nothing is listed twice), and the third-party distributions that those imports need, taken from the
installed ones. These are compared with ``lambda/packages.lock.json`` file by file: what is deployed is what
was reviewed, or nothing is built. No Docker, and one zip for every architecture, as all of it is Python.

The name of a file carries the digest of its content (not of the zip, whose bytes depend on the zlib at
hand), so that a template that names it changes when the code does, and only then.

``python -m generator.packages --lock`` writes the lock file anew, after a dependency or a handler changed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from generator.errors import DisasterRecoveryError, UsageError
from generator.imports import follow, handlers
from generator.resources import folder

LOCK = "packages.lock.json"
RUNTIME = frozenset({"boto3", "botocore"})
"""What the Lambda runtime brings (Lambda Developer Guide, "Runtime-included SDK versions")."""

DISTRIBUTIONS: Mapping[str, tuple[str, ...]] = {
    "pg8000": ("pg8000", "scramp", "asn1crypto", "python-dateutil", "six"),
}
"""The distributions that an import needs, dependencies included."""

DATA: Mapping[str, tuple[str, ...]] = {"postgres.py": ("certificates/rds-global-bundle.pem",)}
"""The files beside the code that a module of ours reads."""

LEFT_OUT = ("__pycache__", "tests", "dateutil-zoneinfo.tar.gz")
LICENCES = ("LICEN", "COPYING", "NOTICE", "METADATA")
"""What is kept of a distribution's metadata: its version (pg8000 asks for its own) and its licence."""

OLDEST = (1980, 1, 1, 0, 0, 0)
REGULAR = 0o100644 << 16
UNIX = 3

Files = dict[str, bytes]
"""Names within a package and their contents."""

Pins = Mapping[str, Mapping[str, str]]
"""By name: ``digest``, and of a distribution its ``version``."""


@dataclass(frozen=True)
class Package:
    """A built package. ``digest`` is of the content, hexadecimal; ``size`` in bytes, of the zip."""

    name: str
    handler: str
    file: Path
    digest: str
    size: int


def build_packages(out: Path, progress: Callable[[str], None] | None = None) -> tuple[Package, ...]:
    """Return every function's package, built into ``out`` unless it is there and whole; by name.

    progress: told the name of each package before it is made. Raises UsageError when a distribution is
    missing or is not the one that the lock names, when a handler imports something that no package holds,
    or when ``out`` can't be written.
    """
    built = []
    for name in handlers():
        if progress is not None:
            progress(name)
        files = content(name)
        digest = digest_of(files)
        file = out / f"{name}-{digest[:16]}.zip"
        if not _whole(file, digest):
            _write(file, files)
        built.append(Package(name, f"{name}.handler", file, digest, file.stat().st_size))
    return tuple(built)


def content(name: str, pinned: Pins | None = None) -> Files:
    """Return the files of the package of the function called ``name``.

    pinned: the distributions that it may hold; those of the lock file unless given.
    """
    ours, others = follow(name)
    files = {inside: path.read_bytes() for inside, path in ours.items()}
    for inside in ours:
        for data in DATA.get(inside, ()):
            files[data] = (folder("lambda") / data).read_bytes()
    for imported in sorted(set(others) - RUNTIME - sys.stdlib_module_names):
        for distribution in _distributions_for(imported, others[imported]):
            files |= _pinned_files(distribution, _pins() if pinned is None else pinned)
    return files


def digest_of(files: Mapping[str, bytes]) -> str:
    """Return the digest of names and contents: each length-prefixed, in order of the names."""
    digest = hashlib.sha256()
    for name in sorted(files):
        for part in (name.encode(), files[name]):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def lock() -> dict[str, Pins]:
    """Return what the lock file should hold: the distributions as installed, the packages as they are."""
    distributions = {}
    for name in sorted({one for group in DISTRIBUTIONS.values() for one in group}):
        version, files = _installed(name)
        distributions[name] = {"version": version, "digest": digest_of(files)}
    packages = {name: {"digest": digest_of(content(name, distributions))} for name in handlers()}
    return {"distributions": distributions, "packages": packages}


def write_lock() -> Path:
    """Write the lock file anew and return its path."""
    path = folder("lambda") / LOCK
    path.write_text(json.dumps(lock(), indent=2) + "\n")
    return path


def main(arguments: list[str] | None = None) -> int:
    """Run the module's own small command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m generator.packages", description="function packages")
    parser.add_argument("--lock", action="store_true", help="write the lock file anew and end")
    parser.add_argument("--out", type=Path, default=Path("build/packages"), help="folder of the zips")
    options = parser.parse_args(arguments)
    try:
        if options.lock:
            sys.stderr.write(f"wrote {write_lock()}\n")
            return 0
        for package in build_packages(options.out):
            sys.stdout.write(f"{package.size:>8} {package.file}\n")
    except DisasterRecoveryError as error:
        sys.stderr.write(f"{error}\nhint: {error.hint}\n")
        return int(error.exit)
    return 0


def _distributions_for(imported: str, path: Path) -> tuple[str, ...]:
    try:
        return DISTRIBUTIONS[imported]
    except KeyError:
        raise UsageError(
            f"{path.name} imports {imported}, which no package holds",
            hint="declare its distributions in generator/packages.py, or do without it",
        ) from None


def _pinned_files(name: str, pinned: Pins) -> Files:
    version, files = _installed(name)
    pin = pinned.get(name)
    if pin is None:
        raise UsageError(f"{name} is not in {LOCK}", hint="run: python -m generator.packages --lock")
    if pin["version"] != version:
        raise UsageError(
            f"{name} {version} is installed, but the functions are pinned to {pin['version']}",
            hint=f"run: pip install {name}=={pin['version']}",
        )
    if pin["digest"] != digest_of(files):
        raise UsageError(
            f"the installed files of {name} {version} are not the ones that were pinned",
            hint=f"run: pip install --force-reinstall {name}=={version}; if they still differ, find out why",
        )
    return files


def _pins() -> Pins:
    path = folder("lambda") / LOCK
    if not path.is_file():
        return {}
    read: dict[str, Pins] = json.loads(path.read_text())
    return read["distributions"]


@cache
def _installed(name: str) -> tuple[str, Files]:
    """Return the version of an installed distribution and the files that a package takes of it."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        found = distribution(name)
    except PackageNotFoundError:
        raise UsageError(
            f"{name}, which a function's package needs, is not installed", hint=f"run: pip install {name}"
        ) from None
    return found.version, {
        str(file): Path(str(file.locate())).read_bytes() for file in found.files or () if _taken(file)
    }


def _taken(file: PurePosixPath) -> bool:
    if ".." in file.parts or file.suffix == ".pyc" or any(part in LEFT_OUT for part in file.parts):
        return False
    if file.parts[0].endswith(".dist-info"):
        return file.name.startswith(LICENCES)
    return True


def _whole(file: Path, digest: str) -> bool:
    """Return whether ``file`` is a zip that holds what its name says."""
    try:
        with zipfile.ZipFile(file) as opened:
            return digest_of({name: opened.read(name) for name in opened.namelist()}) == digest
    except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile):
        return False


def _write(file: Path, files: Files) -> None:
    """Write the zip beside ``file`` and rename it: an interrupted build leaves no half of one."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    except OSError as error:
        raise UsageError(
            f"{file.parent} can't be written: {error.strerror}", hint="choose another folder with --out"
        ) from error
    try:
        with (
            os.fdopen(handle, "wb") as raw,
            zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as opened,
        ):
            for name in sorted(files):
                opened.writestr(_entry(name), files[name])
        Path(beside).chmod(0o644)
        Path(beside).replace(file)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, OLDEST)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = REGULAR
    entry.create_system = UNIX
    return entry


if __name__ == "__main__":
    sys.exit(main())
