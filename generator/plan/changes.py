"""What an update does to resources: added, changed, replaced or removed, told without asking AWS.

Two templates are answered with their parameters (:mod:`generator.intrinsics`) and compared. Which properties
replace is said by the resource providers' schemas (``create_only.json``). It is looked at with a pessimist's
eyes: what a schema calls sometimes replaced counts as replaced, and so does what refers, in such a
property, to a resource that is replaced.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

from generator import intrinsics
from generator.errors import CloudError
from generator.holding import WITH_ZONES
from generator.intrinsics import Resource, UnresolvedError
from generator.plan.retention import POLICIES, loosened
from generator.plan.schemas import FILE
from generator.plan.wanted import parsed
from generator.slots import PARTNERS

_EVERY = "*"
_NOTHING = object()
_LONGEST_LIST = PARTNERS + 1


@dataclass(frozen=True)
class Version:
    """A template with the parameters that it is, or would be, deployed with; a missing one has no known value."""

    template: str
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class Change:
    """What happens to one resource.

    properties: those that differ; with one that replaces, as a path such as ``HealthCheckConfig/Type``. dropped:
    those of them that the new template no longer has. certain: whether a replacement is sure, and not only
    possible. loosened: deletion policies that keep less than before, in words.
    """

    logical_id: str
    type: str
    kind: Literal["added", "changed", "replaced", "removed"]
    properties: tuple[str, ...] = ()
    holds_data: bool = False
    dropped: tuple[str, ...] = ()
    certain: bool = True
    loosened: tuple[str, ...] = ()


@dataclass(frozen=True)
class Summary:
    """How many resources are added, changed, replaced and removed; ``data`` of the last two hold data."""

    added: int = 0
    changed: int = 0
    replaced: int = 0
    removed: int = 0
    data: int = 0

    @property
    def any(self) -> bool:
        """Tell whether there is any change at all."""
        return bool(self.added or self.changed or self.replaced or self.removed)


class UnreadableTemplateError(CloudError):
    """A deployed template that can't be compared with anything."""


def changes(old: Version | None, new: Version | None, *, region: str, account: str) -> tuple[Change, ...]:
    """Return what becomes of each resource of a stack in that region, in the templates' order.

    None is a stack that is not there, or shall not be. Raises UnreadableTemplateError when the old template can't be
    answered, and UnresolvedError when the new one can't.
    """
    if old == new:
        return ()
    try:
        before = _resources(old, region, account, frozenset())
    except UnresolvedError as error:
        raise UnreadableTemplateError(
            f"a template that is deployed in {region} can't be read: {error}",
            hint="was it changed by hand? update that stack once with the built template, in the console",
        ) from error
    after = _resources(new, region, account, frozenset())
    found = dict(_compared(before, after))
    replaced: frozenset[str] = frozenset()
    while (now := frozenset(name for name, each in found.items() if each.kind == "replaced")) != replaced:
        replaced = now
        found = dict(_compared(before, _resources(new, region, account, replaced)))
    for name, each in _rules(old, new, before, after).items():
        found[name] = _both(found[name], each) if name in found else each
    return tuple(found[name] for name in dict.fromkeys([*before, *after]) if name in found)


def summary(found: Iterable[Change]) -> Summary:
    """Return the changes, counted."""
    chosen = tuple(found)
    counted = {kind: sum(each.kind == kind for each in chosen) for kind in ("added", "changed", "replaced", "removed")}
    data = sum(each.holds_data and each.kind in ("replaced", "removed") for each in chosen)
    return Summary(**counted, data=data)


def unified(old: str, new: str, name: str) -> str:
    """Return a unified diff from the deployed template to the built one; empty when they are the same."""
    lines = difflib.unified_diff(_lines(old), _lines(new), fromfile=f"{name} (deployed)", tofile=f"{name} (built)")
    return "".join(lines)


def _lines(text: str) -> list[str]:
    return [f"{line}\n" for line in text.strip().splitlines()]


