"""``docs/rights.md``: which rights each command needs in which account, and the policies to attach.

``python -m generator.rights_page`` writes the page for an environment of two accounts; a test holds it current.
``python -m generator rights ENVIRONMENT --json`` gives the policies of one's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from generator.policies.operator import Scope, documents
from generator.policies.operator_rights import ADMINISTRATION, BEHIND, COMMANDS, RIGHTS, WORKLOAD, Right
from generator.resources import folder

FILE = "rights.md"
SCOPE = Scope(
    "example", "444455556666", "111122223333", "eu-central-1", ("eu-west-1", "eu-central-1"), access_role="deploy"
)
"""The example, with the StackSets in an account of their own."""

_HEAD = """# Rights

<!-- Written by `python -m generator.rights_page` from generator/policies/operator_rights.py; a test compares. -->

What each command needs in the administration account, whose credentials it is started with, and in the workload
account, where it works through `accounts.access_role`. With one account a command needs both. A test reads every call
of the source and holds that each is here and nothing else; another runs every command in the local cloud and holds
that its policy allows each call that it made. That AWS asks for exactly these was **not** seen: nobody has run it there
([deploying](deploying.md)).

`python -m generator rights stacksets/yours.yaml --json` prints the policies for your environment: its suffix, its
accounts, its regions. The policies at the end of this page are those of the example with two accounts.
"""


def page() -> str:
    """Return the page's text."""
    parts = [_HEAD]
    for account in (ADMINISTRATION, WORKLOAD):
        rows = [each for each in RIGHTS if each.account == account]
        parts.append(f"## In the {account} account\n\n{_matrix(rows)}")
    parts.append(f"## What each statement allows\n\n{_statements()}")
    parts.append(f"## What follows from a call\n\n{_behind()}")
    parts.append("## The policies\n\n" + "\n".join(_policies()))
    return "\n".join(parts)


def _matrix(rows: list[Right]) -> str:
    head = f"| statement | {' | '.join(COMMANDS)} | only |\n| --- |{' :-: |' * len(COMMANDS)} --- |\n"
    names = dict.fromkeys(each.sid for each in rows)
    return head + "".join(_row(name, [each for each in rows if each.sid == name]) for name in names)


def _row(name: str, rows: list[Right]) -> str:
    marks = ("✓" if any(command in each.commands for each in rows) else "" for command in COMMANDS)
    return f"| {name} | {' | '.join(marks)} | {rows[0].when} |\n"


def _statements() -> str:
    lines = ["| statement | actions | on | why so wide |", "| --- | --- | --- | --- |"]
    told: set[tuple[str, tuple[str, ...]]] = set()
    for each in RIGHTS:
        if (each.sid, each.resources) in told:
            continue
        told.add((each.sid, each.resources))
        actions = ", ".join(f"`{action}`" for action in sorted(set(each.actions)))
        resources = ", ".join(f"`{resource}`" for resource in each.resources)
        words = {"home": "the StackSets' region", "regions": "the environment's regions", "everywhere": "any region"}
        within = words.get(each.within, each.within)
        where = f"{resources}, asked in {within}" if each.within else resources
        keys = "; ".join(f"`{key}` is `{value}`" for key, value in each.condition)
        lines.append(f"| {each.sid} | {actions} | {where}{f'; {keys}' if keys else ''} | {each.reason} |")
    return "\n".join(lines) + "\n"


def _behind() -> str:
    lines = [
        "Rights that no call names, and why they are needed all the same.",
        "",
        "| action | because |",
        "| --- | --- |",
    ]
    by_why: dict[str, list[str]] = {}
    for each in BEHIND:
        by_why.setdefault(each.why, []).append(f"`{each.action}`")
    return "\n".join([*lines, *(f"| {', '.join(actions)} | {why} |" for why, actions in by_why.items())]) + "\n"


def _policies() -> Iterator[str]:
    accounts = {SCOPE.administration: ADMINISTRATION, SCOPE.workload: WORKLOAD}
    for command in COMMANDS:
        for account, policy in documents(SCOPE, command).items():
            plain = json.loads(policy.to_json())
            statements = ",\n".join(f"    {json.dumps(each)}" for each in plain["Statement"])
            text = f'{{\n  "Version": "{plain["Version"]}",\n  "Statement": [\n{statements}\n  ]\n}}'
            yield f"<details><summary><code>{command}</code>, {accounts[account]} account</summary>\n"
            yield f"```json\n{text}\n```\n\n</details>\n"


if __name__ == "__main__":
    (folder("docs") / FILE).write_text(page(), encoding="utf-8")
