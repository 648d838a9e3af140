"""``preflight``: whether a recovery would go through, tried without effect before the day."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from generator.cli import environments, render
from generator.cli.clouds import Json, Local, Name, clouds
from generator.errors import Exit


def preflight(
    environment: environments.Argument = environments.DEFAULT,
    *,
    seconds: Annotated[float, typer.Option(min=5, help="Seconds that a region's own pre-flight may take.")] = 120.0,
    local: Local = False,
    name: Name = "default",
    as_json: Json = False,
) -> int:
    """Try everything that a recovery would need, without effect; exit with 1 when something is not in order."""
    from generator.aws.preflighting import findings

    opened = environments.opened(environment)
    found = findings(opened, clouds(opened, local=local, name=name), seconds=seconds)
    if as_json:
        render.document({"ok": not found, "findings": [asdict(each) for each in found]})
        return Exit.FINDINGS if found else Exit.FINE
    for each in found:
        render.data(f"{each.where}: {each.what}{f' ({each.hint})' if each.hint else ''}\n")
    regions = ", ".join(each.name for each in opened.all_regions)
    if not found:
        render.say(f"{opened.suffix}: everything that a recovery needs was found in order in {regions}", "fine")
        return Exit.FINE
    render.say(f"{opened.suffix}: {len(found)} findings in {regions}", "warning")
    return Exit.FINDINGS
