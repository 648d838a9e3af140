"""All StackSets, by the account and region that they live in."""

from __future__ import annotations

from twin.cloud.stacksets.model import StackSet
from twin.cloud.stacksets.refusal import no_stackset

_ALL: list[StackSet] = []


def add(stackset: StackSet) -> None:
    """Keep a new StackSet."""
    _ALL.append(stackset)


def living(account: str, region: str) -> list[StackSet]:
    """Return the StackSets of an account and region, the deleted ones too, in the order they were made."""
    return [each for each in _ALL if (each.account, each.region) == (account, region)]


def named(account: str, region: str, name: str) -> StackSet | None:
    """Return the StackSet of that name, id or ARN that is not deleted."""
    for each in living(account, region):
        if name in (each.name, each.id, each.arn) and each.status == "ACTIVE":
            return each
    return None


def find(account: str, region: str, name: str) -> StackSet:
    """Return the StackSet of that name, id or ARN. Raises :class:`RefusalError` when there is none."""
    found = named(account, region, name)
    if found is None:
        raise no_stackset(name)
    return found


def count() -> int:
    """Return how many there are in all accounts and regions."""
    return sum(1 for each in _ALL if each.status == "ACTIVE")


def clear() -> None:
    """Forget all of them."""
    _ALL.clear()
