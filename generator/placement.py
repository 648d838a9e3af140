"""Which instances of which stacks an environment has: one stack, in one region, about at most one partner.

Pure: an environment in, instances out. The same stack in the same region may have several instances (one a
partner), and each of these is a StackSet of its own, since a StackSet has one instance in a region.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from generator import naming
from generator.catalog import STACKS, Place, Stack
from generator.config import Environment

_TWO = 2


@dataclass(frozen=True)
class Instance:
    """One stack in one region.

    account: the account that it is deployed in.
    stackset: the StackSet that it is an instance of; for a plain stack, its name.
    partner: the other region of the pair, or the region that a marker is about; empty for all others.
    """

    stack: str
    account: str
    region: str
    stackset: str
    partner: str = ""


def instances(environment: Environment) -> tuple[Instance, ...]:
    """Return every instance of the environment, in the catalogue's order and the regions' order."""
    return tuple(
        Instance(stack.name, account, region, _stackset(environment, stack, pair), partner)
        for stack in STACKS
        if _needed(environment, stack)
        for account in _accounts(environment, stack)
        for region, partner, pair in _PLACES[stack.place](environment)
    )


def _accounts(environment: Environment, stack: Stack) -> tuple[str, ...]:
    """Return the accounts: the workload's, the administration's, or for the roles of StackSets both."""
    both = (environment.accounts.administration, environment.accounts.workload)
    if stack.place is Place.ADMINISTRATION:
        return both[:1]
    return tuple(dict.fromkeys(both)) if stack.place is Place.ACCOUNTS else both[1:]


def _needed(environment: Environment, stack: Stack) -> bool:
    two = len(environment.data_regions) == _TWO
    needs = {
        "stackset-roles": environment.permission_model == "self-managed",
        "records-failover": two,
        "records-weighted": not two,
        "backup": environment.backup is not None,
    }
    return needs.get(stack.name, True)


def _stackset(environment: Environment, stack: Stack, of: tuple[str, ...]) -> str:
    return "-".join((naming.STACKSET.of(suffix=environment.suffix), stack.name, *of))


_Spot = tuple[str, str, tuple[str, ...]]


def _each(environment: Environment) -> Iterator[_Spot]:
    for region in environment.all_regions:
        yield region.name, "", ()


def _data(environment: Environment) -> Iterator[_Spot]:
    for region in environment.data_regions:
        yield region.name, "", ()


def _others(environment: Environment) -> Iterator[_Spot]:
    for about in environment.data_regions:
        for region in environment.data_regions:
            if region != about:
                yield region.name, about.name, (about.name,)


def _requesting(environment: Environment) -> Iterator[_Spot]:
    for first, second in environment.pairs:
        yield first.name, second.name, (first.name, second.name)


def _accepting(environment: Environment) -> Iterator[_Spot]:
    for first, second in environment.pairs:
        yield second.name, first.name, (first.name, second.name)


_PLACES: dict[Place, Callable[[Environment], Iterator[_Spot]]] = {
    Place.ADMINISTRATION: lambda environment: iter([(environment.dns_region, "", ())]),
    Place.ACCOUNTS: lambda environment: iter([(environment.dns_region, "", ())]),
    Place.ALL: _each,
    Place.DATA: _data,
    Place.ORIGIN: lambda environment: iter([(environment.origin.name, "", ())]),
    Place.DNS: lambda environment: iter([(environment.dns_region, "", ())]),
    Place.REQUESTING: _requesting,
    Place.ACCEPTING: _accepting,
    Place.OTHERS: _others,
}