class _Renewed(Mapping[str, Any]):
    """What ``Ref`` and ``GetAtt`` give for resources that are replaced: a text that was never given before."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def __contains__(self, key: object) -> bool:
        return str(key).partition(".")[0] in self._names

    def __getitem__(self, key: str) -> str:
        return f"another {key}"

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _resources(version: Version | None, region: str, account: str, replaced: frozenset[str]) -> Mapping[str, Resource]:
    if version is None:
        return {}
    template = parsed(version.template)
    declared = template.get("Parameters") or {}
    given = {name: version.parameters[name] for name in declared if name in version.parameters}
    unknown = {
        name: _unknown(name, body["Type"])
        for name, body in declared.items()
        if name not in given and "Default" not in body
    }
    return intrinsics.deploy(
        template, {**unknown, **given}, region=region, account=account, attributes=_Renewed(replaced)
    ).resources


def _unknown(name: str, kind: str) -> str:
    """Return a value for a parameter of which none is known: long enough a list, and with what hosts are split at."""
    text = f"unknown-{name}.cluster-ro-unknown"
    return ",".join([text] * _LONGEST_LIST) if "List" in kind else text


def _compared(before: Mapping[str, Resource], after: Mapping[str, Resource]) -> Iterator[tuple[str, Change]]:
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if old is None and new is not None:
            yield name, Change(name, new.type, "added", holds_data=new.type in WITH_ZONES)
        elif new is None and old is not None:
            yield name, Change(name, old.type, "removed", holds_data=old.type in WITH_ZONES)
        elif old is not None and new is not None and (found := _changed(name, old, new)):
            yield name, found


def _changed(name: str, old: Resource, new: Resource) -> Change | None:
    holds = old.type in WITH_ZONES
    if old.type != new.type:
        return Change(name, new.type, "replaced", ("Type",), holds or new.type in WITH_ZONES)
    keys = sorted(
        key
        for key in {*old.properties, *new.properties}
        if old.properties.get(key, _NOTHING) != new.properties.get(key, _NOTHING)
    )
    if not keys:
        return None
    dropped = tuple(key for key in keys if key not in new.properties)
    always, sometimes = _replacing(old.type)
    for paths, certain in ((always, True), (sometimes, False)):
        moved = tuple(path for path in paths if _at(old.properties, path) != _at(new.properties, path))
        if moved:
            return Change(name, old.type, "replaced", moved, holds, dropped, certain)
    return Change(name, old.type, "changed", tuple(keys), holds, dropped)


def _at(value: Any, path: str) -> Any:
    """Return what is at the path, as a list for one that passes through every element of a list."""
    found = [value]
    for step in path.split("/"):
        if step == _EVERY:
            found = [each for one in found if isinstance(one, list) for each in one]
        else:
            found = [one.get(step, _NOTHING) for one in found if isinstance(one, Mapping)]
    return [each for each in found if each is not _NOTHING]


def _rules(
    old: Version | None, new: Version | None, before: Mapping[str, Resource], after: Mapping[str, Resource]
) -> dict[str, Change]:
    """Return what changes about what happens to resources when they go."""
    if old is None or new is None or old.template == new.template:
        return {}
    was, will = parsed(old.template)["Resources"], parsed(new.template)["Resources"]
    found = {}
    for name in before.keys() & after.keys():
        keys = tuple(key for key in POLICIES if was[name].get(key) != will[name].get(key))
        if keys:
            kind, less = before[name].type, loosened(was[name], will[name])
            found[name] = Change(name, kind, "changed", keys, kind in WITH_ZONES, loosened=less)
    return found


def _both(change: Change, rule: Change) -> Change:
    """Return a resource's change with what changes about its going; what replaces it stays its only properties."""
    properties = (*change.properties, *rule.properties) if change.kind == "changed" else change.properties
    return replace(change, properties=properties, loosened=rule.loosened)


def _replacing(kind: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found = _create_only().get(kind, {})
    return tuple(found.get("always", ())), tuple(found.get("sometimes", ()))


@cache
def _create_only() -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found
