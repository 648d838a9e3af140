"""The environment argument that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from generator.cli import render
from generator.config import Environment, load, warnings
from generator.resources import folder, found

DEFAULT = Path("stacksets/example.yaml")

Argument = Annotated[Path, typer.Argument(metavar="[ENVIRONMENT]", help="The environment file.")]


def every() -> list[Path]:
    """Return the environment files of ``stacksets/`` here, else the shipped examples."""
    here = sorted(DEFAULT.parent.glob("*.yaml"))
    return here or sorted(folder("stacksets").glob("*.yaml"))


def opened(path: Path) -> Environment:
    """Return the environment, its warnings shown; raises EnvironmentFileError with every problem."""
    place = found(path)
    environment = load(place)
    render.doubts(warnings(environment, place))
    return environment
