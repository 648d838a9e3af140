"""``follow``, ``approve`` and ``refuse``: a recovery that runs is shown live, or is given its answer."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from generator.aws.events import Event, Said, Sink
from generator.aws.recovering_events import RecoveryBegan, RecoveryDoing, RecoveryEnded, RecoveryMoved
from generator.cli import environments, progress, render
from generator.cli.clouds import Json, Local, Name, clouds, command
from generator.errors import Exit, UsageError

if TYPE_CHECKING:
    from generator.aws.recovering import Target
    from generator.config import Environment

To = Annotated[str, typer.Option("--to", metavar="REGION", help="The region that the recovery goes to.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who asks; default: the name you are signed in with.")]
_WORD = 8
"""Columns that a step's name takes."""


def follow(  # noqa: PLR0913 - one for each option
    environment: environments.Argument = environments.DEFAULT,
    *,
    to: To = "",
    execution: Annotated[str, typer.Option("--execution", help="Which one, by name or ARN; default: the newest.")] = "",
    local: Local = False,
    name: Name = "default",
    as_json: Json = False,
) -> int:
    """Follow a recovery until it has ended: the one that runs, else the newest; exit with 1 when it failed."""
    from generator.aws.recovering import newest

    opened = environments.opened(environment)
    target = one(opened, clouds(opened, local=local, name=name), to)
    found = target.execution(execution) if execution else newest(target)
    if not found:
        raise UsageError(f"no recovery to {target.region} was ever started", hint="--to REGION: another region's")
    typed = partial(command, path=environment, local=local, name=name)
    return show(target, found, as_json=as_json, typed=typed, began=False)


def approve(  # noqa: PLR0913 - one for each option
    environment: environments.Argument = environments.DEFAULT,
    *,
    to: To = "",
    by: By = "",
    local: Local = False,
    name: Name = "default",
    as_json: Json = False,
) -> int:
    """Approve the recovery that waits for it, and follow it until it has ended."""
    from generator.aws import recovering_approval

    target, execution, token = _waiting(environment, to, local=local, name=name)
    recovering_approval.approve(target, token, by or who())
    typed = partial(command, path=environment, local=local, name=name)
    return show(target, execution, as_json=as_json, typed=typed, began=False)


def refuse(  # noqa: PLR0913 - one for each option
    environment: environments.Argument = environments.DEFAULT,
    *,
    to: To = "",
    by: By = "",
    reason: Annotated[str, typer.Option("--reason", help="Why; people are told.")] = "no reason was given",
    local: Local = False,
    name: Name = "default",
) -> int:
    """Refuse the recovery that waits for an approval: it ends, and nothing has changed."""
    from generator.aws import recovering_approval

    target, execution, token = _waiting(environment, to, local=local, name=name)
    recovering_approval.refuse(target, token, by or who(), reason)
    render.say(f"refused, nothing has changed: {execution}", "fine")
    return Exit.FINE


def _waiting(environment: Path, to: str, *, local: bool, name: str) -> tuple[Target, str, str]:
    """Return the region, the execution and the token of the recovery that waits. Raises UsageError if none does."""
    from generator.aws import recovering_approval
    from generator.aws.recovering import holder

    opened = environments.opened(environment)
    target = one(opened, clouds(opened, local=local, name=name), to)
    held = holder(target)
    token = recovering_approval.waiting(target, held.execution) if held else ""
    if held is None or not token:
        runs = f"; what runs is {held}" if held else ""
        raise UsageError(f"no recovery to {target.region} waits for an approval{runs}")
    return target, held.execution, token


def one(environment: Environment, chosen: Any, to: str) -> Target:
    """Return the region that is meant: the one that is named, else the one in which a recovery runs.

    Raises UsageError when that is not clear.
    """
    from generator.aws.recovering import Target, holder
    from generator.errors import CloudError

    regions = [each.name for each in environment.data_regions]
    if to:
        return Target(chosen, known(environment, to))
    found, silent = [], ""
    for region in regions:
        target = Target(chosen, region)
        try:
            if holder(target):
                found.append(target)
        except CloudError as error:
            silent = str(error)
    if len(found) != 1:
        said = "recoveries run in more than one region" if found else "no recovery runs"
        raise UsageError(f"{said}{f' as far as is known ({silent})' if silent else ''}", hint=_choice(regions))
    return found[0]


