"""The pages of docs/ keep to their forms, name files that exist and rules that are there, and are current."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import generator.rules
from generator import dns_page
from generator.explain import cited, traps
from generator.resources import folder

ROOT = Path(__file__).resolve().parent.parent
PAGES = tuple(sorted(str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")))
LINKING = ("README.md", "CONTRIBUTING.md", *(f"docs/{name}" for name in PAGES))
LINK = re.compile(r"\]\(([^()\s]+)\)|^\[[^\]]+\]:\s+(\S+)", re.MULTILINE)
MOMENTS = {"creation", "update", "deletion", "the day", "always"}
FIELDS = ("**Why it deploys green:**", "**What we do:**", "**Where:**", "**Source:**")
RULES = {
    found[1]
    for path in generator.rules.folder().glob("trap_*.py")
    if (found := re.search(r'^    id = "(\w+)"$', path.read_text(encoding="utf-8"), re.MULTILINE))
}
BEGUN_WITH = {
    *(f"B{number}" for number in range(1, 13)),
    *map(str, [*range(1, 23), *range(27, 47), *range(48, 58), *range(60, 69), *range(70, 104)]),
    *["34a", "34b", "36a", "44a", "44b", "44c", "44d", "49a", "49b", "49c", "49d", "49e", "49f"],
}
"""The numbers of the traps that the project began with: they are cited, so none may go."""


def page(name: str) -> str:
    """Return the text of a page of docs/."""
    return (folder("docs") / name).read_text(encoding="utf-8")


def rows() -> list[list[str]]:
    """Return the cells of every assumption."""
    lines = [line for line in page("assumptions.md").splitlines() if line.startswith("| A")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


@pytest.mark.parametrize("name", PAGES)
def test_every_file_that_a_page_names_exists(name: str) -> None:
    named = re.findall(r"`((?:generator|lambda|recovery|tests|twin|docs|stacksets|templates)/[^` ]*)`", page(name))
    assert [path for path in dict.fromkeys(named) if not (ROOT / path).exists()] == []


def links(text: str) -> list[str]:
    """Return the targets within the project that a page links to, without their anchors."""
    targets = [one or other for one, other in LINK.findall(text)]
    return [target.split("#")[0] for target in targets if not re.match(r"[a-z]+:|#", target)]


@pytest.mark.parametrize("name", LINKING)
def test_every_link_within_the_project_leads_to_a_file(name: str) -> None:
    place = ROOT / name
    targets = links(place.read_text(encoding="utf-8"))
    assert [target for target in targets if not (place.parent / target).exists()] == []


def test_links_are_found_in_every_form_that_the_pages_use() -> None:
    text = "[a](docs/a.md) ![b](b.svg) [c](../c.md#part) [d][e] [f](https://example.com/f) [g](#h)\n[e]: e.md\n"
    assert links(text) == ["docs/a.md", "b.svg", "../c.md", "e.md"]


@pytest.mark.parametrize("name", PAGES)
def test_every_rule_of_ours_that_a_page_names_exists(name: str) -> None:
    named = set(re.findall(r"\b([EW]9\d{3})\b", page(name)))
    assert named <= RULES


@pytest.mark.parametrize("name", PAGES)
def test_every_trap_that_a_page_cites_has_a_section(name: str) -> None:
    assert cited(page(name)) <= set(traps())


def test_no_trap_has_lost_its_number_and_none_has_two_sections() -> None:
    headings = re.findall(r"^### (\S+) · ", page("traps.md"), re.MULTILINE)
    assert set(headings) >= BEGUN_WITH
    assert len(headings) == len(set(headings)) == len(traps())


def test_every_trap_says_what_happens_why_it_passes_what_we_do_where_and_on_whose_word() -> None:
    for number, (title, text) in traps().items():
        assert title and [field for field in FIELDS if field not in text] == [], number
        assert len(text.split("\n\n")[0].split()) > 5, f"trap {number} does not say what happens"


def test_the_page_names_every_rule() -> None:
    assert set(re.findall(r"\b[EW]9\d{3}\b", page("traps.md"))) >= RULES


def test_every_assumption_fills_every_column() -> None:
    assert rows()
    for row in rows():
        identifier, moment, behaviour, source, where, check = row
        assert moment in MOMENTS, identifier
        assert len(behaviour.split()) > 5, identifier
        assert re.fullmatch(r"\[.+\]\(https://\S+\)", source), identifier
        assert re.search(r"`[\w./-]+`", where), identifier
        assert check, identifier


def test_assumptions_are_numbered_without_gaps() -> None:
    assert [row[0] for row in rows()] == [f"A{number}" for number in range(1, len(rows()) + 1)]


def test_every_check_of_an_assumption_is_a_rule_a_test_a_tool_or_honestly_none() -> None:
    known = r"[EW]9\d{3}|`(tests|docs|generator|lambda)/|not checked here|pre-flight|cfn-lint"
    assert [row[0] for row in rows() if not re.search(known, row[5])] == []


def test_the_page_about_dns_is_what_the_templates_answer_today() -> None:
    assert page("dns.md") == dns_page.page(), "run: python -m generator.dns_page"
