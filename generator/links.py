"""Where a parameter's value comes from: every value that travels between stacks, listed once.

Exports stop at a region's border (trap 45), so stacks are tied by links: ``deploy`` reads the output of
one stack and passes it to another as a parameter override. Nothing is passed that can be computed. The
sources are data; the planner resolves them and a test holds that both ends of each link exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Where(Enum):
    """Which instance of a stack an output is read from, seen from the instance that takes it in."""

    SAME = "the same region"
    PARTNER = "the partner of the pair"
    PAIR = "the pair's requesting side"
    DNS = "the DNS home region"
    OTHERS = "every other data region"
    OTHERS_ABOUT_SAME = "every other data region's instance about this region"
    DATA = "every data region"
    FIRST = "the first data region"
    SECOND = "the second data region"


class Form(Enum):
    """How the outputs of several regions become one value."""

    ONE = "the output itself"
    SLOTS = "a list filled up with none, in the regions' order"
    LIST = "a list"
    PAIRS = "a list of region=value"


@dataclass(frozen=True)
class Setting:
    """A key of the environment file, or what follows from it alone; ``key`` says which."""

    key: str


@dataclass(frozen=True)
class Computed:
    """A name or number that :mod:`generator.naming` or the catalogue computes."""

    what: str


@dataclass(frozen=True)
class Observed:
    """What only AWS can tell, asked by ``deploy`` before the stack is made."""

    what: str


@dataclass(frozen=True)
class Output:
    """An output of another stack."""

    stack: str
    output: str
    where: Where = Where.SAME
    form: Form = Form.ONE


Source = Setting | Computed | Observed | Output
