"""What a function is told by its environment, read once into a frozen type.

A handler declares a frozen dataclass that extends :class:`Settings` and reads it with :func:`read`. A
field ``reader_host`` is the variable ``DR_READER_HOST``; its annotation says how the text is understood:

====================== ======================================= ==========================
annotation             text                                    the text ``none``
====================== ======================================= ==========================
``str``                as it stands                            as it stands
``int``                a whole number                          refused
``float``              a number above 0, as ``10`` or ``0.5``  refused
``str | None``         as it stands                            ``None``
``tuple[str, ...]``    ``a,b,c``                               ``()``
``Mapping[str, str]``  ``a=b,c=d``                             ``{}``
====================== ======================================= ==========================

A variable that is missing or empty is refused, whatever its annotation: a template that forgot one must
not look like one that said ``none``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, TypeVar, get_type_hints

NONE = "none"
"""What stands for "absent": CloudFormation can't leave a variable out without a condition."""

REGION = "AWS_REGION"
"""Set by Lambda itself (Lambda Developer Guide, "Defined runtime environment variables")."""


class SettingsError(ValueError):
    """The environment lacks variables or holds some that can't be understood; names every one."""


@dataclass(frozen=True)
class Settings:
    """What every function is told.

    region: the region that the function runs in (``AWS_REGION``).
    suffix: the environment's name.
    table: the state table of this region.
    data_regions, witness_regions: all regions of the environment, this one included.
    """

    region: str
    suffix: str
    table: str
    data_regions: tuple[str, ...]
    witness_regions: tuple[str, ...]

    @property
    def other_data_regions(self) -> tuple[str, ...]:
        """Return the data regions without this one, in the environment's order."""
        return tuple(region for region in self.data_regions if region != self.region)

    def table_in(self, region: str) -> str:
        """Return the name of the state table in ``region``: names carry the region and nothing else."""
        return self.table.replace(self.region, region)


S = TypeVar("S", bound=Settings)


def read(kind: type[S], environment: Mapping[str, str]) -> S:
    """Return ``environment`` as ``kind``.

    Raises :class:`SettingsError`, which names every variable that is missing or not understood.
    """
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    problems: list[str] = []
    for field in fields(kind):
        variable = REGION if field.name == "region" else "DR_" + field.name.upper()
        text = environment.get(variable, "").strip()
        if not text:
            problems.append(f"{variable} is missing")
            continue
        try:
            values[field.name] = _parser(hints[field.name])(text)
        except ValueError as error:
            problems.append(f"{variable} {error}")
    if problems:
        raise SettingsError("; ".join(problems))
    return kind(**values)


def _parser(hint: Any) -> Callable[[str], Any]:
    parsers: dict[Any, Callable[[str], Any]] = {
        str: str,
        int: _whole,
        float: _seconds,
        str | None: lambda text: None if text == NONE else text,
        tuple[str, ...]: _words,
        Mapping[str, str]: _pairs,
    }
    return parsers[hint]


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"is not a whole number: {text!r}") from None


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise ValueError(f"is not a number above 0: {text!r}")
    return value


def _words(text: str) -> tuple[str, ...]:
    return () if text == NONE else tuple(word.strip() for word in text.split(",") if word.strip())


def _pairs(text: str) -> Mapping[str, str]:
    pairs: dict[str, str] = {}
    for word in _words(text):
        key, equals, value = word.partition("=")
        if not (equals and key and value):
            raise ValueError(f"is not a list of region=value: {word!r}")
        pairs[key] = value
    return MappingProxyType(pairs)
