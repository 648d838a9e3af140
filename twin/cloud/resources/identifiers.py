"""Parameters of AWS's own types: CloudFormation looks up that what they name is in the account and region.

Source: CloudFormation User Guide, "Specify existing resources at runtime with CloudFormation-supplied parameter
types": a value that does not exist is a validation error, before a stack is made.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from twin.cloud.resources.services import module

_NAME = "_resolve_parameters"
_OURS = "_looks_parameters_up"
_STORES = {
    "AWS::EC2::SecurityGroup::Id": "_security_groups",
    "AWS::EC2::Subnet::Id": "_subnets",
    "AWS::EC2::VPC::Id": "_vpcs",
}


def offer() -> None:
    """Look parameters up when a stack is made or changed; a second time changes nothing."""
    package = importlib.import_module("ministack.services.cloudformation")
    own = getattr(importlib.import_module("ministack.services.cloudformation.engine"), _NAME)
    if hasattr(own, _OURS):
        return

    def resolve(template: dict[str, Any], *given: Any, **more: Any) -> Any:
        resolved = own(template, *given, **more)
        for name, declared in (template.get("Parameters") or {}).items():
            kind = str(declared.get("Type", "")).removeprefix("List<").removesuffix(">")
            if kind in _STORES:
                _look_up(name, kind, resolved.get(name, {}).get("Value"))
        return resolved

    setattr(resolve, _OURS, True)
    for each in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        found = importlib.import_module(each.name)
        if each.name.rpartition(".")[2] != "engine" and getattr(found, _NAME, None) is own:
            setattr(found, _NAME, resolve)


def _look_up(name: str, kind: str, value: Any) -> None:
    given = value if isinstance(value, list) else str(value or "").split(",")
    for each in filter(None, (str(one).strip() for one in given)):
        if each not in getattr(module("ec2"), _STORES[kind]):
            raise ValueError(
                f"Parameter validation failed: parameter value {each} for parameter name {name} does not exist"
            )
