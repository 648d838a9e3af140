"""``explain``: what a template or a trap is, why, and where."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from generator.cli import render
from generator.errors import Exit


def explain(
    name: Annotated[list[str], typer.Argument(help="A template (health), a trap (28) or a rule (E9028).")],
    as_json: Annotated[bool, typer.Option("--json", help="Write the explanation as JSON.")] = False,
) -> int:
    """Say what a template or a trap is, why it is there, and where."""
    from generator.explain import explain as explained

    found = explained(" ".join(name))
    if as_json:
        render.document(asdict(found))
        return Exit.FINE
    render.data(f"{found.name}: {found.what}\n")
    if found.why:
        render.data(f"\n{found.why}\n")
    if found.where:
        render.data("\n" + "".join(f"  {place}\n" for place in found.where))
    return Exit.FINE
