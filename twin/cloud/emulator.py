"""The doors into the emulator: its modules, and the few calls that the rest of this package makes there.

MiniStack has no types and no public interface for what is done here, so its names appear in this package only.
Every call pins the account and the region, since its stores are cut up by them.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from typing import Any

_CODE = re.compile(r"<Code>(.*?)</Code>", re.DOTALL)
_MESSAGE = re.compile(r"<Message>(.*?)</Message>", re.DOTALL)


def module(name: str) -> Any:
    """Return a module of the emulator by what follows ``ministack.``."""
    return importlib.import_module(f"ministack.{name}")


@contextmanager
def scope(account: str, region: str) -> Iterator[None]:
    """Act for that account in that region inside the block; never across an ``await`` of another's work."""
    with module("core.responses").request_scope(account, region):
        yield


@dataclass(frozen=True)
class Answer:
    """What CloudFormation answered: nothing wrong when ``code`` is empty."""

    text: str
    code: str = ""
    message: str = ""


def ask(account: str, region: str, action: str, parameters: Mapping[str, Any]) -> Answer:
    """Call an action of CloudFormation in the process; the parameters are in the query protocol's form."""
    handlers = module("services.cloudformation.handlers")
    with scope(account, region):
        status, _, body = handlers._ACTION_HANDLERS[action]({name: [value] for name, value in parameters.items()})
    text = body.decode()
    if status == 200:
        return Answer(text)
    return Answer(text, _found(_CODE, text), _found(_MESSAGE, text))


def stack(account: str, region: str, name: str) -> dict[str, Any] | None:
    """Return the emulator's own record of a stack, one that was deleted too; None when there never was one."""
    found: dict[str, Any] | None = module("services.cloudformation")._stacks.get_scoped(account, region, name)
    return found


def events(account: str, region: str, stack_id: str) -> list[dict[str, str]]:
    """Return a stack's events, oldest first."""
    with scope(account, region):
        return list(module("services.cloudformation")._stack_events.get(stack_id, []))


def stacks() -> int:
    """Return how many stacks there are in all accounts and regions."""
    every = module("services.cloudformation")._stacks.to_dict().values()
    return sum(1 for each in every if each.get("StackStatus") != "DELETE_COMPLETE")


def trust(account: str, role: str) -> str | None:
    """Return the trust policy of a role as text, None when the account has no such role."""
    with scope(account, "us-east-1"):
        found = module("services.iam")._roles.get(role)
    if found is None:
        return None
    policy = found.get("AssumeRolePolicyDocument") or ""
    return policy if isinstance(policy, str) else json.dumps(policy)


def template(text: str) -> dict[str, Any]:
    """Return a template, parsed. Raises ``ValueError`` with CloudFormation's message."""
    try:
        parsed: dict[str, Any] = module("services.cloudformation.engine")._parse_template(text)
    except Exception as error:  # two parsers with errors of their own
        raise ValueError(f"Template format error: {error}") from error
    if not isinstance(parsed.get("Resources"), dict) or not parsed["Resources"]:
        raise ValueError("Template format error: At least one Resources member must be defined.")
    return parsed


def constraints(parsed: Mapping[str, Any], values: Mapping[str, str]) -> None:
    """Check values against the template's constraints. Raises ``ValueError`` with CloudFormation's message."""
    plain = {
        name: each
        for name, each in dict(parsed.get("Parameters") or {}).items()
        if not str(each.get("Type", "")).startswith("AWS::SSM::")  # those are looked up where the stack is made
    }
    given = [
        {"Key": name, "Value": value, "UsePreviousValue": False} for name, value in values.items() if name in plain
    ]
    module("services.cloudformation.engine")._resolve_parameters({"Parameters": plain}, given)


def capabilities_missing(parsed: Mapping[str, Any], given: list[str]) -> list[str]:
    """Return the capabilities that the template asks for and the request did not give."""
    handlers = module("services.cloudformation.handlers")
    required, _ = handlers._required_capabilities(parsed, strict=True)
    missing: list[str] = handlers._missing_capabilities(set(given), required)
    return missing


def body_at(account: str, region: str, url: str) -> str:
    """Return the template behind a ``TemplateURL``. Raises ``ValueError`` with CloudFormation's message."""
    helpers = module("services.cloudformation.helpers")
    with scope(account, region):
        text, refused = helpers._resolve_document({"TemplateURL": [url]}, "TemplateBody", "TemplateURL", "Template")
    if refused:
        raise ValueError(_found(_MESSAGE, refused[2].decode()))
    return str(text)


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return unescape(match[1]) if match else ""
