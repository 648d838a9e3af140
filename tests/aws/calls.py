"""Every call of boto3 that the source makes, read from the source: for the test of the rights."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import botocore.session
from botocore import xform_name

ROOT = Path(__file__).parents[2]
PLACE = ROOT / "generator" / "aws"
_SESSION = botocore.session.get_session()

ACTIONS = {
    "lambda:Invoke": ("lambda:InvokeFunction",),
    "s3:HeadObject": ("s3:GetObject",),
    "s3:HeadBucket": ("s3:ListBucket",),
    "s3:ListObjectsV2": ("s3:ListBucket",),
    "s3:ListObjectVersions": ("s3:ListBucketVersions",),
    "s3:ListMultipartUploads": ("s3:ListBucketMultipartUploads",),
    "s3:DeleteObjects": ("s3:DeleteObject", "s3:DeleteObjectVersion"),
}
"""Operations whose action has another name (Service Authorization Reference: Amazon S3, AWS Lambda)."""

PREFIXES = {"stepfunctions": "states"}
"""Services whose actions begin otherwise than the client is called."""


@cache
def _operations(service: str) -> dict[str, str]:
    return {xform_name(name): name for name in _SESSION.get_service_model(service).operation_names}


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def modules() -> tuple[Path, ...]:
    """Return every module that may import boto3."""
    return tuple(sorted(PLACE.rglob("*.py")))


@cache
def _services(path: Path) -> frozenset[str]:
    known = set(_SESSION.get_available_services())
    found = {node.value for node in ast.walk(_tree(path)) if isinstance(node, ast.Constant) and node.value in known}
    if any(isinstance(node, ast.Attribute) and node.attr == "stacksets" for node in ast.walk(_tree(path))):
        found.add("cloudformation")
    return frozenset(map(str, found))


def _named(tree: ast.AST) -> Iterator[str]:
    """Yield what may be an operation: every attribute, and what a paginator or waiter is asked for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get_paginator":
            asked = node.args[0]
            if isinstance(asked, ast.Constant):
                yield str(asked.value)


def calls(path: Path) -> frozenset[str]:
    """Return the actions that a module's calls need; raises LookupError when a call may be of two services.

    A client that comes in as an argument has a service that some other module names.
    """
    anywhere = frozenset().union(*(_services(each) for each in modules()))
    found: set[str] = set()
    for name in set(_named(_tree(path))):
        own = [each for each in _services(path) if name in _operations(each)]
        every = own or [each for each in anywhere if name in _operations(each)]
        if len(every) > 1:
            raise LookupError(f"{path.name}: {name} may be a call of {', '.join(sorted(every))}")
        for service in every:
            action = f"{PREFIXES.get(service, service)}:{_operations(service)[name]}"
            found.update(ACTIONS.get(action, (action,)))
    return frozenset(found)


def reached(starts: Iterable[str]) -> frozenset[Path]:
    """Return the modules of the package that these import, whole, and themselves; names such as ``observe``."""
    todo = [_path(f"generator.aws.{start}") for start in starts]
    found: set[Path] = set()
    while todo:
        path = todo.pop()
        if path is None or path in found:
            continue
        found.add(path)
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("generator.aws"):
                todo.append(_path(node.module))
                todo += [_path(f"{node.module}.{alias.name}") for alias in node.names]
    return frozenset(found)


def _path(module: str) -> Path | None:
    place = ROOT.joinpath(*module.split("."))
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if path.exists():
            return path
    return None
