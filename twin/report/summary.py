"""Many drills at a glance: a table for the terminal, and JUnit's XML for continuous integration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from twin.drill.record import History, Result

if TYPE_CHECKING:
    from rich.table import Table

Drill = tuple[History, Result]


def table(results: Sequence[Drill], unplayed: Mapping[str, str] = MappingProxyType({})) -> Table:
    """Return a table with a row for each drill: what it came to, RTO and RPO beside what is allowed, and why not.

    unplayed: drills that could not be played at all, and why.
    """
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("scenario", "", "RTO", "allowed", "floor", "lost", "oldest", "verdict"):
        drawn.add_column(name, justify="right" if name in ("RTO", "allowed", "floor", "lost", "oldest") else "left")
    for history, result in results:
        drawn.add_row(
            Text(history.scenario),
            Text("✓ held", "green") if result.held else Text("✗ broken", "red"),
            "–" if result.rto_seconds is None else f"{result.rto_seconds:.1f} s",
            f"{result.limit_seconds:.0f} s",
            f"{result.floor_seconds:.1f} s",
            str(result.rpo_rows),
            f"{result.rpo_seconds:.1f} s",
            Text("" if result.held else result.verdict.removeprefix("broken ")),
        )
    for name, reason in unplayed.items():
        drawn.add_row(Text(name), Text("✗ not played", "red"), "–", "–", "–", "–", "–", Text(reason))
    return drawn


def junit(results: Sequence[Drill], unplayed: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return JUnit's XML: a suite for each drill, and a case for each thing that had to hold.

    unplayed: drills that could not be played at all, and why; each is an error.
    """
    root = ElementTree.Element("testsuites")
    for history, result in results:
        findings = result.findings
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=f"drill.{history.scenario}",
            tests=str(len(findings)),
            failures=str(sum(finding.held is False for finding in findings)),
            skipped=str(sum(finding.held is None for finding in findings)),
            errors="0",
            time=f"{(history.ended_ms - history.began_ms) / 1000:.3f}",
        )
        for finding in findings:
            case = ElementTree.SubElement(
                suite,
                "testcase",
                classname=f"drill.{history.scenario}",
                name=_clean(f"{finding.name}: {finding.title}"),
            )
            if finding.held is False:
                ElementTree.SubElement(case, "failure", message=_clean(finding.reason))
            elif finding.held is None:
                ElementTree.SubElement(case, "skipped", message=_clean(finding.reason))
    for name, reason in unplayed.items():
        suite = ElementTree.SubElement(
            root, "testsuite", name=f"drill.{name}", tests="1", failures="0", skipped="0", errors="1", time="0"
        )
        case = ElementTree.SubElement(suite, "testcase", classname=f"drill.{name}", name="played")
        ElementTree.SubElement(case, "error", message=_clean(reason))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _clean(words: str) -> str:
    """Return words without the control characters that XML 1.0 can't carry: they may come from a server's message."""
    return "".join(letter if letter >= " " or letter in "\t\n" else " " for letter in words)
