"""What a function's code imports, found by reading it: nothing is run, and nothing is listed twice."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Final

from generator.errors import UsageError
from generator.resources import folder

PURE: Final = "recovery"
"""The package that functions share with the command line; whatever of it is imported travels along."""


def handlers() -> tuple[str, ...]:
    """Return the names of the functions: the modules of ``lambda/`` that define ``handler``."""
    return tuple(
        path.stem
        for path in sorted(folder("lambda").glob("*.py"))
        if any(isinstance(node, ast.FunctionDef) and node.name == "handler" for node in _tree(path).body)
    )


def follow(name: str) -> tuple[dict[str, Path], dict[str, Path]]:
    """Return our own modules that the function called ``name`` may import, and the others' that they name.

    The first maps names within a package to files, the second an imported top-level module, the standard
    library's too, to a file that imports it. Raises UsageError when there is no such function.
    """
    start = place(name)
    if start is None:
        raise UsageError(f"there is no function called {name}", hint=f"one of {', '.join(handlers())}")
    ours: dict[str, Path] = {}
    others: dict[str, Path] = {}
    waiting = [start]
    while waiting:
        inside, path = waiting.pop()
        if inside in ours:
            continue
        ours[inside] = path
        for imported in _imported(path):
            found = place(imported)
            if found is None:
                others.setdefault(imported, path)
            else:
                waiting.append(found)
    return ours, others


@cache
def place(module: str) -> tuple[str, Path] | None:
    """Return a module's name within a package and its file, or ``None`` when it is not one of ours."""
    parts = module.split(".")
    if parts[0] != PURE:
        path = folder("lambda") / f"{module}.py"
        return (path.name, path) if path.is_file() else None
    inside = PurePosixPath(*parts)
    for choice in (inside.with_suffix(".py"), inside / "__init__.py"):
        path = folder(PURE).parent / choice
        if path.is_file():
            return str(choice), path
    return None


def _imported(path: Path) -> tuple[str, ...]:
    """Return what the module at ``path`` may import when it runs, inside functions too."""
    return _named(path, path.stat().st_mtime_ns)


@cache
def _named(path: Path, changed: int) -> tuple[str, ...]:
    """Return the same, kept until the file changes: nine functions share most of their modules."""
    return tuple(_names(_parsed(path, changed)))


def _names(tree: ast.Module) -> Iterator[str]:
    for node in _running(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _packages_of(alias.name)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from _packages_of(node.module)
            for alias in node.names:
                if node.module.split(".")[0] == PURE and place(f"{node.module}.{alias.name}"):
                    yield f"{node.module}.{alias.name}"


def _packages_of(module: str) -> Iterator[str]:
    """Yield a module of ``recovery`` with the packages above it, and of others the top alone."""
    parts = module.split(".")
    depth = len(parts) if parts[0] == PURE else 1
    yield from (".".join(parts[: end + 1]) for end in range(depth))


_BLOCKS: Final = ("body", "orelse", "finalbody", "handlers", "cases")
"""Where a statement keeps statements: an import is one, so expressions need not be walked."""


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """Yield all statements below ``node`` but those that only a type checker sees."""
    for block in _BLOCKS:
        for child in getattr(node, block, ()):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                continue
            yield child
            yield from _running(child)


def _tree(path: Path) -> ast.Module:
    return _parsed(path, path.stat().st_mtime_ns)


@cache
def _parsed(path: Path, _changed: int) -> ast.Module:
    return ast.parse(path.read_bytes(), filename=str(path))
