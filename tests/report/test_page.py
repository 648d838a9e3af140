"""The report as text: what is in it, that nothing in it can be anything but words, and what is beside it as JSON."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drill.histories import (
    BACK,
    INTERVALS,
    LOST_AT,
    OBJECTIVES,
    A,
    S,
    at,
    event,
    quiet,
    region_loss,
    switchover,
    writes,
)
from twin.drill.judge import judge
from twin.drill.record import History, Write
from twin.report import lanes
from twin.report.availability import plot, slices
from twin.report.colours import DARK, LIGHT, PARTS
from twin.report.document import SCHEMA, document
from twin.report.drawing import axis_of, nice
from twin.report.moments import MOST, moments
from twin.report.page import page
from twin.report.picture import picture

ALONE = {"meta", "link", "input", "br", "rect", "line", "path", "circle"}


class Tags(HTMLParser):
    """Checks that all that is opened is closed, in order, and gathers what a page has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.words: list[str] = []
        self.names: set[str] = set()
        self.feed(text)
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.targets += [value for name, value in attrs if name in ("href", "src") and value]
        if tag not in ALONE:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ALONE:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def rendered(history: History) -> Tags:
    return Tags(page(history, judge(history, INTERVALS, OBJECTIVES)))


KINDS = {
    "a failover": region_loss(),
    "a switchover": switchover(),
    "a moment of silence": quiet(),
    "nothing seen at all": quiet(writes=(), events=(), samples=(), rows=(), disaster_ms=None, versions={}),
    "writes that never came back": region_loss(writes=tuple(w for w in region_loss().writes if w.region == A)),
    "three regions at speed 60": region_loss(regions=(A, S, "eu-north-1", "us-west-2"), speed=60.0),
    "a fast drill": region_loss(ended_ms=at(LOST_AT + 1)),
}


@pytest.mark.parametrize("history", KINDS.values(), ids=KINDS.keys())
def test_every_kind_of_history_makes_a_whole_page_with_ids_that_are_used_once(history: History) -> None:
    tags = rendered(history)
    assert len(tags.ids) == len(set(tags.ids))
    assert {target.removeprefix("#") for target in tags.targets if target.startswith("#")} <= set(tags.ids)
    assert "script" not in tags.names


@pytest.mark.parametrize("history", KINDS.values(), ids=KINDS.keys())
def test_a_page_points_nowhere_outside_itself(history: History) -> None:
    text = page(history, judge(history, INTERVALS, OBJECTIVES))
    assert all(target.startswith(("#", "data:,")) for target in Tags(text).targets)
    assert not re.findall(r"@import|url\((?!#)", text)
    assert "default-src 'none'" in text


def test_the_verdict_comes_first_and_the_numbers_stand_beside_the_objectives() -> None:
    said = rendered(region_loss()).text
    order = [
        "✓ Held",
        "185.0 s",
        "allowed 900 s",
        "3 rows",
        "the oldest 0.6 s old; objective 60 s",
        "Write availability",
    ]
    places = [said.index(words) for words in order]
    assert places == sorted(places)


def test_what_is_broken_is_named_at_the_top() -> None:
    said = rendered(region_loss(accepted_lag_seconds=1.0)).text
    assert said.index("✗ Broken") < said.index("a failover loses no row older than the lag")
    assert "✗ broken" in said


def test_every_event_is_in_the_time_line_with_its_cause_and_its_message() -> None:
    history = region_loss()
    said = rendered(history).text
    for each in history.events:
        assert each.what in said
        assert each.cause in said
    assert "next: python -m generator failover" in said


def test_lost_rows_stand_with_their_lsn_and_the_drill_can_be_repeated() -> None:
    history = region_loss()
    said = rendered(history).text
    for row in judge(history, INTERVALS, OBJECTIVES).lost:
        assert row.key in said
        assert row.lsn in said
    assert "python -m generator drill region-loss --speed 1 --seed 7" in said
    assert "ministack 1.5.33" in said


def test_thousands_of_lost_rows_are_counted_and_not_all_listed() -> None:
    history = region_loss(writes=tuple(writes(A, 0, 100, pause=50)), rows=())
    said = rendered(history).text
    assert "2000 rows were acknowledged" in said
    assert "the first 200 of them" in said


HOSTILE = "</style></title></script><script>alert(1)</script>'\"><img src=x onerror=alert(1)>&amp;{{ 7*7 }}"


def test_what_servers_and_people_say_stays_words_everywhere() -> None:
    history = region_loss()
    changed = replace(
        history,
        title=HOSTILE,
        scenario=HOSTILE,
        environment=HOSTILE,
        regions=(A, S, HOSTILE),
        versions={HOSTILE: HOSTILE},
        real=(HOSTILE,),
        events=tuple(
            replace(each, what=HOSTILE, cause=HOSTILE, detail={**each.detail, "message": HOSTILE})
            for each in history.events
        ),
        writes=tuple(replace(each, worker=HOSTILE, error=HOSTILE) for each in history.writes),
        samples=tuple(replace(each, step=HOSTILE) for each in history.samples),
    )
    result = judge(changed, INTERVALS, OBJECTIVES)
    for text in (page(changed, result), picture(changed, result)):
        assert "<script" not in text
        assert "<img" not in text
        assert "{{ 7*7 }}" in text
    assert Tags(page(changed, result)).names.isdisjoint({"script", "img"})


