"""``drill``: a scenario played on a local cloud of its own, seen by an application that writes, and judged."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from generator.cli import render
from generator.cli.clouds import Json
from generator.cli.deploy import terminable
from generator.errors import Exit, UsageError

if TYPE_CHECKING:
    from twin.drill.run import Options, Played
    from twin.drill.scenario import Scenario

OUT = Path("build/drill")
SPEED = 10.0

Named = Annotated[str, typer.Argument(metavar="[SCENARIO]", help="Its name, or a file: drill --list names them.")]
Speed = Annotated[
    float, typer.Option(min=1, max=60, help="Divide all intervals of AWS and of the environment by this; 1 is real.")
]
Seed = Annotated[int | None, typer.Option(help="Replay what is random; with --random, which combination.")]
Load = Annotated[
    str, typer.Option(metavar="idle|loaded", help="How much the application writes, if not what the scenario says.")
]
Out = Annotated[Path, typer.Option(help="The folder for the report: NAME.html and NAME.json.")]


def drill(  # noqa: PLR0913 - one for each option
    scenario: Named = "region-loss",
    *,
    speed: Speed = SPEED,
    seed: Seed = None,
    load: Load = "",
    again: Annotated[
        bool,
        typer.Option("--again", help="Play it once more on the same stage, when all is whole again."),
    ] = False,
    out: Out = OUT,
    listed: Annotated[bool, typer.Option("--list", help="Name the scenarios, and play none.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Play all scenarios; a table, and JUnit's XML.")] = False,
    crossed: Annotated[
        bool, typer.Option("--crossed", help="Play the first faults idle and loaded, each once and again.")
    ] = False,
    at_random: Annotated[
        bool, typer.Option("--random", help="Play a random combination of faults (see --seed).")
    ] = False,
    as_json: Json = False,
) -> int:
    """Take a region away from a local cloud, and show what happened; exit with 5 when something did not hold."""
    from twin.drill import scenario as scenarios
    from twin.drill.run import Options

    if listed:
        return _list(as_json=as_json)
    if everything + crossed + at_random > 1:
        raise UsageError("--all, --crossed and --random are different things", hint="give one of them")
    if crossed and load:
        raise UsageError("--crossed has its own loads", hint="leave --load out")
    seed = scenarios.any_seed() if at_random and seed is None else seed or 0
    chosen = scenarios.every() if everything else scenarios.crossed() if crossed else (_one(scenario, seed, at_random),)
    chosen = tuple(each.with_load(load) for each in chosen) if load else chosen
    several = everything or crossed
    options = Options(speed=speed, seed=seed, again=again or crossed)
    played: list[Played] = []
    unplayed = {}
    with terminable():
        for each in chosen:
            try:
                played.extend(_play(each, options, out, as_json=as_json))
            except Exception as error:  # whatever it was, it must not cost the other drills
                if not several:
                    raise
                unplayed[each.name] = f"{type(error).__name__}: {error}"
                render.say(f"{each.name} could not be played: {unplayed[each.name]}", "error")
    if several or again:
        _sum_up(played, unplayed, out, as_json=as_json)
    held = not unplayed and all(each.result.held for each in played)
    return Exit.FINE if held else Exit.VERDICT


def _one(name: str, seed: int, at_random: bool) -> Scenario:
    """Return the scenario of a name or a file, or the one that is drawn from a seed."""
    from twin.drill import chance, scenario

    return chance.drawn(seed) if at_random else scenario.load(name)


def _play(scenario: Scenario, options: Options, out: Path, *, as_json: bool) -> tuple[Played, ...]:
    """Play one scenario, show it as it goes, and write a report each time that it was played."""
    from rich.console import Console

    from twin.drill.live import live
    from twin.drill.run import play

    with live(Console(stderr=True), f"{scenario.name}: {scenario.title}", _put if as_json else None) as view:
        rounds = play(scenario, options, view, view.note)
    for played in rounds:
        _report(played, out, as_json=as_json)
    return rounds


def _report(played: Played, out: Path, *, as_json: bool) -> None:
    """Write what came of a drill into the folder, and say it."""
    from twin.report.document import document
    from twin.report.page import page
    from twin.report.picture import picture

    given = (played.history, played.result)
    report = out / f"{played.history.scenario}.html"
    for path, text in (
        (report, page(*given)),
        (report.with_suffix(".json"), json.dumps(document(*given), indent=1, ensure_ascii=False) + "\n"),
        (report.with_suffix(".svg"), picture(*given)),
    ):
        _write(path, text)
    if as_json:
        _put(json.dumps({"kind": "result", **document(*given), "report": str(report)}, ensure_ascii=False))
    else:
        _conclude(played, report)


def _conclude(played: Played, report: Path) -> None:
    """Write the verdict, the parts of the time, what did not hold, and where the report is."""
    result = played.result
    rows = [
        (each.part, "–" if each.measured is None else f"{each.measured:.1f}", f"{each.budget:.1f}", f"{each.floor:.1f}")
        for each in result.shares
    ]
    render.data(render.columns(("part", "seconds", "budget", "floor"), rows))
    for each in result.findings:
        if each.held is False:
            render.say(f"{each.name}: {each.title}: {each.reason}", "error")
    render.data(f"{result.verdict}\n")
    render.say(f"the report is {report}", "fine" if result.held else "")


def _sum_up(played: list[Played], unplayed: dict[str, str], out: Path, *, as_json: bool) -> None:
    """Write a table of all drills, and JUnit's file; ``unplayed``: which could not be played, and why."""
    from rich.console import Console

    from twin.report.summary import junit, table

    given = [(each.history, each.result) for each in played]
    _write(out / "junit.xml", junit(given, unplayed))
    if not as_json:
        Console().print(table(given, unplayed))
        render.say(f"JUnit's file is {out / 'junit.xml'}")


def _list(*, as_json: bool) -> int:
    """Name the scenarios."""
    from twin.drill.scenario import every

    if as_json:
        render.document(
            [each.model_dump(include={"name", "title", "why", "environment", "faults"}) for each in every()]
        )
    else:
        render.table(("scenario", "what happens"), [(each.name, each.title) for each in every()])
    return Exit.FINE


def _put(line: str) -> None:
    render.data(line + "\n")
    sys.stdout.flush()


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all. Raises UsageError when it can't be."""
    unfinished = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        raise UsageError(f"{path} can't be written: {error}", hint="choose another folder with --out") from error
