"""The state table: one a region, read and written in that region (see :mod:`recovery.signals`).

Every read is strongly consistent (DynamoDB Developer Guide, "DynamoDB read consistency"): a decision
that reads what it has just written must see it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recovery import signals
from recovery.state import View

WRITER = "writer"
REPLICA = "replica"
UNKNOWN = "unknown"
"""The roles that a view may report."""


def view_item(view: View) -> dict[str, Any]:
    """Return ``view`` as an item's attributes, in DynamoDB's types.

    ``supersedes`` stands only in a region's own view, ``lag_seconds`` only when it is known.
    """
    plain: dict[str, Any] = {
        signals.KEY_KIND: signals.VIEW,
        signals.KEY_NAME: signals.view_name(view.voter, view.about),
        "voter": view.voter,
        "about": view.about,
        "role": view.role,
        "writer": view.writer,
        "reached": view.reached,
        "reason": view.reason,
        "at_ms": view.at_ms,
        "valid_until_ms": view.valid_until_ms,
    }
    if view.lag_seconds is not None:
        plain["lag_seconds"] = view.lag_seconds
    if view.voter == view.about:
        plain["supersedes"] = list(view.supersedes)
    return encode_item(plain)


def item_view(item: Mapping[str, Any]) -> View:
    """Return the view in ``item`` (DynamoDB's types). Raises ``KeyError`` for an attribute that is missing."""
    plain = decode_item(item)
    lag = plain.get("lag_seconds")
    return View(
        voter=plain["voter"],
        about=plain["about"],
        role=plain["role"],
        writer=plain["writer"],
        reached=plain["reached"],
        reason=plain["reason"],
        at_ms=int(plain["at_ms"]),
        valid_until_ms=int(plain["valid_until_ms"]),
        lag_seconds=None if lag is None else float(lag),
        supersedes=tuple(plain.get("supersedes", ())),
    )


class StateTable:
    """The state table called ``name``, by a DynamoDB client of its region. Errors are botocore's own."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self.name = name

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        """Return an item as plain values, or ``None`` when there is none."""
        answer = self._client.get_item(TableName=self.name, Key=_key(kind, name), ConsistentRead=True)
        item = answer.get("Item")
        return None if item is None else decode_item(item)

    def put(self, kind: str, name: str, attributes: Mapping[str, Any]) -> None:
        """Write an item whole, in place of whatever had its key."""
        item = _key(kind, name) | encode_item(attributes)
        self._client.put_item(TableName=self.name, Item=item)

    def put_if(  # noqa: PLR0913, PLR0917 - a key, an item, and a condition with its holes
        self,
        kind: str,
        name: str,
        attributes: Mapping[str, Any],
        condition: str,
        values: Mapping[str, Any] | None = None,
        names: Mapping[str, str] | None = None,
    ) -> bool:
        """Write an item when ``condition`` holds; return whether it did.

        condition: a ConditionExpression; ``values`` (``{":holder": "a"}``) and ``names`` fill its holes.
        """
        return self.put_item_if(_key(kind, name) | encode_item(attributes), condition, values, names)

    def put_item_if(
        self,
        item: Mapping[str, Any],
        condition: str,
        values: Mapping[str, Any] | None = None,
        names: Mapping[str, str] | None = None,
    ) -> bool:
        """Write an item that is in DynamoDB's types already when ``condition`` holds; return whether."""
        request = {"TableName": self.name, "Item": dict(item), "ConditionExpression": condition}
        return self._held(self._client.put_item, request, values, names)

    def delete(self, kind: str, name: str) -> None:
        """Delete an item; deleting what does not exist is fine."""
        self._client.delete_item(TableName=self.name, Key=_key(kind, name))

    def delete_if(
        self,
        kind: str,
        name: str,
        condition: str,
        values: Mapping[str, Any] | None = None,
        names: Mapping[str, str] | None = None,
    ) -> bool:
        """Delete an item when ``condition`` holds; return whether it did."""
        request: dict[str, Any] = {
            "TableName": self.name,
            "Key": _key(kind, name),
            "ConditionExpression": condition,
        }
        return self._held(self._client.delete_item, request, values, names)

    def items(self, kind: str, prefix: str = "") -> list[dict[str, Any]]:
        """Return all items of ``kind`` whose name starts with ``prefix``, by name, as plain values."""
        return [decode_item(item) for item in self._query(kind, prefix)]

    def views(self, voter: str = "") -> list[View]:
        """Return the views of ``voter``, or of all voters, by name."""
        prefix = signals.view_name(voter, "") if voter else ""
        return [item_view(item) for item in self._query(signals.VIEW, prefix)]

    def put_view(self, view: View) -> None:
        """Write ``view`` in place of the one before."""
        self._client.put_item(TableName=self.name, Item=view_item(view))

    def superseded(self) -> tuple[str, ...]:
        """Return the regions that this table's region has taken over from and not yet let go."""
        return tuple(item[signals.KEY_NAME] for item in self.items(signals.SUPERSEDED_ITEM))

    def _query(self, kind: str, prefix: str) -> list[dict[str, Any]]:
        condition, values = "#kind = :kind", {":kind": encode(kind)}
        names = {"#kind": signals.KEY_KIND}
        if prefix:
            condition += " AND begins_with(#name, :prefix)"
            values[":prefix"] = encode(prefix)
            names["#name"] = signals.KEY_NAME
        request: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
            "ConsistentRead": True,
        }
        found: list[dict[str, Any]] = []
        while True:
            answer = self._client.query(**request)
            found += answer.get("Items", [])
            if "LastEvaluatedKey" not in answer:
                return found
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _held(
        self,
        call: Any,
        request: dict[str, Any],
        values: Mapping[str, Any] | None,
        names: Mapping[str, str] | None,
    ) -> bool:
        if values:
            request["ExpressionAttributeValues"] = encode_item(values)
        if names:
            request["ExpressionAttributeNames"] = dict(names)
        try:
            call(**request)
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def encode_item(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping of plain values as attributes in DynamoDB's types; ``None`` values are left out."""
    return {key: encode(value) for key, value in plain.items() if value is not None}


def decode_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item's attributes as plain values; a number is an ``int`` when it is whole."""
    return {key: decode(value) for key, value in item.items()}


def encode(value: Any) -> dict[str, Any]:
    """Return one plain value in DynamoDB's types (API reference, ``AttributeValue``).

    Raises ``TypeError`` for a type that no item holds.
    """
    if isinstance(value, bool):  # before int: a bool is one
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, int | float):
        return {"N": repr(value)}
    if isinstance(value, Mapping):
        return {"M": encode_item(value)}
    if isinstance(value, Sequence):
        return {"L": [encode(element) for element in value]}
    raise TypeError(f"no item holds a {type(value).__name__}")


def decode(value: Mapping[str, Any]) -> Any:
    """Return one attribute as a plain value."""
    ((kind, content),) = value.items()
    if kind == "N":
        return float(content) if any(mark in content for mark in ".eE") else int(content)
    if kind == "L":
        return [decode(element) for element in content]
    if kind == "M":
        return decode_item(content)
    if kind == "NULL":
        return None
    return content


def _key(kind: str, name: str) -> dict[str, Any]:
    return {signals.KEY_KIND: encode(kind), signals.KEY_NAME: encode(name)}
