"""Mapping templates of API Gateway, as far as ours go: ``#if … #else … #end``, ``#set``, ``$input.path``, ``$context``.

API Gateway Developer Guide, "Mapping template transformations for REST APIs in API Gateway". What is not known is
refused with :class:`~twin.cloud.watch.evaluation.UnsupportedError`, never passed through.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twin.cloud.watch.evaluation import UnsupportedError

_TOKEN = re.compile(
    r"#(?P<word>if|set)\((?P<inner>(?:[^()]|\([^()]*\))*)\)[ \t]*\n?|#(?P<bare>else|end)\b[ \t]*\n?"
    r"|\$(?P<name>input\.path\('[^']*'\)|context(?:\.\w+)+)"
)
_UNKNOWN = re.compile(r"#(?:elseif|foreach|macro|parse|include|evaluate|define|stop|break|if|set)\b|\$!?\{?[A-Za-z]\w*")
"""Velocity's other directives, and references to what is not known. Other words after the sign are plain text."""
_COMPARED = re.compile(r"\s*(?P<left>.+?)\s*(?P<how>==|!=)\s*(?P<right>.+?)\s*")
_ASSIGNED = re.compile(r"\s*\$context\.(?P<path>responseOverride\.status)\s*=\s*(?P<value>.+?)\s*")


def render(template: str, body: str, context: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the text that a template makes of a body, and the context as the template leaves it.

    Raises UnsupportedError for what is not known here.
    """
    page = _Page(body, copy.deepcopy(dict(context)))
    text, taken, place = [], [True], 0
    for token in _TOKEN.finditer(template):
        text.append(_plain(template[place : token.start()]) if all(taken) else "")
        place = token.end()
        if token["word"] == "if":
            taken.append(all(taken) and page.holds(token["inner"]))
        elif token["bare"] and len(taken) == 1:
            raise UnsupportedError(f"#{token['bare']} without #if")
        elif token["bare"] == "else":
            taken[-1] = all(taken[:-1]) and not taken[-1]
        elif token["bare"] == "end":
            taken.pop()
        elif all(taken):
            text.append(page.assign(token["inner"]) if token["word"] else page.shown(f"${token['name']}"))
    if len(taken) > 1:
        raise UnsupportedError("#if without #end")
    return "".join(text) + _plain(template[place:]), page.context


def _plain(text: str) -> str:
    unknown = _UNKNOWN.search(text)
    if unknown:
        raise UnsupportedError(f"{unknown[0]} in a mapping template")
    return text


@dataclass
class _Page:
    body: str
    context: dict[str, Any]

    def holds(self, condition: str) -> bool:
        compared = _COMPARED.fullmatch(condition)
        if compared is None:
            raise UnsupportedError(f"#if({condition})")
        same = bool(self.value(compared["left"]) == self.value(compared["right"]))
        return same == (compared["how"] == "==")

    def assign(self, text: str) -> str:
        assigned = _ASSIGNED.fullmatch(text)
        if assigned is None:
            raise UnsupportedError(f"#set({text})")
        self.context["responseOverride"] = {"status": self.value(assigned["value"])}
        return ""

    def shown(self, reference: str) -> str:
        value = self.value(reference)
        return value if isinstance(value, str) else json.dumps(value)

    def value(self, text: str) -> Any:
        path = re.fullmatch(r"\$input\.path\('\$((?:\.\w+)*)'\)", text)
        if path:
            return _walk(json.loads(self.body), path[1])
        if text.startswith("$context."):
            return _walk(self.context, text.removeprefix("$context"))
        if re.fullmatch(r"-?\d+", text):
            return int(text)
        if re.fullmatch(r"'[^']*'|\"[^\"]*\"", text):
            return text[1:-1]
        raise UnsupportedError(f"{text} in a mapping template")


def _walk(value: Any, path: str) -> Any:
    for name in path.split(".")[1:]:
        if not isinstance(value, Mapping) or name not in value:
            return ""
        value = value[name]
    return value
