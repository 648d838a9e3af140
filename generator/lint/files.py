"""Which files are templates: those that are named, and those of a folder that look like one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from generator.errors import UsageError
from generator.lint.finding import Job

ENDINGS = (".yaml", ".yml", ".json", ".template")
LARGEST = 1_000_000
"""Bytes of a template that CloudFormation takes (CloudFormation User Guide, "CloudFormation quotas")."""

_LOOKS_LIKE = re.compile(rb"""^\s*\{?\s*["']?(AWSTemplateFormatVersion|Resources)["']?\s*:""", re.MULTILINE)
_ELSEWHERE = {"node_modules", "__pycache__", "build", "dist"}


@dataclass(frozen=True)
class Collected:
    """The templates among the paths, and how many other YAML and JSON files were passed over."""

    jobs: tuple[Job, ...]
    skipped: int


def collect(paths: Iterable[Path], regions: tuple[str, ...]) -> Collected:
    """Return the templates among files and folders; a file that is named is always taken for one.

    Raises UsageError for a path that is not there or can't be read.
    """
    jobs: list[Job] = []
    skipped = 0
    for path in paths:
        if path.is_dir():
            for file in _below(path):
                raw = _bytes(file)
                if _LOOKS_LIKE.search(raw):
                    jobs.append(Job(str(file), _text(raw), regions))
                else:
                    skipped += 1
        else:
            jobs.append(Job(str(path), _text(_bytes(path)), regions))
    return Collected(tuple(jobs), skipped)


def _below(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _ELSEWHERE)
        for name in sorted(files):
            if name.endswith(ENDINGS) and not name.startswith("."):
                path = Path(place, name)
                if path.is_file():
                    yield path


def _bytes(path: Path) -> bytes:
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is neither a file nor a folder", hint="name a template or a folder of templates")
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise UsageError(f"can't read {path}: {reason}", hint="name a template or a folder of templates") from None


def _text(raw: bytes) -> str:
    return raw.decode("utf-8-sig", errors="replace")
