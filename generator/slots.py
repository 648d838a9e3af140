"""Lists whose length belongs to the environment, in templates that must not know it.

A template can't repeat a resource or a property for each element of a parameter without a transform
(``Fn::ForEach``), and service-managed StackSets refuse transforms (trap 79). So a list parameter has a
fixed number of slots, filled up with the word ``none`` (``Fn::Select`` refuses an index that is not
there, and an empty element is not one), and a condition a slot says whether it is taken. The bound is
always a limit of AWS's own, so no environment that AWS accepts is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from troposphere import Equals, If, Not, NoValue, Ref, Select, Template

NONE = "none"
"""What an absent value is written as."""

PARTNERS = 10
"""Most other data regions: a global database has one primary and up to ten secondary regions (Aurora User
Guide, "Configuration requirements of an Amazon Aurora global database")."""

REGIONS_OPTED_IN = 10
"""Most opt-in regions of one environment."""

ZONES = 3
PEOPLE = 5


def pad(values: Iterable[str], size: int) -> str:
    """Return a list parameter's value: the values, then ``none`` up to ``size``, joined by commas.

    Raises ValueError when there are more values than slots.
    """
    taken = tuple(values)
    if len(taken) > size:
        raise ValueError(f"{len(taken)} values for {size} slots")
    return ",".join(taken + (NONE,) * (size - len(taken)))


@dataclass(frozen=True)
class Slots:
    """The slots of one list parameter; ``required`` ones are always taken and need no condition."""

    parameter: str
    size: int
    required: int = 0

    def condition(self, index: int) -> str:
        """Return the name of the condition that says whether the slot is taken."""
        return f"Has{self.parameter}{index + 1}"

    def declare(self, template: Template) -> None:
        """Add the slots' conditions to the template."""
        for index in range(self.required, self.size):
            template.add_condition(self.condition(index), Not(Equals(self.value(index), NONE)))

    def value(self, index: int) -> Select:
        """Return the slot's value."""
        return Select(index, Ref(self.parameter))

    def each(self, item: Callable[[Any, int], Any]) -> list[Any]:
        """Return ``item(value, index)`` for every slot, each left out where the slot is not taken."""
        return [self.only(index, item(self.value(index), index)) for index in range(self.size)]

    def only(self, index: int, item: Any) -> Any:
        """Return ``item``, left out where the slot is not taken."""
        return item if index < self.required else If(self.condition(index), item, NoValue)
