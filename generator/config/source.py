"""A file into plain values, with the line of every key; whatever can't be that is told as problems.

The file comes from a person and may be anything. So it is bounded before it is parsed (its kind and
size), its events are looked at before a tree is made of them (anchors, which can multiply without end,
and depth), and the tree is turned into values by hand (keys that come twice, tags that ask for objects).
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from generator.config.problems import EnvironmentFileError, KeyPath, Problem, dotted, printable
from generator.reader import Loader

LARGEST = 256 * 1024
"""Bytes. The longest environment that AWS accepts (eleven data regions) is under 10 KiB."""

DEEPEST = 16
"""Levels of nesting; the model has four."""

_SCALARS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null")}


@dataclass
class Source:
    """An environment file as values; ``lines`` has the line of each key and item, counted from 1."""

    file: str
    values: dict[str, Any]
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: KeyPath) -> int:
        """Return the line of a path, or of the nearest part above it that the file has, or 0."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)

    def problem(self, path: KeyPath, message: str, hint: str = "") -> Problem:
        """Return a problem at ``path``."""
        return Problem(self.file, self.line(path), printable(dotted(path)), printable(message), printable(hint))


def read(path: Path) -> Source:
    """Return the file's values and lines; keys that come twice are in ``problems``.

    Raises EnvironmentFileError when there is no mapping in it that can be looked at further.
    """
    text = _text(path)
    try:
        _refuse_dangers(path, text)
        node = yaml.compose(text, Loader=Loader)
    except yaml.YAMLError as error:
        raise _refused(path, *_syntax(error)) from None
    except (ValueError, RecursionError) as error:
        raise _refused(path, 0, f"is not YAML: {error}", "see stacksets/example.yaml") from None
    if node is None:
        raise _refused(path, 0, "is empty", "start from stacksets/example.yaml")
    if not isinstance(node, yaml.MappingNode):
        raise _refused(path, node.start_mark.line + 1, "is not a mapping of keys", "start from stacksets/example.yaml")
    source = Source(str(path), {})
    source.values = _value(source, (), node)
    return source


def closest(word: str, known: list[str]) -> str:
    """Return ``did you mean X?`` when a known word is near, else the list of them."""
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"


def _text(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise _refused(path, 0, "is a folder", "name the file in it")
        if not stat.S_ISREG(mode):
            raise _refused(path, 0, "is no regular file", "name a YAML file")
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise _refused(path, 0, "does not exist", "python -m generator validate stacksets/example.yaml") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _refused(path, 0, f"can't be read: {reason.lower()}", "check its path and permissions") from None
    if len(raw) > LARGEST:
        raise _refused(path, 0, f"is larger than {LARGEST // 1024} KiB", "an environment file is a few kilobytes")
    if b"\0" in raw:
        raise _refused(path, 0, "is binary", "an environment file is YAML text in UTF-8")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _refused(path, line, "is not text in UTF-8", "save it as UTF-8") from None


def _refuse_dangers(path: Path, text: str) -> None:
    depth = documents = 0
    for event in yaml.parse(text, Loader=Loader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        anchor = getattr(event, "anchor", None)
        if anchor:
            raise _refused(path, line, f"uses the anchor or alias {anchor}", "write the value out")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
        if depth > DEEPEST:
            raise _refused(path, line, f"is nested deeper than {DEEPEST} levels", "see stacksets/example.yaml")
        if documents > 1:
            raise _refused(path, line, "holds more than one document", "one file, one environment")


def _value(source: Source, path: KeyPath, node: Any) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _mapping(source, path, node)
    if isinstance(node, yaml.SequenceNode):
        return tuple(_item(source, (*path, index), item) for index, item in enumerate(node.value))
    if node.tag not in _SCALARS:
        return node.value
    try:
        return yaml.constructor.SafeConstructor().construct_object(node)
    except (ValueError, yaml.YAMLError):
        return node.value


def _item(source: Source, path: KeyPath, node: Any) -> Any:
    source.lines[path] = node.start_mark.line + 1
    return _value(source, path, node)


def _mapping(source: Source, path: KeyPath, node: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, line, child in _keys(source, path, node):
        here = (*path, key)
        if key in values:
            first = source.lines[here]
            source.problems.append(
                Problem(
                    source.file,
                    line,
                    printable(dotted(here)),
                    f"comes twice, first in line {first}",
                    "keep one of them",
                )
            )
            continue
        source.lines[here] = line
        values[key] = _value(source, here, child)
    return values


def _keys(source: Source, path: KeyPath, node: Any) -> Iterator[tuple[str, int, Any]]:
    for key, child in node.value:
        line = key.start_mark.line + 1
        if isinstance(key, yaml.ScalarNode):
            yield key.value, line, child
        else:
            source.problems.append(Problem(source.file, line, dotted(path), "has a key that is no word", "remove it"))


def _syntax(error: yaml.YAMLError) -> tuple[int, str, str]:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = getattr(error, "problem", None) or str(error).splitlines()[0]
    return (
        (mark.line + 1 if mark else 0),
        f"is not YAML: {said}",
        "check the indentation, colons and quotes there",
    )


def _refused(path: Path, line: int, message: str, hint: str) -> EnvironmentFileError:
    return EnvironmentFileError([Problem(str(path), line, "", printable(message), hint)])
