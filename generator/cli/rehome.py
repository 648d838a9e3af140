"""``rehome``: the region that is answered when none is healthy follows the writer, after an event."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from generator.cli import environments, render
from generator.cli.clouds import Json, Local, Name, clouds
from generator.errors import Exit

if TYPE_CHECKING:
    from generator.aws.rehoming import Rehomed
    from generator.config import Environment


def rehome(  # noqa: PLR0913 - one for each option
    environment: environments.Argument = environments.DEFAULT,
    *,
    write: Annotated[bool, typer.Option("--write", help="Say it in the environment file too.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait while someone deploys, instead of giving up.")] = False,
    local: Local = False,
    name: Name = "default",
    as_json: Json = False,
) -> int:
    """Make the active region home, once the event is over; again changes nothing."""
    from generator.aws.rehoming import rehome as moved
    from generator.cli import progress
    from generator.cli.deploy import terminable
    from generator.resources import found as placed

    opened = environments.opened(environment)
    chosen = clouds(opened, local=local, name=name)
    with terminable(), progress.shown(as_json=as_json) as sink:
        result = moved(opened, chosen, sink, wait=wait)
    written = write and opened.home != result.active and _write(placed(environment), result.active)
    if as_json:
        says = result.active if written else opened.home
        render.line({"event": "rehomed", **asdict(result), "file": {"home": says, "written": written}})
    else:
        _say(result)
        _file(opened, environment, result.active, written=written)
    return Exit.FINDINGS if result.dark else Exit.FINE


def _write(path: Path, region: str) -> bool:
    from generator.config.editing import write_home

    try:
        return write_home(path, region)
    except OSError as error:
        render.say(f"{path} could not be written: {error}", "warning")
        return False


def _say(result: Rehomed) -> None:
    if result.changed:
        render.say(f"{result.active} is home now: {', '.join(result.changed)} changed", "fine")
    elif not result.dark:
        render.say(f"{result.active} is home already: nothing was changed", "fine")
    for region in result.dark:
        render.say(f"{region} does not answer, so its records are as they were: run it again when it does", "warning")


def _file(environment: Environment, path: Path, active: str, *, written: bool) -> None:
    """Say what the environment file has to say: the next deployment does what it says."""
    from generator.config.editing import lines_for

    if written:
        render.say(f"{path} says so too: commit it", "hint")
    elif environment.home != active:
        render.say(f"{path} says that home is {environment.home}: the next deployment would move it back", "warning")
        render.say(f"write into it (or add --write):\n{lines_for(active)}", "hint")
