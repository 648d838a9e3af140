"""Requests and answers of StackSets in the query protocol, in the shapes of botocore's service model."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from twin.cloud.stacksets.parameters import Given
from twin.cloud.stacksets.refusal import RefusalError, invalid

NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
PAGE = 100
_NUMBERS = ("FailureToleranceCount", "FailureTolerancePercentage", "MaxConcurrentCount", "MaxConcurrentPercentage")
_IGNORED = ("Action", "Version")

Reply = tuple[int, dict[str, str], bytes]


class Request:
    """One request: its parameters, and who asked where."""

    def __init__(self, parameters: Mapping[str, Any], account: str, region: str) -> None:
        self.account = account
        self.region = region
        self.plain = {name: str(value[0] if isinstance(value, list) else value) for name, value in parameters.items()}

    def text(self, name: str, default: str = "") -> str:
        """Return a parameter's text."""
        return self.plain.get(name, default)

    def needed(self, name: str) -> str:
        """Return a parameter's text. Raises :class:`RefusalError` when it is missing."""
        value = self.text(name)
        if not value:
            raise invalid(f"{name} is required")
        return value

    def true(self, name: str) -> bool:
        """Tell whether a parameter is set to true."""
        return self.text(name).lower() == "true"

    def given(self, name: str) -> bool:
        """Tell whether a parameter, structure or list was sent, an empty list too."""
        return any(each == name or each.startswith(f"{name}.") for each in self.plain)

    def texts(self, name: str) -> list[str]:
        """Return a list of texts."""
        found: list[str] = []
        while value := self.text(f"{name}.member.{len(found) + 1}"):
            found.append(value)
        return found

    def parameters(self, name: str) -> Given | None:
        """Return a list of parameters, None when it was not sent at all."""
        if not self.given(name):
            return None
        found: dict[str, str | None] = {}
        for prefix in self._members(name, "ParameterKey"):
            previous = self.true(f"{prefix}.UsePreviousValue")
            if previous and f"{prefix}.ParameterValue" in self.plain:
                raise invalid("You can't specify both ParameterValue and UsePreviousValue")
            found[self.text(f"{prefix}.ParameterKey")] = None if previous else self.text(f"{prefix}.ParameterValue")
        return found

    def tags(self) -> dict[str, str]:
        """Return the tags."""
        found = self._members("Tags", "Key")
        return {self.text(f"{prefix}.Key"): self.text(f"{prefix}.Value") for prefix in found}

    def filters(self) -> dict[str, list[str]]:
        """Return the filters: name → the value or values that pass."""
        found = {}
        for prefix in self._members("Filters", "Name"):
            values = self.text(f"{prefix}.Values")
            found[self.text(f"{prefix}.Name")] = [values] if values else self.texts(f"{prefix}.Values")
        return found

    def preferences(self) -> dict[str, Any]:
        """Return the preferences of an operation."""
        root = "OperationPreferences"
        found: dict[str, Any] = {}
        for name in ("RegionConcurrencyType", "ConcurrencyMode"):
            if value := self.text(f"{root}.{name}"):
                found[name] = value
        for name in _NUMBERS:
            if value := self.text(f"{root}.{name}"):
                found[name] = int(value)
        if order := self.texts(f"{root}.RegionOrder"):
            found["RegionOrder"] = order
        return found

    def targets(self) -> dict[str, Any]:
        """Return the deployment targets, empty when there are none."""
        root = "DeploymentTargets"
        found: dict[str, Any] = {}
        for name in ("Accounts", "OrganizationalUnitIds"):
            if values := self.texts(f"{root}.{name}"):
                found[name] = values
        for name in ("AccountFilterType", "AccountsUrl"):
            if value := self.text(f"{root}.{name}"):
                found[name] = value
        return found

    def without(self, *names: str) -> dict[str, str]:
        """Return everything that was asked for but those parameters, to compare a repetition with."""
        return {name: value for name, value in self.plain.items() if name not in (*_IGNORED, *names)}

    def _members(self, name: str, key: str) -> list[str]:
        found: list[str] = []
        while f"{name}.member.{len(found) + 1}.{key}" in self.plain:
            found.append(f"{name}.member.{len(found) + 1}")
        return found


def page(request: Request, items: Sequence[Any]) -> tuple[Sequence[Any], str]:
    """Return the items of the page that was asked for, and the token of the next one; empty on the last."""
    size = int(request.text("MaxResults") or PAGE)
    if not 1 <= size <= PAGE:
        raise invalid(f"MaxResults must be between 1 and {PAGE}")
    token = request.text("NextToken")
    if token and not token.isdigit():
        raise invalid("Invalid NextToken")
    start = int(token or 0)
    return items[start : start + size], str(start + size) if start + size < len(items) else ""


def listed(request: Request, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return an answer with a page of summaries."""
    shown, token = page(request, items)
    return {"Summaries": list(shown), "NextToken": token or None}


def pairs(values: Mapping[str, str], key: str = "ParameterKey", value: str = "ParameterValue") -> list[dict[str, str]]:
    """Return a mapping as the list of pairs that the API has for it."""
    return [{key: name, value: text} for name, text in values.items()]


def answer(action: str, result: Mapping[str, Any] | None) -> Reply:
    """Return the answer of an action; None stands for one without a result's element."""
    inner = "" if result is None else f"<{action}Result>{_inside(result)}</{action}Result>"
    metadata = f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata>"
    body = f'<{action}Response xmlns="{NAMESPACE}">{inner}{metadata}</{action}Response>'
    return 200, {"Content-Type": "text/xml"}, body.encode()


def refused(refusal: RefusalError) -> Reply:
    """Return the answer that refuses."""
    inner = f"<Type>Sender</Type><Code>{refusal.code}</Code><Message>{escape(str(refusal))}</Message>"
    body = (
        f'<ErrorResponse xmlns="{NAMESPACE}"><Error>{inner}</Error>'
        f"<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
    )
    return refusal.status, {"Content-Type": "text/xml"}, body.encode()


def _inside(value: Any) -> str:
    if isinstance(value, Mapping):
        shown = {name: each for name, each in value.items() if each is not None}
        return "".join(f"<{name}>{_inside(each)}</{name}>" for name, each in shown.items())
    if isinstance(value, list | tuple):
        return "".join(f"<member>{_inside(each)}</member>" for each in value)
    if isinstance(value, bool):
        return str(value).lower()
    return escape(str(value))
