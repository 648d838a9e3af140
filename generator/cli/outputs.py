"""``outputs``: what the deployed stacks say of themselves, for people and for other programs."""

from __future__ import annotations

from typing import Annotated

import typer

from generator.cli import environments, render
from generator.cli.clouds import Json, Local, Name, clouds
from generator.errors import Exit, UsageError


def outputs(
    environment: environments.Argument = environments.DEFAULT,
    stack: Annotated[str, typer.Argument(help="Only this stack's, such as database.")] = "",
    *,
    local: Local = False,
    name: Name = "default",
    as_json: Json = False,
) -> int:
    """Show the outputs of the deployed stacks, region by region."""
    from generator.aws import observe
    from generator.catalog import NAMES
    from generator.plan.recorded import placed

    if stack and stack not in NAMES:
        raise UsageError(f"no stack is called {stack}", hint=f"one of {', '.join(NAMES)}")
    opened = environments.opened(environment)
    seen = observe.seen(opened, clouds(opened, local=local, name=name))
    found = [
        (place, there)
        for place in placed(opened, seen).instances
        if stack in ("", place.stack) and (there := seen.stack_of(place)) is not None
    ]
    for region in seen.dark:
        render.say(f"{region} does not answer: its outputs are not shown", "warning")
    if as_json:
        render.document(
            [
                {"stack": place.stack, "region": place.region, "partner": place.partner, "outputs": dict(there.outputs)}
                for place, there in found
            ]
        )
        return Exit.FINE
    rows = [
        (place.stack, f"{place.region}{f' ({place.partner})' if place.partner else ''}", output, text)
        for place, there in found
        for output, text in there.outputs.items()
    ]
    if not rows:
        render.say(f"{opened.suffix}: nothing is deployed{f' of {stack}' if stack else ''}")
        return Exit.FINE
    render.table(("stack", "region", "output", "value"), rows)
    return Exit.FINE
