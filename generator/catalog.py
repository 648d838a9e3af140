"""Which stacks there are, where each is deployed, and after which others.

The order among stacks is not written down twice: a stack comes after those whose outputs it takes in
(:mod:`generator.inputs` says so for every parameter), and ``after`` names only what no parameter shows.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from enum import Enum
from types import ModuleType

from troposphere import Template

from generator.inputs import BY_NAME, Input
from generator.links import Output
from generator.shape import Shape


class Place(Enum):
    """Where a stack is deployed."""

    ADMINISTRATION = "once, in the administration account, as a plain stack"
    ACCOUNTS = "once in each account, as a plain stack"
    ALL = "every region"
    DATA = "every data region"
    ORIGIN = "the origin region"
    DNS = "the DNS home region"
    REQUESTING = "the first region of each pair"
    ACCEPTING = "the second region of each pair"
    OTHERS = "every other data region, once for each data region"


@dataclass(frozen=True)
class Stack:
    """One template and where it goes.

    name: of the template and, with the suffix, of its StackSet. place: where it is deployed. after: stacks
    that must be there first though no parameter shows it. needs: what an environment must have for it.
    inline: whether its body is small enough for the API, or is uploaded by ``deploy``.
    """

    name: str
    place: Place
    after: tuple[str, ...] = ()
    needs: str = ""
    inline: bool = True

    @property
    def plain(self) -> bool:
        """Tell whether it is a stack of its own, and no StackSet's."""
        return self.place in (Place.ADMINISTRATION, Place.ACCOUNTS)

    @property
    def module(self) -> ModuleType:
        """Return the module that builds it."""
        return importlib.import_module("generator.stacks." + self.name.replace("-", "_"))

    @property
    def doc(self) -> str:
        """Return what the stack is for, as its module says."""
        return (self.module.__doc__ or "").strip()

    def build(self, shape: Shape) -> Template:
        """Return the template in that shape."""
        template: Template = self.module.build(shape)
        return template

    def inputs(self, shape: Shape) -> tuple[Input, ...]:
        """Return the stack's parameters in that shape."""
        return tuple(BY_NAME[name] for name in self.build(shape).parameters)

    def links(self, shape: Shape) -> tuple[Output, ...]:
        """Return the outputs of other stacks that this one takes in, in that shape."""
        return tuple(each.source for each in self.inputs(shape) if isinstance(each.source, Output))


STACKS = (
    Stack("deployment", Place.ADMINISTRATION),
    Stack("stackset-roles", Place.ACCOUNTS, after=("deployment",), needs="permission_model: self-managed"),
    Stack("keys", Place.ALL, after=("deployment", "stackset-roles")),
    Stack("artifacts", Place.ALL),
    Stack("network", Place.ALL),
    Stack("peering-request", Place.REQUESTING),
    Stack("peering-accept", Place.ACCEPTING),
    Stack("global-database", Place.ORIGIN, after=("deployment", "stackset-roles")),
    Stack("recovery", Place.ALL, inline=False),
    Stack("database", Place.DATA, after=("global-database",)),
    Stack("storage", Place.DATA),
    Stack("probe", Place.ALL, after=("peering-accept",)),
    Stack("marker", Place.OTHERS, after=("probe",)),
    Stack("zone", Place.DNS, after=("deployment", "stackset-roles")),
    Stack("health", Place.DATA),
    Stack("records-failover", Place.DNS, needs="two data regions"),
    Stack("records-weighted", Place.DATA, needs="three data regions or more"),
    Stack("observability", Place.DATA),
    Stack("backup", Place.DATA, after=("database",), needs="backup"),
)
"""Every stack, in an order in which they can be deployed."""


NAMES = tuple(each.name for each in STACKS)


def stack(name: str) -> Stack:
    """Return the stack of that name. Raises KeyError when there is none."""
    return dict(zip(NAMES, STACKS, strict=True))[name]
