"""The report in Debian's Chromium: it renders, its plots are not empty, nothing is complained of, nothing is fetched.

Without a browser these tests are skipped by name, and fail where continuous integration runs them, so that they are
never left out unseen: ``apt-get install chromium``.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drill.histories import INTERVALS, OBJECTIVES, quiet, region_loss, switchover
from tests.report.browser import Browser, Page, browser, found
from twin.drill.judge import judge
from twin.report.page import page
from twin.report.picture import picture

HINT = "no browser on this machine: apt-get install chromium"
PLOTS = ("availability", "lanes", "parts")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = found()
    if path is None and os.environ.get("CI"):
        pytest.fail(HINT)
    if path is None:
        pytest.skip(HINT)
    with browser(path) as opened:
        yield opened


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    broken = region_loss(accepted_lag_seconds=1.0)
    written = {}
    for name, history in {
        "loss": region_loss(),
        "broken": broken,
        "switchover": switchover(),
        "quiet": quiet(),
    }.items():
        result = judge(history, INTERVALS, OBJECTIVES)
        written[name] = folder / f"{name}.html"
        written[name].write_text(page(history, result), encoding="utf-8")
        written[f"{name}.svg"] = folder / f"{name}.svg"
        written[f"{name}.svg"].write_text(picture(history, result), encoding="utf-8")
    return written


def opened(chromium: Browser, file: Path, width: int = 1200, scheme: str = "light") -> Page:
    shown = chromium.page()
    shown.shape(width, 900, scheme, mobile=width < 600)
    shown.open(file.as_uri())
    return shown


@pytest.mark.parametrize("name", ["loss", "broken", "switchover", "quiet"])
def test_the_report_renders_and_complains_of_nothing_and_asks_for_nothing(
    chromium: Browser, files: dict[str, Path], name: str
) -> None:
    shown = opened(chromium, files[name])
    assert shown.value("document.querySelector('h1').innerText.length") > 5
    assert shown.value("document.querySelector('.verdict').innerText").strip()
    assert shown.console == []
    assert shown.requests == [files[name].as_uri()]


def test_a_request_would_have_been_seen_and_is_refused(chromium: Browser, files: dict[str, Path]) -> None:
    spoiled = files["loss"].with_name("spoiled.html")
    text = files["loss"].read_text(encoding="utf-8")
    spoiled.write_text(text.replace("</main>", '<img src="http://127.0.0.1:9/x.png"></main>'), encoding="utf-8")
    shown = opened(chromium, spoiled)
    assert any("Content Security Policy" in said for said in shown.console)


@pytest.mark.parametrize("plot", PLOTS)
def test_no_plot_is_empty_and_all_of_it_is_inside_its_frame(
    chromium: Browser, files: dict[str, Path], plot: str
) -> None:
    shown = opened(chromium, files["loss"])
    drawing = f"document.querySelector('svg[aria-labelledby^={plot}]')"
    shapes = shown.value(f"{drawing}.querySelectorAll('rect, path, circle').length")
    assert shapes > 12
    frame = shown.value(f"(b => [b.width, b.height])({drawing}.getBoundingClientRect())")
    assert frame[0] > 600
    assert frame[1] > 80
    inside = (
        f"(d => {{ const f = d.getBoundingClientRect(); return [...d.querySelectorAll('rect, text, circle')]"
        ".filter(e => !e.closest('defs')).map(e => e.getBoundingClientRect()).filter(b => b.left < f.left - 1"
        f" || b.right > f.right + 1 || b.top < f.top - 1 || b.bottom > f.bottom + 1).length }})({drawing})"
    )
    assert shown.value(inside) == 0


def test_no_words_of_a_plot_lie_on_each_other(chromium: Browser, files: dict[str, Path]) -> None:
    shown = opened(chromium, files["loss"])
    for plot in PLOTS:
        boxes = shown.value(
            f"[...document.querySelectorAll('svg[aria-labelledby^={plot}] text')].map(e => {{"
            " const b = e.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom, e.textContent] })"
        )
        for place, (left, top, right, bottom, words) in enumerate(boxes):
            for other in boxes[place + 1 :]:
                apart = right <= other[0] + 1 or other[2] <= left + 1 or bottom <= other[1] + 3 or other[3] <= top + 3
                assert apart, f"{plot}: {words!r} lies on {other[4]!r}"


@pytest.mark.parametrize("name", ["loss", "broken", "switchover", "quiet"])
@pytest.mark.parametrize("width", [320, 390, 768, 1600])
def test_a_screen_of_any_width_needs_no_sideways_scrolling(
    chromium: Browser, files: dict[str, Path], name: str, width: int
) -> None:
    shown = opened(chromium, files[name], width)
    assert shown.value("document.documentElement.scrollWidth") <= width


def test_the_theme_follows_the_reader(chromium: Browser, files: dict[str, Path]) -> None:
    grounds = {}
    for scheme in ("light", "dark"):
        shown = opened(chromium, files["loss"], scheme=scheme)
        grounds[scheme] = chromium.colours(shown.screenshot())[0]
        assert shown.value("getComputedStyle(document.body).colorScheme") in ("normal", "light dark")
    assert sum(grounds["light"]) > 3 * 230
    assert sum(grounds["dark"]) < 3 * 40


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_what_is_seen_is_no_blank_page(chromium: Browser, files: dict[str, Path], scheme: str, width: int) -> None:
    shown = opened(chromium, files["loss"], width, scheme)
    assert len(chromium.colours(shown.screenshot())) > 50


def test_events_can_be_hidden_by_their_source_without_a_script(chromium: Browser, files: dict[str, Path]) -> None:
    shown = opened(chromium, files["loss"])
    visible = "[...document.querySelectorAll('.timeline tbody tr')].filter(e => e.offsetParent).length"
    before = shown.value(visible)
    shown.value("document.querySelector('#show-1').click()")
    assert shown.value(visible) == before - 6


def test_it_prints(chromium: Browser, files: dict[str, Path]) -> None:
    shown = opened(chromium, files["loss"], scheme="dark")
    printed = shown.pdf()
    assert printed.startswith(b"%PDF")
    shown.ask("Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    assert shown.value("getComputedStyle(document.querySelector('section')).backgroundColor") == "rgb(255, 255, 255)"


def test_what_a_reader_hears_is_there(chromium: Browser, files: dict[str, Path]) -> None:
    shown = opened(chromium, files["loss"])
    nodes = shown.ask("Accessibility.getFullAXTree")["nodes"]
    said = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if not node.get("ignored", False)
    ]
    names = {name for role, name in said if role in ("image", "img")}
    assert {"Write availability of region-loss", "What each region was", "The parts of the RTO"} <= names
    roles = Counter(role for role, _ in said)
    assert roles["heading"] >= 9
    assert roles["table"] >= 5
    assert all(name for role, name in said if role in ("checkbox", "link", "region"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_picture_can_be_read_in_both_themes(chromium: Browser, files: dict[str, Path], scheme: str) -> None:
    beside = files["loss"].with_name(f"picture-{scheme}.html")
    beside.write_text('<body style="margin:0"><img src="loss.svg" width="1000"></body>', encoding="utf-8")
    shown = opened(chromium, beside, scheme=scheme)
    size = shown.value("(i => [i.naturalWidth, i.naturalHeight])(document.images[0])")
    assert size[0] == 1000
    assert size[1] > 300
    seen = chromium.colours(shown.screenshot({"x": 0, "y": 0, "width": 1000, "height": size[1]}))
    assert (sum(seen[0]) > 3 * 128) is (scheme == "light")
    assert len(seen) > 20
