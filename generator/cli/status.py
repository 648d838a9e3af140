"""``status``: what each region says of itself, what DNS answers, and whether that is as it should be."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from generator.cli import environments, render
from generator.cli.clouds import Json, Local, Name, clouds
from generator.errors import Exit

if TYPE_CHECKING:
    from generator.aws.clients import Clouds
    from generator.aws.status.report import Report
    from generator.aws.status.verdict import Verdict
    from generator.config import Environment


@dataclass(frozen=True)
class Wishes:
    """How to look: once or ``watch``, ``every`` so many seconds; how long a region may take; as JSON or a page."""

    watch: bool = False
    every: float = 10.0
    seconds: float = 8.0
    as_json: bool = False


def status(  # noqa: PLR0913 - one for each option
    environment: environments.Argument = environments.DEFAULT,
    *,
    local: Local = False,
    name: Name = "default",
    watch: Annotated[bool, typer.Option("--watch", help="Look again and again, until Ctrl-C.")] = False,
    every: Annotated[float, typer.Option(min=1, help="With --watch: seconds between two looks.")] = 10.0,
    seconds: Annotated[float, typer.Option(min=1, help="Seconds that a region may take to answer.")] = 8.0,
    as_json: Json = False,
) -> int:
    """Show what each region says of itself and what DNS answers; exit with 1 when something is not as it should be."""
    opened = environments.opened(environment)
    wishes = Wishes(watch=watch, every=every, seconds=seconds, as_json=as_json)
    return show(opened, clouds(opened, local=local, name=name), wishes)


def show(environment: Environment, chosen: Clouds, wishes: Wishes) -> int:
    """Show what is seen, once or until interrupted; return 1 when something is not as it should be."""
    from generator.aws.status.look import clouds_for_looking, look
    from generator.aws.status.verdict import judge

    looking = clouds_for_looking(chosen)

    def again() -> tuple[Report, Verdict]:
        report = look(looking, environment, seconds=wishes.seconds)
        return report, judge(environment, report)

    if not wishes.watch:
        report, verdict = again()
        if wishes.as_json:
            render.document(document(report, verdict))
        else:
            render.data(_page(environment, report, verdict))
        return Exit.FINDINGS if verdict.findings else Exit.FINE
    with render.refreshed(plain=wishes.as_json) as put:
        while True:
            report, verdict = again()
            said = json.dumps(document(report, verdict)) if wishes.as_json else _page(environment, report, verdict)
            put(said)
            time.sleep(wishes.every)


def document(report: Report, verdict: Verdict) -> dict[str, Any]:
    """Return the report and its verdict as plain data; ``fine`` is the exit code in a word."""
    seen = asdict(report)
    for region in seen["regions"]:
        for alarm in region["alarms"] or ():
            del alarm["settings"]  # CloudWatch's own words, with times that JSON has no type for
    return {
        "fine": not verdict.findings,
        "active": report.active,
        **seen,
        "standings": [asdict(each) for each in verdict.standings],
        "routes": asdict(verdict.routes),
        "findings": [asdict(each) for each in verdict.findings],
    }


def _page(environment: Environment, report: Report, verdict: Verdict) -> str:
    from generator.cli.status_page import page

    return page(environment, report, verdict, width=render.width())
