"""``lint``: cfn-lint and our own rules over our templates in all regions, or over other people's."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from generator import __version__
from generator.cli import environments, render
from generator.errors import Exit, UsageError
from generator.lint import Finding, Job
from generator.lint.run import lint as lint_all


class Format(StrEnum):
    """How findings are written."""

    text = "text"
    json = "json"
    sarif = "sarif"
    junit = "junit"


def lint(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Templates, or folders of them; default: the library, freshly built."),
    ] = None,
    env: Annotated[
        list[Path] | None,
        typer.Option(
            "--env", help="Environment file whose shape and regions count; repeatable; default: all of stacksets/."
        ),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How findings are written.")] = Format.text,
    processes: Annotated[int, typer.Option(min=0, help="Processes; 0: one for each processor.")] = 0,
) -> int:
    """Check templates; exit with 1 when anything is found."""
    jobs, skipped = _jobs(paths or [], env or environments.every())
    with render.progress("lint", len(jobs)) as done:
        findings = lint_all(jobs, processes or None, done)
    _write(findings, jobs, form)
    files = len({job.file for job in jobs})
    also = f", {skipped} other files passed over" if skipped else ""
    if findings:
        render.say(f"{len(findings)} findings in {files} templates{also}", "error")
        return Exit.FINDINGS
    regions = sorted({region for job in jobs for region in job.regions})
    render.say(f"nothing found in {files} templates, for {', '.join(regions)}{also}", "fine")
    return Exit.FINE


def _jobs(paths: list[Path], env: list[Path]) -> tuple[tuple[Job, ...], int]:
    loaded = [(path, environments.opened(path)) for path in env]
    if paths:
        from generator.lint.files import collect

        regions = dict.fromkeys(region.name for _, each in loaded for region in each.all_regions)
        collected = collect(paths, tuple(regions))
        if not collected.jobs:
            named = ", ".join(map(str, paths))
            raise UsageError(
                f"no template in {named}; {collected.skipped} other files passed over",
                hint="a template has AWSTemplateFormatVersion or Resources; name a file to look at it anyway",
            )
        return collected.jobs, collected.skipped
    from generator.build import library

    wanted: dict[tuple[str, str], dict[str, None]] = {}
    shown: dict[tuple[str, str], str] = {}
    for path, each in loaded:
        for name, text in library(each.shape).items():
            key = (name, text)
            first = not any(known == name for known, _ in wanted)
            shown.setdefault(key, f"templates/{name}" if first else f"templates/{name} ({path})")
            wanted.setdefault(key, {}).update(dict.fromkeys(region.name for region in each.all_regions))
    return tuple(Job(shown[key], key[1], tuple(regions)) for key, regions in wanted.items()), 0


def _write(findings: tuple[Finding, ...], jobs: tuple[Job, ...], form: Format) -> None:
    from generator.lint import formats

    if form is Format.json:
        render.data(formats.as_json(findings))
    elif form is Format.sarif:
        render.data(formats.as_sarif(findings, __version__))
    elif form is Format.junit:
        render.data(formats.as_junit(findings, [job.file for job in jobs]))
    else:
        render.data(formats.as_text(findings))
        if render.on_github():
            render.data(formats.as_annotations(findings))
