"""Where the files that are not Python are: in the checkout, or beside the package when it is installed.

``pip install .`` copies ``lambda/``, ``stacksets/``, ``templates/`` and ``docs/`` into the package as
``_lambda``, ``_stacksets``, ``_templates`` and ``_docs``, so that every command works from any folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from generator.errors import UsageError

Folder = Literal["lambda", "stacksets", "templates", "docs", "recovery"]

_PACKAGE = Path(__file__).resolve().parent


def folder(name: Folder) -> Path:
    """Return the folder called ``name``: the installed copy, else the checkout's.

    Raises UsageError when neither is there.
    """
    for place in (_PACKAGE / f"_{name}", _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise UsageError(
        f"the library's folder {name} is missing beside {_PACKAGE}", hint="install again, with pip install ."
    )


def found(path: Path) -> Path:
    """Return ``path``, or the packaged file of that name when ``path`` is relative and not there.

    ``stacksets/example.yaml`` so means the shipped example in a folder that has none of its own.
    """
    if path.exists() or path.is_absolute() or len(path.parts) < 2:
        return path
    if path.parts[0] in ("stacksets", "templates", "docs"):
        packaged = folder(path.parts[0]).joinpath(*path.parts[1:])  # type: ignore[arg-type]
        if packaged.exists():
            return packaged
    return path
