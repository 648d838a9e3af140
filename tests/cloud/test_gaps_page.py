"""The page of what is not emulated says what the table says."""

from __future__ import annotations

from generator.resources import folder
from twin.cloud.gaps import GAPS, INERT
from twin.cloud.gaps_page import FILE, page


def test_the_page_is_current() -> None:
    assert (folder("docs") / FILE).read_text(encoding="utf-8") == page(), "run: python -m twin.cloud.gaps_page"


def test_the_page_names_every_gap_and_every_inert_type() -> None:
    lines = page().splitlines()
    assert [each for each in GAPS if f"| `{each.type}` | `{each.path}` | {each.why} |" not in lines] == []
    assert [each for each in INERT if f"| `{each.type}` | {each.missing} |" not in lines] == []
