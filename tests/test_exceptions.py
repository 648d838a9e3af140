"""Every exception has a reason and is on the page, and the page has no other."""

from __future__ import annotations

import re

from generator.exceptions import Excepted, exceptions, in_template, page
from generator.resources import folder

ALL = exceptions()


def test_the_page_is_current() -> None:
    written = (folder("docs") / "exceptions.md").read_text(encoding="utf-8")
    assert written == page(), "run: python -m generator.exceptions"


def test_every_exception_says_why_in_a_sentence() -> None:
    assert [each for each in ALL if len(each.reason.split()) < 4] == []


def test_every_exception_names_a_finding_that_its_tool_has() -> None:
    forms = {
        "checkov": r"CKV2?_AWS_\d+",
        "cfn-lint": r"[EWI]\d{4}",
        "E9206": r"statement \w+",
        "E9027": "silence",
    }
    assert [each for each in ALL if not re.fullmatch(forms[each.tool], each.finding)] == []


def test_no_exception_is_asked_for_by_a_whole_template() -> None:
    for path in folder("templates").glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        head = text[: text.index("\nResources:")]
        assert "cfn-lint:" not in head and "checkov:" not in head, path.name


def test_all_four_forms_are_read() -> None:
    metadata = {
        "checkov": {"skip": [{"id": "CKV_AWS_1", "comment": "a\n  b"}]},
        "cfn-lint": {"config": {"ignore_checks": ["E9044", "W1"]}, "reasons": {"E9044": "once"}},
        "Wildcards": {"Look": "no resource level"},
        "Silence": "a marker",
    }
    found = list(in_template("t", {"Resources": {"R": {"Metadata": metadata}, "Plain": {}}}))
    assert found == [
        Excepted("t", "R", "checkov", "CKV_AWS_1", "a b"),
        Excepted("t", "R", "cfn-lint", "E9044", "once"),
        Excepted("t", "R", "cfn-lint", "W1", ""),
        Excepted("t", "R", "E9206", "statement Look", "no resource level"),
        Excepted("t", "R", "E9027", "silence", "a marker"),
    ]