def known(environment: Environment, region: str) -> str:
    """Return the region if it is one of the environment's that hold data. Raises UsageError."""
    regions = [each.name for each in environment.data_regions]
    if region not in regions:
        raise UsageError(f"{region!r} is no data region of {environment.suffix}", hint=f"one of {', '.join(regions)}")
    return region


def _choice(regions: list[str]) -> str:
    return f"--to REGION, one of {', '.join(regions)}"


def who() -> str:
    """Return who is asking, for the record: the name that this machine knows them by."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody without a name"


def show(target: Target, execution: str, *, as_json: bool, typed: Callable[[str], str], began: bool = True) -> int:
    """Show an execution until it has ended; return 0 when it did what was asked for, else 1.

    ``typed``: returns a command on the same environment, for hints; how to follow it again when this is interrupted.
    """
    from generator.aws.recovering_progress import follow as followed
    from generator.cli.deploy import terminable

    try:
        with terminable(), shown(as_json=as_json) as sink:
            sink(RecoveryBegan(target.region, execution, began))
            ended = followed(target, execution, sink)
    except KeyboardInterrupt:
        render.say(f"not followed any more, and still running in {target.region}: {execution}", "warning")
        render.say(f"follow it again: {again(target, execution, typed)}", "hint")
        return Exit.INTERRUPTED
    if not as_json:
        conclude(ended, typed)
    return Exit.FINE if ended.well else Exit.FINDINGS


def again(target: Target, execution: str, typed: Callable[[str], str]) -> str:
    """Return the command that follows the execution."""
    return f"{typed('follow')} --to {target.region} --execution {execution.rsplit(':', 1)[-1]}"


def conclude(ended: RecoveryEnded, typed: Callable[[str], str]) -> None:
    """Say how it ended: what came of it, or why not and what to do."""
    if not ended.well:
        render.say(f"{ended.status.lower()} after {ended.seconds:g} s: {ended.reason}", "error")
        if ended.hint:
            render.say(ended.hint, "hint")
        return
    output = ended.output or {}
    said = f"{output.get('target', ended.region)} is the writer: {output.get('proof', 'done')}"
    render.say(f"done after {ended.seconds:g} s: {said}", "fine")
    if output.get("verb") == "failover":
        fence = output.get("fence") or {}
        render.say(f"lost at most: {output.get('lost_at_most')}; fence: {fence.get('outcome')}: {fence.get('reason')}")
    if output.get("outcome") != "nothing":
        render.say(f"when the event is over, make it home: {typed('rehome')}", "hint")


@contextmanager
def shown(*, as_json: bool) -> Iterator[Sink]:
    """Yield the sink that shows a recovery: JSON lines on stdout, or for people on stderr."""
    if as_json:
        with progress.shown(as_json=True) as sink:
            yield sink
    elif sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        with _live() as sink:
            yield sink
    else:
        yield lambda event: _put(event, render.say)


@contextmanager
def _live() -> Iterator[Sink]:
    """Lines as they come, and below them what goes on now, with the seconds that it has taken so far."""
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("", spinner="dots") as status:

        def say(text: str, kind: str = "") -> None:
            console.print(f"{kind}: {text}" if kind else text, markup=False, highlight=False)

        def sink(event: Event) -> None:
            if isinstance(event, RecoveryDoing):
                status.update(f"{event.seconds:g} s: {event.text}")
            else:
                _put(event, say)

        yield sink


def _put(event: Event, say: Callable[[str, str], None]) -> None:
    match event:
        case RecoveryBegan():
            say(f"{'started' if event.began else 'following'} in {event.region}: {event.execution}", "")
        case RecoveryMoved():
            kind = "" if event.well else "warning"
            say(f"+{event.seconds:7.1f} s  {event.step.ljust(_WORD)} {event.text}", kind)
        case Said():
            say(event.text, event.level)
