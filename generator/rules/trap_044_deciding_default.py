"""Trap 44: a parameter's default decides a region's role."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.rules._finding import CLOUDFORMATION, Finding, TrapRule
from generator.rules._reading import Reading
from generator.rules._values import mapping

WORDS = frozenset({"primary", "secondary", "origin", "standby", "active", "passive", "writer", "home"})
_ROLE = re.compile(r"(?:^|[a-z])(Primary|Origin|Active|Writer|Home|Secondary|Standby)(?![a-z])")


class DecidingDefault(TrapRule):
    """Finds where a parameter's default decides a region's role."""

    id = "W9044"
    shortdesc = "A parameter's default decides a region's role"
    description = (
        "A new parameter is deployed with its default in every region before any override reaches it. "
        "A default that makes a region the writer, or home, does so everywhere at once."
    )
    source_url = CLOUDFORMATION + "APIReference/API_UpdateStackInstances.html"
    tags = ("trap 44", "stacksets")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return parameters whose default is one of the words or truth values of a role."""
        for name, parameter in template.parameters.items():
            default = mapping(parameter).get("Default")
            if not isinstance(default, str) or not isinstance(name, str):
                continue
            taken = default.lower() in ("true", "yes") and _ROLE.search(name)
            if taken or default.lower() in WORDS:
                message = f"default {default} is deployed everywhere first; use one that does nothing, or none"
                yield Finding(("Parameters", name, "Default"), message)
