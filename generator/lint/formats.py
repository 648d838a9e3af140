"""Findings as text for people and as documents for machines. Pure: findings in, text out."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from xml.etree import ElementTree

from generator.lint.finding import Finding

_SARIF_LEVELS = {"error": "error", "warning": "warning", "informational": "note"}
_ANNOTATIONS = {"error": "error", "warning": "warning", "informational": "notice"}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_text(findings: Sequence[Finding]) -> str:
    """Return one line a finding: place, level, rule, message."""
    return "".join(
        f"{each.file}:{each.line}:{each.column}: {each.level} {each.rule} {' '.join(each.message.split())}\n"
        for each in findings
    )


def as_json(findings: Sequence[Finding]) -> str:
    """Return a JSON list of objects with the fields of :class:`Finding`."""
    return json.dumps([asdict(each) for each in findings], indent=2, ensure_ascii=False) + "\n"


def as_sarif(findings: Sequence[Finding], version: str) -> str:
    """Return a SARIF 2.1.0 log (OASIS standard) with one run."""
    rules = {each.rule: each for each in reversed(findings)}
    log: dict[str, Any] = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "multi-region-disaster-recovery",
                        "version": version,
                        "rules": [_sarif_rule(rules[rule]) for rule in sorted(rules)],
                    }
                },
                "results": [_sarif_result(each) for each in findings],
            }
        ],
    }
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def as_junit(findings: Sequence[Finding], files: Sequence[str]) -> str:
    """Return a JUnit document: a suite, and a case for every file that was looked at."""
    suite = ElementTree.Element("testsuite", name="lint", tests=str(len(files)), errors="0")
    failed = {each.file for each in findings}
    suite.set("failures", str(len(failed)))
    for file in files:
        case = ElementTree.SubElement(suite, "testcase", classname="lint", name=_xml(file))
        here = [each for each in findings if each.file == file]
        if here:
            message = _xml(f"{len(here)} findings")
            ElementTree.SubElement(case, "failure", message=message).text = _xml(as_text(here))
    ElementTree.indent(suite)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suite, encoding="unicode") + "\n"


def as_annotations(findings: Sequence[Finding]) -> str:
    """Return GitHub's workflow commands, which it shows beside the changed line."""
    return "".join(
        f"::{_ANNOTATIONS[each.level]} file={_property(each.file)},line={each.line},col={each.column},"
        f"title={_property(each.rule)}::{_data(each.message)}\n"
        for each in findings
    )


def _sarif_rule(finding: Finding) -> dict[str, Any]:
    rule: dict[str, Any] = {"id": finding.rule}
    if finding.source:
        rule["helpUri"] = finding.source
    return rule


def _sarif_result(finding: Finding) -> dict[str, Any]:
    return {
        "ruleId": finding.rule,
        "level": _SARIF_LEVELS[finding.level],
        "message": {"text": finding.message},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": finding.file.replace("\\", "/")},
                    "region": {"startLine": max(1, finding.line), "startColumn": max(1, finding.column)},
                }
            }
        ],
    }


def _xml(text: str) -> str:
    return _NOT_XML.sub("�", text)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
