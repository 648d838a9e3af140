"""What a parameter is: its meaning, its constraints, its source, and its place in the console's form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from troposphere import Parameter, Ref, Template

from generator.links import Source
from generator.slots import NONE

ENVIRONMENT, REGION, PARTNER, NETWORK, DATABASE, STORAGE, CODE, DNS, RECOVERY = (
    "Environment",
    "This region",
    "Partner region",
    "Network",
    "Database",
    "Storage",
    "Code",
    "DNS and health",
    "Recovery",
)
GROUPS = (ENVIRONMENT, REGION, PARTNER, NETWORK, DATABASE, STORAGE, CODE, DNS, RECOVERY)

REGION_PATTERN = r"^[a-z]{2}(-[a-z]+)+-\d$"
NONE_OR = "^(none|{})$"


@dataclass(frozen=True)
class Input:
    """One parameter. ``rules`` are CloudFormation's own constraints (AllowedPattern, MinValue …)."""

    name: str
    label: str
    description: str
    group: str
    source: Source
    type: str = "String"
    rules: dict[str, Any] = field(default_factory=dict)

    @property
    def ref(self) -> Ref:
        """Return the reference that a resource uses."""
        return Ref(self.name)

    def parameter(self) -> Parameter:
        """Return the parameter as the template declares it."""
        return Parameter(self.name, Type=self.type, Description=self.description, **self.rules)


def declare(template: Template, inputs: Iterable[Input]) -> None:
    """Add the parameters to the template, and the metadata by which the console groups its form."""
    chosen = tuple(inputs)
    for each in chosen:
        template.add_parameter(each.parameter())
    groups = [
        {"Label": {"default": group}, "Parameters": [each.name for each in chosen if each.group == group]}
        for group in GROUPS
        if any(each.group == group for each in chosen)
    ]
    labels = {each.name: {"default": each.label} for each in chosen}
    template.set_metadata({"AWS::CloudFormation::Interface": {"ParameterGroups": groups, "ParameterLabels": labels}})


def pattern(text: str, says: str, **more: Any) -> dict[str, Any]:
    """Return the constraint that a value matches; ``says`` tells a person what is wanted."""
    return {"AllowedPattern": text, "ConstraintDescription": says, **more}


def optional(text: str, says: str) -> dict[str, Any]:
    """Return the constraint that a value matches or is ``none``, which is the default."""
    return pattern(NONE_OR.format(text), f"{says}, or {NONE}", Default=NONE)


def number(low: int, high: int, **more: Any) -> dict[str, Any]:
    """Return the constraint that a number lies between the two, both included."""
    return {"MinValue": low, "MaxValue": high, **more}


def choice(*values: str, **more: Any) -> dict[str, Any]:
    """Return the constraint that a value is one of these."""
    return {"AllowedValues": list(values), **more}


LIST = "CommaDelimitedList"
RANGE = r"\d{1,3}(\.\d{1,3}){3}/\d{1,2}"
ARN = r"^arn:aws[a-z-]*:.+$"
