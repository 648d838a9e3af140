"""``cloud``: the local cloud, for whoever has no AWS account, or wants to look before using it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from generator.cli import render
from generator.errors import Exit

if TYPE_CHECKING:
    from twin.cloud.process import State

cloud = typer.Typer(name="cloud", help="Run a local cloud that AWS's clients can talk to.", no_args_is_help=True)

Name = Annotated[str, typer.Option("--name", help="Which one; several can run side by side.")]
Json = Annotated[bool, typer.Option("--json", help="Write JSON.")]


@cloud.command()
def up(
    name: Name = "default",
    account: Annotated[
        str, typer.Option("--account", help="The account of the printed variables: any twelve digits.")
    ] = "000000000000",
    region: Annotated[str, typer.Option("--region", help="The region of the printed variables.")] = "us-east-1",
    json: Json = False,
) -> int:
    """Start it, and print the variables for any AWS client (eval "$(… cloud up)"); it keeps everything in memory."""
    from twin.cloud import process

    state = process.up(name, process.Options(account=account, region=region))
    if json:
        render.document({"name": name, "began": state.began, **_told(state)})
        return Exit.FINE
    running = state.running
    assert running is not None  # it was just found or started
    render.data("".join(f"export {key}={shlex.quote(value)}\n" for key, value in running.environment.items()))
    render.say(f"the local cloud {name} {'runs' if state.began else 'ran already'} at {running.url}", "fine")
    return Exit.FINE


@cloud.command()
def down(name: Name = "default", json: Json = False) -> int:
    """Stop it, and clear away what it left; what was deployed into it is gone."""
    from twin.cloud import process

    was = process.down(name)
    if json:
        render.document({"name": name, "was": was})
    else:
        render.say(f"the local cloud {name} {'is stopped' if was else 'was not running'}", "fine")
    return Exit.FINE


@cloud.command()
def status(
    name: Annotated[str, typer.Option("--name", help="Which one; all of them when left out.")] = "",
    json: Json = False,
) -> int:
    """Show what runs: where, since when, how many stacks and StackSets. Exits with 1 when nothing does."""
    from twin.cloud import process

    states = [process.status(each) for each in ([name] if name else process.names())]
    if json:
        render.document([{"name": state.name, **_told(state)} for state in states])
    elif states:
        render.table(
            ("name", "state", "url", "process", "age", "stacks", "StackSets"),
            [_row(state) for state in states],
        )
    else:
        render.say("no local cloud runs")
        render.say("python -m generator cloud up", "hint")
    return Exit.FINE if any(state.running for state in states) else Exit.FINDINGS


def _told(state: State) -> dict[str, Any]:
    """Return a state as JSON shows it."""
    running = state.running
    if running is None:
        return {"running": False}
    return {
        "running": True,
        "answers": state.answers,
        "url": running.url,
        "pid": running.pid,
        "folder": str(running.folder),
        "age": state.age,
        "stacks": state.stacks,
        "stacksets": state.stacksets,
        "environment": dict(running.environment),
    }


def _row(state: State) -> tuple[str, ...]:
    running = state.running
    if running is None:
        return state.name, "killed", "", "", "", "", ""
    word = "up" if state.answers else "silent"
    counts = (f"{state.age:.0f} s", str(state.stacks), str(state.stacksets)) if state.answers else ("", "", "")
    return state.name, word, running.url, str(running.pid), *counts
