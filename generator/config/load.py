"""A path into an :class:`Environment`, or every problem of the file at once.

A file with one wrong field is still checked for contradictions: the wrong field is repaired for the time
being (its default, or a harmless value), the checks run, and what they say about a repaired field is
dropped, since it is not the person's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from generator.config.checks import CONTRADICTIONS, DOUBTS, Found
from generator.config.complaints import complaint
from generator.config.model import Environment
from generator.config.problems import EnvironmentFileError, KeyPath, Problem
from generator.config.source import Source, read

_ROUNDS = 6
_MISSING: dict[str, Any] = {
    "suffix": "x",
    "accounts": {"workload": "111122223333"},
    "workload": "111122223333",
    "administration": "111122223333",
    "regions": {"eu-west-1": {"role": "origin", "range": "192.0.2.0/25"}},
    "role": "standby",
    "range": "192.0.2.0/25",
    "dns": {"domain": "db.example.com"},
    "domain": "db.example.com",
    "database": {"engine_version": "16.8"},
    "engine_version": "16.8",
    "people": ("oncall@example.com",),
}


def load(path: Path | str) -> Environment:
    """Return the environment that the file describes.

    Raises EnvironmentFileError, which holds every problem: of the file, of its fields, and between them.
    """
    source = read(Path(path))
    problems = list(source.problems)
    environment, errors = _validated(source.values)
    problems += [source.problem(*complaint(error)) for error in errors if not _second_hand(error, source)]
    unknown: set[KeyPath] = set()
    if environment is None:
        environment, unknown = _repaired(source.values)
    if environment is not None:
        problems += _told(source, environment, CONTRADICTIONS, unknown)
    if problems or environment is None:
        raise EnvironmentFileError(dict.fromkeys(problems))
    return environment


def warnings(environment: Environment, path: Path | str = "") -> tuple[Problem, ...]:
    """Return what is doubtful though not refused, with lines when the file's path is given."""
    source = read(Path(path)) if path else Source("", {})
    return tuple(_told(source, environment, DOUBTS, set()))


def _validated(values: dict[str, Any]) -> tuple[Environment | None, list[Any]]:
    try:
        return Environment.model_validate(values), []
    except ValidationError as error:
        return None, error.errors(include_url=False)


def _second_hand(error: Any, source: Source) -> bool:
    """Tell whether the error is about the administration account's default, which repeats the workload's."""
    place = tuple(error["loc"])
    return place == ("accounts", "administration") and place not in source.lines


def _told(source: Source, environment: Environment, checks: Iterable[Any], unknown: set[KeyPath]) -> Iterator[Problem]:
    for check in checks:
        found: Found
        for found in check(environment):
            if not any(_spoils(repaired, found) for repaired in unknown):
                yield source.problem(found.key, found.message, found.hint)


def _spoils(repaired: KeyPath, found: Found) -> bool:
    """Tell whether what was found follows from a value that was put in place of the person's."""
    if found.key[: len(repaired)] == repaired:
        return True
    shorter = ((path, min(len(path), len(repaired))) for path in found.also)
    return any(path[:length] == repaired[:length] for path, length in shorter)


def _repaired(values: dict[str, Any]) -> tuple[Environment | None, set[KeyPath]]:
    unknown: set[KeyPath] = set()
    for _ in range(_ROUNDS):
        environment, errors = _validated(values)
        if environment is not None:
            return environment, unknown
        for error in errors:
            place: KeyPath = tuple(part for part in error["loc"] if part != "[key]")
            unknown.add(place)
            values = _mended(values, place)
    return None, unknown


def _mended(values: Any, place: KeyPath) -> Any:
    """Return the values without what is wrong at ``place``: left out where a default can stand in."""
    if not place:
        return {}
    if isinstance(values, tuple):
        return tuple(
            _mended(item, place[1:]) if len(place) > 1 else item
            for index, item in enumerate(values)
            if index != place[0] or len(place) > 1
        )
    if not isinstance(values, dict):
        return values
    key = str(place[0])
    if len(place) > 1 and key in values and isinstance(values[key], dict | tuple):
        return {**values, key: _mended(values[key], place[1:])}
    if key in _MISSING:
        return {**values, key: _MISSING[key]}
    return {name: value for name, value in values.items() if name != key}
