"""DynamoDB for state tables: items by key, strongly consistent reads, writes that happen only if a condition holds.

What of the condition language the functions and the state machine use, and nothing else; anything more is refused
loudly. A test makes the same calls here and at moto's DynamoDB and compares the answers.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

Item = dict[str, Any]
Condition = Callable[[Mapping[str, Any], Mapping[str, str], Mapping[str, Any]], bool]
"""``condition(item, names, values)``"""


class ConditionFailedError(ClientError):
    """What botocore raises when a condition did not hold."""

    def __init__(self) -> None:
        code = "ConditionalCheckFailedException"
        error = {"Code": code, "Message": "The conditional request failed"}
        answer: Any = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}
        super().__init__(answer, "PutItem")


class Exceptions:
    """A client's ``exceptions``."""

    ConditionalCheckFailedException = ConditionFailedError


class Table:
    """One state table; its methods are the operations of a client."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Item] = {}

    def operations(self) -> dict[str, Callable[..., Any]]:
        """Return the operations by the names of a client's methods."""
        return {
            "get_item": self.get_item,
            "put_item": self.put_item,
            "delete_item": self.delete_item,
            "query": self.query,
        }

    def names(self, kind: str) -> list[str]:
        """Return the names of all items of a kind."""
        return sorted(name for of, name in self.items if of == kind)

    def get_item(self, TableName: str, Key: Item, ConsistentRead: bool = False) -> dict[str, Any]:
        assert ConsistentRead, "a decision that reads what it has just written must see it"
        item = self.items.get(_key(Key))
        return {} if item is None else {"Item": dict(item)}

    def put_item(self, TableName: str, Item: Item, **told: Any) -> dict[str, Any]:
        self._check(_key(Item), told)
        self.items[_key(Item)] = dict(Item)
        return {}

    def delete_item(self, TableName: str, Key: Item, **told: Any) -> dict[str, Any]:
        self._check(_key(Key), told)
        self.items.pop(_key(Key), None)
        return {}

    def query(self, TableName: str, KeyConditionExpression: str, ConsistentRead: bool, **told: Any) -> dict[str, Any]:
        condition = _compiled(KeyConditionExpression)
        names, values = told.get("ExpressionAttributeNames", {}), told.get("ExpressionAttributeValues", {})
        _, _, hole = KeyConditionExpression.split(" AND ", maxsplit=1)[0].partition(" = ")
        kind = values[hole]["S"]  # a query names its partition
        keys = sorted(key for key in self.items if key[0] == kind)
        found = [dict(self.items[key]) for key in keys if condition(self.items[key], names, values)]
        return {"Items": found, "Count": len(found)}

    def _check(self, key: tuple[str, str], told: Mapping[str, Any]) -> None:
        if "ConditionExpression" not in told:
            return
        condition = _compiled(told["ConditionExpression"])
        names, values = told.get("ExpressionAttributeNames", {}), told.get("ExpressionAttributeValues", {})
        if not condition(self.items.get(key, {}), names, values):
            raise ConditionFailedError


def _key(item: Mapping[str, Any]) -> tuple[str, str]:
    return item["kind"]["S"], item["name"]["S"]


@functools.cache
def _compiled(text: str) -> Condition:
    """Return a condition: alternatives of conjunctions, as in the language (``AND`` binds closer than ``OR``)."""
    parts = [[_term(term.strip()) for term in part.split(" AND ")] for part in text.split(" OR ")]
    return lambda item, names, values: any(all(term(item, names, values) for term in part) for part in parts)


def _term(text: str) -> Condition:
    if found := re.fullmatch(r"attribute_not_exists\(([#\w]+)\)", text):
        return lambda item, names, values, name=found[1]: names.get(name, name) not in item  # type: ignore[misc]
    if found := re.fullmatch(r"begins_with\(([#\w]+), (:\w+)\)", text):
        one, prefix = found[1], found[2]
        return lambda item, names, values: _value(item, names.get(one, one), "").startswith(values[prefix]["S"])
    found = re.fullmatch(r"([#\w]+) (=|<) (:\w+)", text)
    assert found, f"a condition that this table does not know: {text}"
    name, sign, hole = found[1], found[2], found[3]

    def compared(item: Mapping[str, Any], names: Mapping[str, str], values: Mapping[str, Any]) -> bool:
        attribute = item.get(names.get(name, name))
        if attribute is None or set(attribute) != set(values[hole]):
            return False
        have, want = _value(item, names.get(name, name), None), _plain(values[hole])
        return bool(have == want if sign == "=" else have < want)

    return compared


def _value(item: Mapping[str, Any], name: str, missing: Any) -> Any:
    return _plain(item[name]) if name in item else missing


def _plain(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    return float(content) if kind == "N" else content
