"""Everything that is shown.

Data goes to stdout, messages to stderr; colour only to a terminal, and not
with ``NO_COLOR``. rich is imported where a terminal is there to profit from it.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from generator.config.problems import EnvironmentFileError, Problem
from generator.errors import DisasterRecoveryError

_COLOURS = {"error": "31", "warning": "33", "hint": "36", "informational": "36", "fine": "32"}


def data(text: str) -> None:
    """Write what the command was asked for, as it is."""
    sys.stdout.write(text)


def document(value: Any) -> None:
    """Write a value as JSON."""
    data(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def line(value: Any) -> None:
    """Write a value as one line of JSON, at once: whoever reads along sees it now."""
    data(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def say(text: str, kind: str = "") -> None:
    """Write a message; ``kind`` (error, warning, hint, fine) colours its first word on a terminal."""
    if kind and kind != "fine":
        text = f"{_coloured(f'{kind}:', kind, sys.stderr)} {text}"
    elif kind:
        text = _coloured(text, kind, sys.stderr)
    sys.stderr.write(text + "\n")


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, total: bool = False) -> None:
    """Write rows in columns; numbers are right-aligned, and a line stands above a total."""
    data(columns(headings, rows, total=total))


def columns(headings: Sequence[str], rows: Iterable[Sequence[str]], *, total: bool = False) -> str:
    """Return rows in columns; numbers are right-aligned, and a line stands above a total."""
    body = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in [list(headings), *body]) for column in range(len(headings))]
    right = [all(row[column].isdigit() for row in body) for column in range(len(headings))]

    def line(row: Sequence[str]) -> str:
        cells = (
            cell.rjust(width) if aligned else cell.ljust(width)
            for cell, width, aligned in zip(row, widths, right, strict=True)
        )
        return "  ".join(cells).rstrip() + "\n"

    rule = "  ".join("─" * width for width in widths) + "\n"
    last = len(body) - 1
    lines = ((rule if total and index == last else "") + line(row) for index, row in enumerate(body))
    return line(headings) + rule + "".join(lines)


def doubts(problems: Iterable[Problem]) -> None:
    """Write warnings about an environment file."""
    for problem in problems:
        say(f"{problem}", "warning")
        if problem.hint:
            say(problem.hint, "hint")
        _annotate("warning", problem)


def failed(error: DisasterRecoveryError, *, debug: bool) -> None:
    """Write an error of ours: what and where, and what to do."""
    if debug:
        traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, EnvironmentFileError):
        for problem in error.problems:
            say(str(problem), "error")
            if problem.hint:
                say(problem.hint, "hint")
            _annotate("error", problem)
        return
    say(str(error), "error")
    if error.hint:
        say(error.hint, "hint")


def misused(error: Any) -> None:
    """Write what is wrong with an option or an argument, and where help is."""
    context = getattr(error, "ctx", None)
    message = str(error.format_message()).rstrip(".")
    if not message.strip():  # no arguments at all: the help was shown
        return
    say(message[:1].lower() + message[1:], "error")
    say(f"{context.command_path if context else 'python -m generator'} --help", "hint")


def defect(error: Exception, *, debug: bool) -> None:
    """Write that we failed in a way that nobody foresaw."""
    if debug:
        traceback.print_exception(error, file=sys.stderr)
    say(f"unforeseen {type(error).__name__}: {error}", "error")
    say("a defect of this library: run again with --debug after `generator`, and report what it shows", "hint")


@contextmanager
def progress(label: str, total: int) -> Iterator[Callable[..., None]]:
    """Yield what to call at each of ``total`` steps, with the step's name; a terminal shows a bar."""
    if not sys.stderr.isatty() or total < 2:
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)

        def advance(name: str = "") -> None:
            bar.update(task, advance=1, description=f"{label} {name}".rstrip())

        yield advance


def width() -> int:
    """Return how many columns stdout has; 100 where nobody says."""
    return shutil.get_terminal_size((100, 24)).columns


@contextmanager
def refreshed(*, plain: bool = False) -> Iterator[Callable[[str], None]]:
    """Yield what to call with each new page: on a terminal it takes the place of the one before, if not ``plain``."""
    if plain or not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        yield _page_by_page
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    with Live(console=Console(), screen=False, auto_refresh=False, vertical_overflow="visible") as live:
        yield lambda text: live.update(Text(text), refresh=True)


def _page_by_page(text: str) -> None:
    data(f"{text}\n")
    sys.stdout.flush()


def coloured_diff(text: str) -> str:
    """Return a unified diff, coloured when stdout is a terminal."""
    colours = {"+": "fine", "-": "error", "@": "hint"}
    lines = text.splitlines(keepends=True)
    return "".join(_coloured(each, colours.get(each[:1], ""), sys.stdout) for each in lines)


def on_github() -> bool:
    """Tell whether GitHub runs us, which shows annotations beside the changed lines."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def _annotate(level: str, problem: Problem) -> None:
    if on_github():
        said = f"{problem.key}: {problem.message}".replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        sys.stderr.write(f"::{level} file={problem.file},line={max(1, problem.line)}::{said}\n")


def _coloured(text: str, kind: str, stream: TextIO) -> str:
    plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb" or not stream.isatty()
    return text if plain or kind not in _COLOURS else f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m"
