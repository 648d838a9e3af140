"""``destroy``: an environment taken down, after it was asked for twice where that can't be undone."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from generator.cli import environments, render
from generator.cli.clouds import Json, Local, Name, clouds, command
from generator.cli.deploy import terminable
from generator.errors import Exit, UsageError

if TYPE_CHECKING:
    from generator.aws.clients import Clouds
    from generator.aws.events import Sink
    from generator.config import Environment
    from generator.plan.steps import Left, Teardown

Ask = Callable[[str], str]
"""Shows a question and returns the line that is typed."""


@dataclass(frozen=True)
class Wishes:
    """How to destroy.

    yes: nobody is asked. data: data of an environment that is not disposable goes too; ``yes_data`` is its suffix,
    said a second time where nobody is asked. dry_run: only show what would be done. wait: for somebody's lease.
    """

    yes: bool = False
    data: bool = False
    yes_data: str = ""
    dry_run: bool = False
    wait: bool = False
    as_json: bool = False


def destroy(  # noqa: PLR0913 - one for each option
    environment: environments.Argument = environments.DEFAULT,
    *,
    local: Local = False,
    name: Name = "default",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether this is meant.")] = False,
    data: Annotated[
        bool, typer.Option("--data", help="Delete the databases too, after a last snapshot of each.")
    ] = False,
    yes_data: Annotated[
        str, typer.Option("--yes-delete-data", metavar="SUFFIX", help="With --yes and --data: the suffix once more.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done and change nothing.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait while someone deploys, instead of giving up.")] = False,
    as_json: Json = False,
) -> int:
    """Take an environment down, and say what is left and why; again goes on where something stopped."""
    from generator.cli import progress

    opened = environments.opened(environment)
    wishes = Wishes(yes=yes, data=data, yes_data=yes_data, dry_run=dry_run, wait=wait, as_json=as_json)
    again = command("destroy", environment, local=local, name=name) + (" --data" if data else "")
    chosen = clouds(opened, local=local, name=name)
    return carry(opened, chosen, wishes, lambda: progress.shown(as_json=as_json), again)


def carry(
    environment: Environment,
    chosen: Clouds,
    wishes: Wishes,
    shown: Callable[[], AbstractContextManager[Sink]],
    again: str,
) -> int:
    """Take the environment down as wished; return 1 when something could not be done because a region is dark.

    shown: gives the sink that shows events. again: the command that goes on with it. Raises UsageError when it was
    not confirmed, CloudError when it failed.
    """
    from generator.aws import destroy as destroying

    found, seen = destroying.planned(environment, chosen, data=wishes.data)
    if wishes.dry_run or not found.waves:
        _plan(found, seen.dark, wishes)
        return Exit.FINDINGS if _hindered(found.left, seen.dark) else Exit.FINE
    if not wishes.as_json:
        _plan(found, seen.dark, wishes)
    confirm(environment, wishes, ask=_ask if sys.stdin.isatty() else None)
    options = destroying.Options(data=wishes.data, wait=wishes.wait, again=again)
    with terminable(), shown() as sink:
        result = destroying.destroy(environment, chosen, sink, options)
    hindered = _hindered(result.left, result.dark)
    if wishes.as_json:
        render.line({"event": "destroyed", "complete": not hindered, **asdict(result)})
        return Exit.FINDINGS if hindered else Exit.FINE
    for arn in result.snapshots:
        render.say(f"snapshot {arn}", "fine")
    _left(result.left)
    said = f"{len(result.done)} steps in {result.seconds:.0f} s; {_counted(result.left)}"
    render.say(said, "warning" if hindered else "fine")
    return Exit.FINDINGS if hindered else Exit.FINE


def confirm(environment: Environment, wishes: Wishes, *, ask: Ask | None) -> None:
    """Return when it is clear that this is meant; ``ask`` is None where nobody can be asked.

    Raises UsageError otherwise: with what would have made it clear.
    """
    suffix = environment.suffix
    data = wishes.data and not environment.disposable
    if not wishes.yes:
        if ask is None:
            raise UsageError(
                f"{suffix} is not destroyed: there is no terminal to ask at", hint="say --yes if that is what you want"
            )
        _typed(ask(f"Type {suffix} to destroy it: "), suffix)
    if not data:
        return
    if wishes.yes_data:
        _typed(wishes.yes_data, suffix)
        return
    if wishes.yes or ask is None:
        raise UsageError(
            f"{suffix} is not disposable, and its data is to go: that needs its name a second time",
            hint=f"--yes-delete-data {suffix}",
        )
    _typed(ask(f"Its data goes too, after a last snapshot. Type {suffix} once more: "), suffix)


def _typed(said: str, suffix: str) -> None:
    if said.strip() != suffix:
        raise UsageError(f"{said.strip() or 'nothing'!r} is not {suffix}: nothing was done")


def _ask(question: str) -> str:
    return str(typer.prompt(question.removesuffix(": "), err=True, default="", show_default=False))


def _plan(found: Teardown, dark: tuple[str, ...], wishes: Wishes) -> None:
    from generator.aws.destroy import describe

    rows = [(str(number), describe(step), step.reason) for number, wave in enumerate(found.waves, 1) for step in wave]
    if wishes.as_json:
        steps: list[dict[str, Any]] = [{"wave": int(number), "does": what, "reason": why} for number, what, why in rows]
        left = [asdict(each) for each in found.left]
        render.document({"suffix": found.suffix, "steps": steps, "left": left, "dark": list(dark)})
        return
    if rows:
        render.table(("wave", "step", "because"), rows)
    _left(found.left)
    for region in dark:
        render.say(
            f"{region} does not answer: nothing can be done there, run the command again when it does", "warning"
        )
    if not rows:
        render.say(f"nothing of {found.suffix} is to be destroyed; {_counted(found.left)}", "fine")


def _left(left: tuple[Left, ...]) -> None:
    for each in left:
        render.say(f"{each.name} in {', '.join(each.regions)} is left: {each.why}")


def _counted(left: tuple[Left, ...]) -> str:
    return f"{len(left)} StackSets and stacks are left, as told above" if left else "nothing is left"


def _hindered(left: tuple[Left, ...], dark: tuple[str, ...]) -> bool:
    return any(region in dark for each in left for region in each.regions)
