"""What a template or a trap is, why it is there, and where: read from the modules and from docs/traps.md.

A trap is a section ``### NUMBER · TITLE`` of the page, and text below it. Where it is answered is found by
looking for ``trap NUMBER`` in the sources, so that nobody keeps a list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from generator.errors import UsageError
from generator.resources import folder

_HEADING = re.compile(r"^### (?P<number>[0-9A-Za-z]+) · (?P<title>.+)$")
_ANY_HEADING = re.compile(r"^#{1,3} ")
_CITED = re.compile(r"\btraps? (?P<numbers>[0-9B][0-9a-z]*(?:(?:, | and | or )[0-9B][0-9a-z]*)*)")
_RULE = re.compile(r"^[EW]\d{4}$")
_RULE_FILE = re.compile(r"^trap_(?P<brief>b?)0*(?P<number>\d+[a-z]?)_")


@dataclass(frozen=True)
class Explanation:
    """What something is (one line), why (paragraphs), and where it is found (one place a line)."""

    name: str
    what: str
    why: str
    where: tuple[str, ...]


def explain(name: str, stacks: Iterable[Any] | None = None) -> Explanation:
    """Return what is known about a template (``health``), a trap (its number) or a rule (``E9028``).

    Raises UsageError for a name that nobody knows, with those that are near.
    """
    if stacks is None:
        from generator.catalog import STACKS

        stacks = STACKS
    templates = {stack.name: stack for stack in stacks}
    sections = traps()
    wanted = re.sub(r"^trap[\s-]*", "", name.strip().removesuffix(".yaml"), flags=re.IGNORECASE)
    if wanted.lower() in templates:
        return _template(templates[wanted.lower()])
    number = _number(wanted, sections)
    if number:
        return _trap(number, *sections[number])
    near = get_close_matches(wanted, [*templates, *sections], n=3, cutoff=0.5)
    known = f"templates: {', '.join(templates)}; traps: {', '.join(sections)}"
    raise UsageError(f"nothing is called {name!r}", hint=f"did you mean {' or '.join(near)}?" if near else known)


def traps() -> dict[str, tuple[str, str]]:
    """Return every trap's title and text by its number, in the page's order."""
    found: dict[str, tuple[str, str]] = {}
    number, title, lines = "", "", list[str]()
    for line in [*(folder("docs") / "traps.md").read_text(encoding="utf-8").splitlines(), "# end"]:
        heading = _HEADING.match(line)
        if number and (heading or _ANY_HEADING.match(line)):
            found[number] = (title, "\n".join(lines).strip())
            number, lines = "", []
        if heading:
            number, title = heading["number"], heading["title"].strip()
        elif number:
            lines.append(line)
    return found


def cited(text: str) -> set[str]:
    """Return the numbers of the traps that a text cites, one at a time or several in a row."""
    numbers: set[str] = set()
    for match in _CITED.finditer(text):
        numbers.update(re.split(r", | and | or ", match["numbers"]))
    return numbers


def _number(wanted: str, sections: dict[str, tuple[str, str]]) -> str:
    if _RULE.match(wanted.upper()):
        wanted = _trap_of_rule(wanted.upper())
    return next((number for number in sections if number.lower() == wanted.lower()), "")


def _trap_of_rule(rule: str) -> str:
    """Return the number of the trap that a rule looks for, from the name of the rule's file."""
    for path in sorted(Path(__file__).resolve().with_name("rules").glob("trap_*.py")):
        found = _RULE_FILE.match(path.name)
        if found and f'id = "{rule}"' in path.read_text(encoding="utf-8"):
            return found["brief"].upper() + found["number"]
    return ""


def _trap(number: str, title: str, text: str) -> Explanation:
    where = tuple(str(shown) for shown, source in _sources() if number in cited(source))
    return Explanation(f"trap {number}", title, text, where)


def _template(stack: Any) -> Explanation:
    from generator.shape import Shape

    doc = str(stack.doc).strip()
    what, _, why = doc.partition("\n\n")
    body = stack.build(Shape()).to_dict()
    where = [f"templates/{stack.name}.yaml", *_deployment(stack)]
    where += [f"parameter {name}: {each.get('Description', '')}" for name, each in body.get("Parameters", {}).items()]
    where += [f"resource {name}: {each['Type']}" for name, each in body["Resources"].items()]
    where += [f"output {name}: {each.get('Description', '')}" for name, each in body.get("Outputs", {}).items()]
    return Explanation(stack.name, " ".join(what.split()), why.strip(), tuple(where))


def _deployment(stack: Any) -> Iterator[str]:
    if hasattr(stack, "place"):
        yield f"deployed: {stack.place.value}" + (f"; needs {stack.needs}" if stack.needs else "")
        yield "body: " + ("handed over in the call (at most 51,200 bytes)" if stack.inline else "uploaded by deploy")


def _sources() -> Iterator[tuple[Path, str]]:
    package = Path(__file__).resolve().parent
    for shown, place in (("generator", package), ("lambda", folder("lambda")), ("recovery", _recovery())):
        for path in sorted(place.rglob("*")):
            inside = path.relative_to(place)
            if path.suffix in (".py", ".json") and not inside.parts[0].startswith("_l"):
                yield Path(shown) / inside, path.read_text(encoding="utf-8")


def _recovery() -> Path:
    import recovery

    return Path(recovery.__path__[0])
