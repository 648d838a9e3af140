"""Conditions that ask for the account or the region: the emulator takes such a reference for a text.

Source: CloudFormation User Guide, "Condition functions" and "Pseudo parameters reference".
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from twin.cloud.resources.services import here

_NAME = "_evaluate_conditions"
_OURS = "_knows_pseudo_parameters"


def offer() -> None:
    """Give the evaluation of conditions the pseudo parameters; a second time changes nothing."""
    package = importlib.import_module("ministack.services.cloudformation")
    engine = importlib.import_module("ministack.services.cloudformation.engine")
    own = getattr(engine, _NAME)
    if hasattr(own, _OURS):
        return

    def evaluate(template: dict[str, Any], parameters: dict[str, Any]) -> Any:
        account, region = here()
        pseudo = {"AWS::AccountId": account, "AWS::Partition": "aws", "AWS::Region": region,
                  "AWS::URLSuffix": "amazonaws.com"}  # fmt: skip
        return own(template, {**{name: {"Value": value} for name, value in pseudo.items()}, **parameters})

    setattr(evaluate, _OURS, True)
    for each in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        found = importlib.import_module(each.name)
        if getattr(found, _NAME, None) is own:
            setattr(found, _NAME, evaluate)
