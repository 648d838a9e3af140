"""``docs/exceptions.md``: every finding that a template asks a tool to leave out, with its reason.

An exception stands on the one resource that it is about, in its ``Metadata``:

- ``checkov: {skip: [{id: CKV_…, comment: reason}]}``, as checkov reads it;
- ``cfn-lint: {config: {ignore_checks: [E9044]}, reasons: {E9044: reason}}``: cfn-lint reads ``config`` and
  has no place for a reason, so it stands beside it;
- ``Wildcards: {SID: reason}`` for a statement that can't name less than everything (trap B6);
- ``Silence: reason`` for a health check whose silence is not unhealthy (trap 27).

``python -m generator.exceptions`` writes the page; a test holds that it is current.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.build import library
from generator.config import load
from generator.intrinsics import read
from generator.resources import folder


@dataclass(frozen=True, order=True)
class Excepted:
    """One exception: who asks for it, which finding of which tool, and why."""

    template: str
    resource: str
    tool: str
    finding: str
    reason: str


def exceptions() -> tuple[Excepted, ...]:
    """Return the exceptions of the library in the shapes of all files in ``stacksets/``, in order."""
    shapes = {load(path).shape for path in sorted(folder("stacksets").glob("*.yaml"))}
    found = {
        each
        for shape in shapes
        for name, text in library(shape).items()
        for each in in_template(Path(name).stem, read(text))
    }
    return tuple(sorted(found))


def in_template(name: str, template: Mapping[str, Any]) -> Iterator[Excepted]:
    """Return the exceptions of one template; a reason that is not given is an empty text."""
    for resource, body in (template.get("Resources") or {}).items():
        metadata = body.get("Metadata") or {}
        for skip in (metadata.get("checkov") or {}).get("skip") or ():
            yield Excepted(name, resource, "checkov", skip["id"], _flat(skip.get("comment")))
        linter = metadata.get("cfn-lint") or {}
        for finding in (linter.get("config") or {}).get("ignore_checks") or ():
            reason = (linter.get("reasons") or {}).get(finding)
            yield Excepted(name, resource, "cfn-lint", finding, _flat(reason))
        for sid, reason in (metadata.get("Wildcards") or {}).items():
            yield Excepted(name, resource, "E9206", f"statement {sid}", _flat(reason))
        if "Silence" in metadata:
            yield Excepted(name, resource, "E9027", "silence", _flat(metadata["Silence"]))


def _flat(reason: Any) -> str:
    return " ".join(reason.split()) if isinstance(reason, str) else ""


_TITLES = {
    "checkov": "Skipped checks of checkov",
    "cfn-lint": "Ignored rules of cfn-lint",
    "E9206": "Policies that can't name less than everything (trap B6)",
    "E9027": "Health checks whose silence is not unhealthy (trap 27)",
}

_HEAD = """# Exceptions

<!-- Written by `python -m generator.exceptions` from every shape of stacksets/; a test holds it current. -->

Nothing is left out for a whole template or for all of them. Each line is asked for by one resource, in its
`Metadata`, with the reason beside it.
"""


def page() -> str:
    """Return the page's text."""
    found = exceptions()
    parts = [_HEAD]
    for tool, title in _TITLES.items():
        lines = [each for each in found if each.tool == tool]
        parts.append(f"## {title}\n")
        if not lines:
            parts.append("None.\n")
            continue
        parts.append("| template | resource | finding | reason |\n| --- | --- | --- | --- |")
        parts += [f"| {each.template} | {each.resource} | {each.finding} | {each.reason} |" for each in lines]
        parts[-1] += "\n"
    return "\n".join(parts)


if __name__ == "__main__":
    (folder("docs") / "exceptions.md").write_text(page(), encoding="utf-8")
