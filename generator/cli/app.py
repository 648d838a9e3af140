"""The root of the commands, and the one place that catches: errors become a message and an exit code.

0 fine, 1 findings or differences, 2 usage, 3 environment file, 4 credentials or AWS refused, 5 a drill's
verdict failed, 70 a defect of ours, 130 interrupted.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from generator import __version__
from generator.cli import render
from generator.cli.build import build
from generator.cli.cloud import cloud
from generator.cli.deploy import deploy
from generator.cli.destroy import destroy
from generator.cli.diff import diff
from generator.cli.drill import drill
from generator.cli.explain import explain
from generator.cli.follow import approve, follow, refuse
from generator.cli.graph import graph
from generator.cli.lint import lint
from generator.cli.outputs import outputs
from generator.cli.plan import plan
from generator.cli.preflight import preflight
from generator.cli.recover import failback, failover, switchover
from generator.cli.rehome import rehome
from generator.cli.rights import rights
from generator.cli.schema import schema
from generator.cli.status import status
from generator.cli.stop import stop
from generator.cli.validate import validate
from generator.errors import DisasterRecoveryError, Exit

app = typer.Typer(
    name="generator",
    help="Build, check and deploy a CloudFormation library for multi-region disaster recovery.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 fine, 1 findings or differences, 2 usage, 3 environment file, 4 AWS refused,"
    " 5 verdict failed, 70 a defect of ours, 130 interrupted.",
)
_COMMANDS = (
    build, lint, validate, graph, explain, schema,
    plan, deploy, diff, status, outputs, stop, destroy, rights,
    preflight, failover, switchover, failback, follow, approve, refuse, rehome, drill,
)  # fmt: skip
for _command in _COMMANDS:
    app.command()(_command)
app.add_typer(cloud)


def _version(asked: bool) -> None:
    if asked:
        render.data(f"{__version__}\n")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", is_eager=True, callback=_version),
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Build, check and deploy a CloudFormation library for multi-region disaster recovery."""


def run() -> None:
    """Run the command line and end the process with its exit code."""
    raise SystemExit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; nothing is raised."""
    debug = "--debug" in arguments
    interrupts = Interrupts()
    try:
        with interrupts:
            code = app(args=list(arguments), prog_name="python -m generator", standalone_mode=False)
            sys.stdout.flush()
    except DisasterRecoveryError as error:
        render.failed(error, debug=debug)
        return error.exit
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        return _reader_left()
    except Exception as error:  # the funnel: a defect too ends in a sentence
        return _unforeseen(error, debug=debug)
    return Exit.INTERRUPTED if interrupts.seen else int(code or Exit.FINE)


class Interrupts:
    """Remembers Ctrl-C: one that arrives inside a callback of the interpreter's own is swallowed there."""

    def __init__(self) -> None:
        self.seen = False
        self._before: Any = None

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._note)

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _note(self, *_: object) -> None:
        self.seen = True
        raise KeyboardInterrupt


def _unforeseen(error: Exception, *, debug: bool) -> int:
    if hasattr(error, "format_message"):  # a wrong option or argument, as typer tells it
        render.misused(error)
        return Exit.USAGE
    render.defect(error, debug=debug)
    return Exit.DEFECT


def _reader_left() -> int:
    """End quietly when whoever read our output has gone, as every filter does."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 128 + signal.SIGPIPE
