"""The partition keys that a call of DynamoDB touches: the condition key ``dynamodb:LeadingKeys``.

Amazon DynamoDB Developer Guide, "Using IAM policy conditions for fine-grained access control": the values of the
table's (or index's) hash key; a scan has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from twin.cloud.emulator import module

_EQUAL = re.compile(r"(?P<name>#?[\w.]+)\s*=\s*(?P<value>:\w+)")


def leading_keys(given: Mapping[str, Any]) -> list[str] | None:
    """Return the values of the hash key in a call's parameters, ``None`` where it names none."""
    found = [value for value in _values(given) if value]
    return found or None


def _values(given: Mapping[str, Any]) -> Iterator[str]:
    name = str(given.get("TableName") or "")
    if name:
        key = _hash_key(name, str(given.get("IndexName") or ""))
        for item in (given.get("Item"), given.get("Key")):
            yield _scalar((item or {}).get(key))
        yield from _queried(given, key)
    for table, asked in dict(given.get("RequestItems") or {}).items():
        key = _hash_key(table, "")
        for item in _batched(asked):
            yield _scalar(item.get(key))


def _batched(asked: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(asked, Mapping):
        yield from asked.get("Keys") or ()
        return
    for each in asked or ():
        yield (each.get("PutRequest") or {}).get("Item") or (each.get("DeleteRequest") or {}).get("Key") or {}


def _queried(given: Mapping[str, Any], key: str) -> Iterator[str]:
    names = given.get("ExpressionAttributeNames") or {}
    values = given.get("ExpressionAttributeValues") or {}
    for found in _EQUAL.finditer(str(given.get("KeyConditionExpression") or "")):
        if names.get(found["name"], found["name"]) == key:
            yield _scalar(values.get(found["value"]))
    for value in (given.get("KeyConditions") or {}).get(key, {}).get("AttributeValueList") or ():
        yield _scalar(value)


def _hash_key(table: str, index: str) -> str:
    """Return the name of the hash key of the table, or of its index, in the account and region at hand."""
    held = module("services.dynamodb")._tables.get(table.rpartition("/")[2]) or {}
    indexes = [*(held.get("GlobalSecondaryIndexes") or ()), *(held.get("LocalSecondaryIndexes") or ())]
    schema = next((each for each in indexes if each.get("IndexName") == index), held).get("KeySchema") or ()
    return next((str(each["AttributeName"]) for each in schema if each.get("KeyType") == "HASH"), "")


def _scalar(value: Any) -> str:
    return str(next(iter(value.values()))) if isinstance(value, Mapping) and value else ""