@settings(deadline=None, max_examples=30)
@given(st.text(max_size=40))
def test_any_text_makes_a_picture_that_is_well_formed(words: str) -> None:
    words = "".join(letter for letter in words if letter.isprintable())
    history = region_loss(events=(event(LOST_AT, "disaster", A, words),), scenario=words)
    ElementTree.fromstring(picture(history, judge(history, INTERVALS, OBJECTIVES)))


@pytest.mark.parametrize("history", KINDS.values(), ids=KINDS.keys())
def test_the_document_is_json_with_a_schema_and_says_what_the_page_says(history: History) -> None:
    result = judge(history, INTERVALS, OBJECTIVES)
    said = json.loads(json.dumps(document(history, result)))
    assert said["schema"] == SCHEMA
    assert (said["held"], said["verdict"]) == (result.held, result.verdict)
    assert len(said["history"]["writes"]) == len(history.writes)
    assert [each["name"] for each in said["result"]["findings"]] == [each.name for each in result.findings]


def test_no_write_is_missing_from_the_plot() -> None:
    history = region_loss()
    result = judge(history, INTERVALS, OBJECTIVES)
    for most in (240, 40, 7):
        cut = slices(history, result, most)
        assert len(cut) <= most + 2
        assert all(before.ended_ms == after.began_ms for before, after in pairwise(cut))
        counted = sum(number for each in cut for (_, kind), number in each.counts.items() if kind != "lost")
        assert counted == len(history.writes)
    assert sum(each.counts[A, "lost"] for each in slices(history, result)) == 3


def test_the_plot_tells_the_time_without_a_write_to_whoever_does_not_see_it() -> None:
    history = region_loss()
    drawn = ElementTree.fromstring(plot(history, judge(history, INTERVALS, OBJECTIVES)))
    space = "{http://www.w3.org/2000/svg}"
    assert "185.0 seconds" in (drawn.findtext(f"{space}desc") or "")
    assert drawn.get("role") == "img"


def test_the_marks_are_the_turns_of_the_recovery_and_no_more_than_there_is_room_for() -> None:
    what = [moment.event.what for moment in moments(region_loss())]
    assert what[0] == f"{A} is gone"
    assert "every call hangs" not in what
    assert what[-1] == "the first write is acknowledged"
    many = region_loss(events=tuple(event(LOST_AT + each, "disaster", A, "again") for each in range(50)))
    assert len(moments(many)) == MOST


def test_the_axis_is_in_seconds_since_the_disaster() -> None:
    axis = axis_of(region_loss())
    assert axis.seconds(at(LOST_AT)) == 0
    assert axis.seconds(at(BACK)) == BACK - LOST_AT
    ticks = axis.ticks()
    assert (axis.x(at(LOST_AT)), "0 s") in ticks
    assert 4 <= len(ticks) <= 12


@given(st.floats(0.001, 100_000))
def test_a_step_is_round_and_not_below_what_is_asked_for(least: float) -> None:
    assert nice(least) >= least
    assert nice(least) % 1 == 0


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_words_can_be_read_and_shapes_be_seen_in_both_themes(theme: dict[str, str]) -> None:
    for ink in ("ink", "soft", "accent", "good", "bad"):
        for ground in ("ground", "page", "faint"):
            assert contrast(theme[ink], theme[ground]) >= 4.5, (ink, ground)
    assert contrast(theme["good"], theme["good-ground"]) >= 4.5
    assert contrast(theme["bad"], theme["bad-ground"]) >= 4.5
    for place in range(4):
        assert contrast(theme[f"region-{place}"], theme["ground"]) >= 3, place
    assert set(LIGHT) == set(DARK)


def test_white_words_can_be_read_on_every_part() -> None:
    assert all(contrast("#ffffff", colour) >= 4.5 for colour in PARTS.values())


def test_a_write_whose_region_nobody_knows_is_counted_as_refused() -> None:
    lone = Write(f"{S}/1", 1, 1, at(20), at(21), "refused", "", "does not resolve")
    history = region_loss(writes=(lone,))
    cut = slices(history, judge(history, INTERVALS, OBJECTIVES), 1000)
    assert sum(each.rate("refused") for each in cut) == 1


def test_a_lane_is_filled_where_a_region_is_in_service_and_hollow_where_it_stands_by() -> None:
    history = region_loss()
    drawn = ElementTree.fromstring(lanes.plot(history))
    space = "{http://www.w3.org/2000/svg}"
    spans = {
        (each.get("class"), each.findtext(f"{space}title")) for each in drawn.iter(f"{space}rect") if each.get("class")
    }
    assert ("region-0", "writer from -10.0 to 0.0 s") in spans
    assert ("hollow", "replica from -10.0 to 103.0 s") in spans
    assert ("region-1", "writer from 103.0 to 210.0 s") in spans
    assert ("hollow", "unhealthy from 0.0 to 210.0 s") in spans
    assert ("step", "Promote from 98.0 to 103.0 s") in spans
    assert ("0.0", "210.0", f"database of {A}", "no answer") in lanes.rows(history)
