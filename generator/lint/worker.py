"""One template looked at by cfn-lint and by our own rules. Runs in a process of its own.

Whatever the template is, findings come back: one that cfn-lint can't read, or fails on, is a finding
itself. Aliases are counted out before anything walks through them, since a few lines of YAML can stand for
more nodes than there is memory.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

import yaml
from cfnlint.config import ConfigMixIn, ManualArgs
from cfnlint.decode.decode import decode_str
from cfnlint.match import Match
from cfnlint.runner import Runner, run_template_by_data

from generator.lint.files import LARGEST
from generator.lint.finding import Finding, Job, Level
from generator.reader import Loader
from generator.rules import folder

UNREADABLE, FAILED = "E0000", "E0002"
MOST_NODES = 500_000
DEEPEST = 200

_LEVELS: dict[str, Level] = {"E": "error", "W": "warning", "I": "informational"}


def look(job: Job) -> tuple[Finding, ...]:
    """Return everything that is found in one template, in the order of its lines."""
    logging.getLogger("cfnlint").setLevel(logging.CRITICAL)
    reason = _reason_against(job.text)
    if reason:
        return (Finding(job.file, 1, 1, UNREADABLE, "error", reason),)
    try:
        found = [_finding(job, match) for match in _matches(job)]
    except Exception as error:  # a rule may fail on any template; the others still count
        said = f"cfn-lint failed on this template: {type(error).__name__}: {error}"
        return (Finding(job.file, 1, 1, FAILED, "error", said),)
    return tuple(sorted(set(found)))


def _matches(job: Job) -> list[Match]:
    template, unreadable = decode_str(job.text)
    if unreadable:
        return list(unreadable)
    runner = _runner(job.regions)
    return list(run_template_by_data(template, runner.config, runner.rules))


@cache
def _runner(regions: tuple[str, ...]) -> Runner:
    settings = ManualArgs(regions=list(regions), include_checks=["I"], append_rules=[str(folder())])
    return Runner(ConfigMixIn([], **settings))


def _finding(job: Job, match: Match) -> Finding:
    rule = match.rule
    return Finding(
        file=job.file,
        line=match.linenumber,
        column=match.columnnumber,
        rule=str(rule.id),
        level=_LEVELS.get(str(rule.id)[:1], "error"),
        message=str(match.message),
        source=str(getattr(rule, "source_url", "") or ""),
    )


def _reason_against(text: str) -> str:
    """Return why a text must not be walked through, or an empty string."""
    if len(text.encode()) > LARGEST:
        return f"is larger than the {LARGEST} bytes that CloudFormation takes"
    if "\0" in text:
        return "is binary"
    depth = 0
    try:
        for event in yaml.parse(text, Loader=Loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                return f"is nested deeper than {DEEPEST} levels"
        node = yaml.compose(text, Loader=Loader)
    except yaml.YAMLError:
        return ""  # cfn-lint says where, and reads JSON that is no YAML
    if node is None:
        return "is empty"
    return "" if _size(node, {}, set()) <= MOST_NODES else "has aliases that multiply beyond measure"


def _size(node: Any, known: dict[int, int], above: set[int]) -> int:
    """Return how many nodes stand below ``node`` once aliases are written out; a loop counts as too many."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) in known:
        return known[id(node)]
    if id(node) in above:
        return MOST_NODES + 1
    above.add(id(node))
    children = [part for pair in node.value for part in (pair if isinstance(pair, tuple) else (pair,))]
    total = 1 + sum(_size(child, known, above) for child in children)
    above.discard(id(node))
    known[id(node)] = total
    return total
