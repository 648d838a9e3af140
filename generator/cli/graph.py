"""``graph``: stacks, regions and links as a picture."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from generator.cli import environments, render
from generator.errors import Exit


class Format(StrEnum):
    """How the picture is written."""

    svg = "svg"
    mermaid = "mermaid"


def graph(
    environment: environments.Argument = environments.DEFAULT,
    form: Annotated[Format, typer.Option("--format", help="svg: a picture; mermaid: text for a README.")] = Format.svg,
    out: Annotated[Path | None, typer.Option("--out", help="File to write to; default: stdout.")] = None,
) -> int:
    """Draw which stacks stand in which regions, and what they hand to each other."""
    from generator import graph as drawing
    from generator.errors import UsageError

    picture = drawing.of(environments.opened(environment))
    text = drawing.svg(picture) if form is Format.svg else drawing.mermaid(picture)
    if out is None:
        render.data(text)
        return Exit.FINE
    try:
        out.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"can't write {out}: {reason}", hint="name another file with --out") from None
    render.say(f"wrote {out}", "fine")
    return Exit.FINE
