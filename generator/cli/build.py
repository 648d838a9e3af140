"""``build``: the templates and the functions' packages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from generator.build import differences, library, write
from generator.cli import environments, render
from generator.errors import Exit

PACKAGES = Path("build/functions")


def build(
    environment: environments.Argument = environments.DEFAULT,
    check: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; show what differs, and exit with 1 if anything does."),
    ] = False,
    out: Annotated[Path, typer.Option("--out", help="Folder of the templates.")] = Path("templates"),
    no_packages: Annotated[bool, typer.Option("--no-packages", help="Leave the functions' zips out.")] = False,
) -> int:
    """Build every template, and the functions' packages, in the shape that the environment asks for."""
    files = library(environments.opened(environment).shape)
    if check:
        return _compare(files, out)
    changed = write(files, out)
    render.say(f"{len(files)} templates in {out}, {len(changed) or 'none'} changed", "fine")
    if not no_packages:
        _pack()
    return Exit.FINE


def _compare(files: dict[str, str], out: Path) -> int:
    found = differences(files, out)
    for difference in found:
        render.data(render.coloured_diff(difference.diff))
    if not found:
        render.say(f"{len(files)} templates in {out} are current", "fine")
        return Exit.FINE
    render.say(f"{len(found)} of the templates in {out} are not current", "error")
    render.say("python -m generator build", "hint")
    return Exit.FINDINGS


def _pack() -> None:
    from generator.imports import handlers
    from generator.packages import build_packages

    with render.progress("packages", len(handlers())) as done:
        packages = build_packages(PACKAGES, done)
    size = sum(package.size for package in packages) // 1024
    render.say(f"{len(packages)} packages in {PACKAGES}, {size} KiB", "fine")
