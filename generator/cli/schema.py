"""``schema``: the JSON schema of the environment file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from generator.cli import render
from generator.errors import Exit, UsageError


def schema(
    out: Annotated[Path | None, typer.Option("--out", help="File to write to; default: stdout.")] = None,
) -> int:
    """Write the JSON schema that editors complete and check environment files with."""
    from generator.config.schema import schema as text

    if out is None:
        render.data(text())
        return Exit.FINE
    try:
        out.write_text(text(), encoding="utf-8", newline="\n")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"can't write {out}: {reason}", hint="name another file with --out") from None
    render.say(f"wrote {out}", "fine")
    return Exit.FINE
