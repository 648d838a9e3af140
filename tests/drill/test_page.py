"""The page of drills says what the scenarios' files say."""

from __future__ import annotations

from twin.drill.page import PAGE, page


def test_the_page_of_drills_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m twin.drill.page"
