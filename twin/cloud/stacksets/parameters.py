"""The values of a StackSet's parameters, and of an instance's overrides: purely.

API Reference, "CreateStackInstances" and "UpdateStackInstances", ParameterOverrides: a value overrides;
``UsePreviousValue`` leaves an override as it is; an override that is left out of a given list goes back to the
StackSet's value; without a list all stay (trap 44). "UpdateStackSet": overrides survive it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.cloud.stacksets.refusal import invalid

Given = Mapping[str, str | None]
"""Parameters as a request gave them: the value, or None for ``UsePreviousValue``."""


def declared(template: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the parameters that a parsed template declares."""
    return dict(template.get("Parameters") or {})


def unknown(template: Mapping[str, Any], given: Given) -> None:
    """Refuse parameters that the template does not have."""
    strangers = [name for name in given if name not in declared(template)]
    if strangers:
        raise invalid(f"Parameters: [{', '.join(strangers)}] do not exist in the template")


def stackset_values(template: Mapping[str, Any], given: Given, before: Mapping[str, str]) -> dict[str, str]:
    """Return the StackSet's value of every parameter: the given one, the one before if so asked, or the default.

    Raises :class:`RefusalError` for parameters that are unknown or would have no value.
    """
    unknown(template, given)
    values: dict[str, str] = {}
    missing = []
    for name, declaration in declared(template).items():
        previous = before.get(name) if name in given and given[name] is None else None
        value = given.get(name) if given.get(name) is not None else previous
        if value is None and "Default" in declaration:
            value = _text(declaration["Default"])
        if value is None:
            missing.append(name)
        else:
            values[name] = value
    if missing:
        raise invalid(f"Parameters: [{', '.join(missing)}] must have values")
    return values


def overrides(template: Mapping[str, Any], given: Given | None, before: Mapping[str, str]) -> dict[str, str]:
    """Return an instance's overrides after a request that gave a list, or none at all (None)."""
    kept = {name: value for name, value in before.items() if name in declared(template)}
    if given is None:
        return kept
    unknown(template, given)
    found = {name: kept.get(name) if value is None else value for name, value in given.items()}
    return {name: value for name, value in found.items() if value is not None}


def instance_values(
    template: Mapping[str, Any], stackset: Mapping[str, str], overridden: Mapping[str, str]
) -> dict[str, str]:
    """Return the values that an instance's stack is deployed with."""
    return {
        name: overridden.get(name, stackset[name]) for name in declared(template) if name in {*stackset, *overridden}
    }


def _text(default: Any) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, list):
        return ",".join(map(str, default))
    return str(default)
