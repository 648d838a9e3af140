"""What is shown while a drill is played: on a terminal, in a log, and for programs."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from tests.drill.histories import LOST_AT, A, S, event, region_loss, sample
from twin.drill.live import Board, live, sparkline


def console(*, terminal: bool, width: int = 120) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=width, height=40, color_system="truecolor")


def written(view: Console) -> str:
    assert isinstance(view.file, io.StringIO)
    return view.file.getvalue()


def test_without_a_terminal_each_event_is_a_line_with_its_seconds_since_the_disaster() -> None:
    shown = console(terminal=False)
    with live(shown, "a drill") as view:
        view.note("starting a local cloud")
        for each in region_loss().events[:4]:
            view.event(each)
        view.sample(sample(1, ("writer", "replica"), (A,)))
    lines = written(shown).splitlines()
    assert lines[0] == "starting a local cloud"
    assert lines[1] == f"    +0.0 s  disaster: {A} is gone"
    assert lines[4] == f"   +90.0 s  people {S}: {A} looks lost"
    assert len(lines) == 5, "a log is not filled with samples"


def test_a_line_is_never_broken_and_what_looks_like_markup_is_shown_as_it_is() -> None:
    shown = console(terminal=False, width=40)
    with live(shown, "a drill") as view:
        view.event(event(1, "probe", S, "[red]no[/red] " + "long " * 20, "because\nof it"))
    (line,) = written(shown).splitlines()
    assert "[red]no[/red]" in line
    assert line.endswith("(because of it)")


def test_for_programs_everything_is_a_line_of_json() -> None:
    lines: list[str] = []
    with live(console(terminal=True), "a drill", lines.append) as view:
        view.note("starting")
        view.event(region_loss().events[0])
        view.sample(sample(1, ("writer", "replica"), (A,)))
    note, told, seen = map(json.loads, lines)
    assert (note["kind"], note["text"]) == ("note", "starting")
    assert (told["kind"], told["source"], told["region"]) == ("event", "disaster", A)
    assert (seen["kind"], seen["regions"][S]["role"], seen["answers"]) == ("sample", "replica", [A])


def test_a_terminal_shows_regions_writes_the_step_and_the_newest_events() -> None:
    history, board = region_loss(), Board("region-loss")
    early = [each for each in history.events if each.at_ms <= history.samples[112].at_ms]
    for each in (*[event(0, "alarm", S, "an old one")] * 3, *early, early[-1], early[-1]):
        board.event(each)
    for seen in history.samples[:113]:
        board.sample(seen)
    shown = Console(file=io.StringIO(), width=110, color_system=None)
    shown.print(board.drawn())
    page = written(shown)
    assert f"{A}     ✗ no answer" in page
    assert f"{S}  ○ replica    0.4 s" in page
    assert "◀ answered" in page
    assert "Promote" in page.splitlines()[0]
    assert "+102.0 s" in page.splitlines()[0]
    assert "refused         4.0/s" in page
    assert "enters Promote" in page
    assert "an old one" not in page


def test_the_moving_view_draws_and_clears_itself() -> None:
    shown = console(terminal=True)
    with live(shown, "a drill") as view:
        view.note("starting a local cloud")
        view.event(region_loss().events[0])
        view.sample(sample(LOST_AT, ("none", "replica"), (A,)))
    assert "a drill" in written(shown)


def test_no_colour_is_shown_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    shown = Console(file=io.StringIO(), force_terminal=True, width=100)
    board = Board("a drill")
    board.sample(sample(1, ("writer", "replica"), (A,)))
    shown.print(board.drawn())
    assert "\x1b[3" not in written(shown)


def test_a_sparkline_reaches_from_nothing_to_the_most() -> None:
    assert sparkline([0, 5, 10], 10) == "▁▅█"
    assert sparkline([0, 0], 0) == "▁▁"
