"""``diff``: what a deploy would change, as a unified diff and a summary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from generator.cli import environments, render
from generator.cli.clouds import Json, Local, Name, clouds
from generator.errors import Exit

if TYPE_CHECKING:
    from generator.aws.clients import Clouds
    from generator.config import Environment
    from generator.plan.changes import Change, Summary
    from generator.plan.differences import Difference, Differences, Parameter, Place

UNKNOWN = "(not known yet)"
_MARKS = {"added": "+", "changed": "~", "replaced": "!", "removed": "-"}


def diff(
    environment: environments.Argument = environments.DEFAULT,
    *,
    local: Local = False,
    name: Name = "default",
    as_json: Json = False,
) -> int:
    """Show what differs between what is deployed and what the file asks for; exit with 1 when anything does."""
    opened = environments.opened(environment)
    return show(opened, clouds(opened, local=local, name=name), as_json=as_json)


def show(environment: Environment, chosen: Clouds, *, as_json: bool) -> int:
    """Show what differs between what is deployed and what is asked for; return 1 when anything does."""
    from generator.aws.diff import diff as compared

    found = compared(environment, chosen)
    if as_json:
        render.document({"differs": found.any, **asdict(found)})
        return Exit.FINDINGS if found.any else Exit.FINE
    render.data(render.coloured_diff(text(found)))
    for region in found.dark:
        render.say(f"{region} does not answer: what is deployed there is not compared", "warning")
    if not found.any:
        render.say(f"what is deployed as {environment.suffix} is what the environment file asks for", "fine")
        return Exit.FINE
    render.say(f"{len(found.stacks)} StackSets and stacks differ: {_counted(found.resources)}", "error")
    return Exit.FINDINGS


def text(found: Differences) -> str:
    """Return the differences as text: each StackSet's template and parameters, then its resources."""
    return "".join(f"{line}\n" for each in found.stacks for line in _stack(each))


def _stack(one: Difference) -> Iterator[str]:
    regions = ", ".join(place.region for place in one.places) or "all regions"
    yield f"=== {one.name}: {one.verb} ({regions})"
    yield from one.template.splitlines()
    if one.tags:
        yield "@@ tags @@"
        yield from one.tags
    for place in one.places:
        yield from _place(place)
    yield ""


def _place(place: Place) -> Iterator[str]:
    if place.verb == "dark":
        yield f"@@ {place.region} does not answer @@"
        return
    if place.parameters or place.verb != "changed":
        words = {
            "added": "a new stack",
            "removed": "the stack goes",
            "released": "leaves the StackSet; its stack stays, because it holds data or data needs it",
        }
        yield f"@@ {place.region}{': ' if place.verb in words else ''}{words.get(place.verb, '')} @@"
    for each in place.parameters:
        yield from _parameter(each)
    if place.state:
        yield f"  {place.region} is {place.state}: it is updated again"
    for change in place.resources:
        yield _resource(change)


def _parameter(one: Parameter) -> Iterator[str]:
    if one.old is not None:
        yield f"-{one.name}: {one.old}"
    if one.new is not None:
        yield f"+{one.name}: {one.new}    ({one.origin})"
    elif not one.known:
        yield f"+{one.name}: {UNKNOWN}    ({one.origin})"


def _resource(change: Change) -> str:
    what = f"  {_MARKS[change.kind]} {change.kind} {change.logical_id} ({change.type})"
    if change.kind in ("changed", "replaced") and change.properties:
        what += f": {', '.join(change.properties)}"
    if change.kind == "replaced" and not change.certain:
        what += ", perhaps"
    return what + (", WHICH HOLDS DATA" if change.holds_data and change.kind in ("replaced", "removed") else "")


def _counted(counted: Summary) -> str:
    words = f"{counted.added} resources added, {counted.changed} changed, {counted.replaced} replaced"
    return f"{words}, {counted.removed} removed" + (f"; {counted.data} of them HOLD DATA" if counted.data else "")
