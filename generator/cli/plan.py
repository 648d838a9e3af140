"""``plan``: what a deployment would do, wave by wave, and why each parameter has its value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from generator.cli import environments, render
from generator.cli.clouds import Json, Local, Name, clouds
from generator.cli.deploy import ChangeHealthChecks, MajorUpgrade, RemoveRegion, ReplaceData, WithoutDark, allowed
from generator.errors import Exit

if TYPE_CHECKING:
    from generator.aws.clients import Clouds
    from generator.aws.preview import Preview, Step
    from generator.config import Environment
    from generator.plan.model import Action

_KINDS = ("added", "changed", "replaced", "removed")
UNKNOWN = "(not known yet)"


def plan(  # noqa: PLR0913 - one for each option
    environment: environments.Argument = environments.DEFAULT,
    *,
    local: Local = False,
    name: Name = "default",
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask nobody: as if nothing were there. Needs no credentials.")
    ] = False,
    parameters: Annotated[
        bool, typer.Option("--parameters", help="Show every parameter and where its value comes from.")
    ] = False,
    as_json: Json = False,
    replace_data: ReplaceData = False,
    major_upgrade: MajorUpgrade = False,
    change_health_checks: ChangeHealthChecks = False,
    without_dark: WithoutDark = False,
    remove_region: RemoveRegion = None,
) -> int:
    """Show what a deployment would do; exits with 1 when it would be refused."""
    opened = environments.opened(environment)
    flags = allowed(
        replace_data=replace_data,
        major_upgrade=major_upgrade,
        change_health_checks=change_health_checks,
        without_dark=without_dark,
        remove_region=remove_region,
    )
    chosen = None if offline else clouds(opened, local=local, name=name)
    return shown(opened, chosen, allowed=flags, as_json=as_json, parameters=parameters)


def shown(
    environment: Environment,
    clouds: Clouds | None,
    *,
    allowed: frozenset[str],
    as_json: bool,
    parameters: bool = False,
) -> int:
    """Show the plan, as a table or as JSON; return 1 when it would be refused."""
    from generator.aws.preview import preview

    found = preview(environment, clouds, allowed=allowed)
    if as_json:
        render.document(document(found))
    else:
        _show(found, parameters=parameters)
    return Exit.FINDINGS if found.refusals else Exit.FINE


def document(found: Preview) -> dict[str, Any]:
    """Return the plan as plain data."""
    return {
        "environment": found.plan.suffix,
        "active": found.seen.database.active,
        "dark": list(found.seen.dark),
        "changes": not found.idle,
        "waves": [
            [_step(step) for step in found.steps if step.wave == number]
            for number in range(1, len(found.plan.waves) + 1)
        ],
        "refusals": [
            {"trap": each.trap, "message": each.message, "hint": each.hint, "flag": each.flag}
            for each in found.refusals
        ],
    }


def _step(step: Step) -> dict[str, Any]:
    work = step.work
    return {
        "id": work.id,
        "kind": work.kind.name.lower(),
        "stack": work.stack,
        "stackset": work.name,
        "regions": [place.region for place in work.places] or [each for each in (work.region,) if each],
        "after": list(work.after),
        "does": [{"action": type(each).__name__, "reason": each.reason, **_where(each)} for each in step.doing],
        "says": list(step.words),
        "waits": step.waits,
        "parameters": {
            place.region: {
                name: {"value": value.text, "kind": value.origin.kind, "origin": value.origin.text}
                for name, value in given.items()
            }
            for place, given in step.values.items()
        },
        "resources": {
            place.region: [
                {
                    "kind": each.kind, "id": each.logical_id, "type": each.type,
                    "properties": list(each.properties), "holds_data": each.holds_data,
                }
                for each in those
            ]
            for place, those in step.changes.items()
        },
    }  # fmt: skip


def _where(action: Action) -> dict[str, Any]:
    regions = getattr(action, "regions", None)
    return {"regions": list(regions)} if regions is not None else {}


def _show(found: Preview, *, parameters: bool) -> None:
    for region in found.seen.dark:
        render.say(f"{region} does not answer: nothing would be done there", "warning")
    busy = [step for step in found.steps if not step.idle]
    if busy:
        rows = [(str(step.wave), step.work.id, _regions(step), _said(step), _counts(step)) for step in busy]
        render.table(("wave", "work", "regions", "what", "resources"), rows)
    if parameters:
        _show_parameters(found)
    for text in _grave(found):
        render.say(text, "warning")
    for each in found.refusals:
        render.say(f"refused: {each.message}{f' (trap {each.trap})' if each.trap else ''}", "error")
        render.say(f"{each.hint}{f'; allowed with {each.flag}' if each.flag else ''}", "hint")
    active = found.seen.database.active or "none yet"
    word = f"{len(busy)} works in {len({step.wave for step in busy})} waves" if busy else "nothing to change"
    render.say(f"{found.plan.suffix}: {word}; active region: {active}", "fine")


def _regions(step: Step) -> str:
    return ", ".join(dict.fromkeys(place.region for place in step.work.places)) or step.work.region


def _said(step: Step) -> str:
    return step.waits.partition(":")[0] if step.waits else "; ".join(dict.fromkeys(step.words))


def _counts(step: Step) -> str:
    every = [each for those in step.changes.values() for each in those]
    counted = {kind: sum(each.kind == kind for each in every) for kind in _KINDS}
    return ", ".join(f"{number} {kind}" for kind, number in counted.items() if number)


def _grave(found: Preview) -> Iterator[str]:
    """Yield a sentence for each resource that would be replaced or removed."""
    for step in found.steps:
        for place, those in step.changes.items():
            for each in those:
                if each.kind in ("replaced", "removed"):
                    data = ", which holds data" if each.holds_data else ""
                    yield f"{each.logical_id} ({each.type}) of {step.work.name} in {place.region}: {each.kind}{data}"


def _show_parameters(found: Preview) -> None:
    rows = [
        (step.work.id, place.region, name, UNKNOWN if value.text is None else value.text, value.origin.text)
        for step in found.steps
        for place, given in step.values.items()
        for name, value in given.items()
    ]
    if rows:
        render.data("\n")
        render.table(("work", "region", "parameter", "value", "from"), rows)
