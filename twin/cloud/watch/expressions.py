"""What an alarm's ``Metrics`` compute: metric math, and Metrics Insights over dimensions; pure.

CloudWatch User Guide, "Using math expressions with CloudWatch metrics" and "Query components and syntax in CloudWatch
Metrics Insights". Known are numbers, ids, ``+ - * /``, parentheses, ``FILL(id, number | REPEAT)``, ``MAX``, ``MIN`` and
``SUM`` of an array, and ``SELECT FUNCTION(metric) FROM SCHEMA(…) [WHERE dimension = 'value' AND …]``. Everything else
raises :class:`~twin.cloud.watch.evaluation.UnsupportedError`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from twin.cloud.watch.evaluation import UnsupportedError

Series = tuple[float | None, ...]
"""A value for each period, oldest first; None where there is none."""

_SELECT = re.compile(
    r'SELECT\s+(?P<stat>AVG|COUNT|MAX|MIN|SUM)\((?P<name>\w+)\)\s+FROM\s+SCHEMA\("(?P<space>[^"]+)"(?P<keys>(?:,\s*\w+)*)\)'
    r"(?:\s+WHERE\s+(?P<where>.+))?",
    re.IGNORECASE,
)
_EQUALS = re.compile(r"(\w+)\s*=\s*'([^']*)'")
_STATISTICS = {"AVG": "Average", "COUNT": "SampleCount", "MAX": "Maximum", "MIN": "Minimum", "SUM": "Sum"}
_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float | None]] = {
    ast.Add: lambda one, other: one + other,
    ast.Sub: lambda one, other: one - other,
    ast.Mult: lambda one, other: one * other,
    ast.Div: lambda one, other: one / other if other else None,
}
_ARRAYS: Mapping[str, Callable[[Sequence[float]], float]] = {"MAX": max, "MIN": min, "SUM": sum}


@dataclass(frozen=True)
class Query:
    """A Metrics Insights query over one namespace: which metrics, of which all points are put together."""

    statistic: str
    namespace: str
    name: str
    keys: frozenset[str]
    where: Mapping[str, str]

    def takes(self, dimensions: Mapping[str, str]) -> bool:
        """Tell whether a metric with exactly the schema's dimensions is one of those asked for."""
        return frozenset(dimensions) == self.keys and all(dimensions[key] == value for key, value in self.where.items())


def query(text: str) -> Query | None:
    """Return the expression as a query, None when it is metric math. Raises UnsupportedError."""
    if not text.lstrip().upper().startswith("SELECT"):
        return None
    found = _SELECT.fullmatch(text.strip())
    if found is None:
        raise UnsupportedError(f"the query {text}")
    conditions = re.split(r"\s+AND\s+", found["where"] or "", flags=re.IGNORECASE) if found["where"] else []
    pairs = [_EQUALS.fullmatch(each.strip()) for each in conditions]
    if not all(pairs):
        raise UnsupportedError(f"the condition {found['where']} of a query")
    where = {pair[1]: pair[2] for pair in pairs if pair}
    keys = frozenset(key.strip() for key in found["keys"].split(",") if key.strip())
    return Query(_STATISTICS[found["stat"].upper()], found["space"], found["name"], keys, where)


def compute(text: str, known: Mapping[str, Series]) -> Series:
    """Return what metric math says of the series by id. Raises UnsupportedError."""
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise UnsupportedError(f"the expression {text}") from error
    length = max((len(each) for each in known.values()), default=0)
    return _Math(text, known, length).value(tree)


@dataclass(frozen=True)
class _Math:
    text: str
    known: Mapping[str, Series]
    length: int

    def value(self, node: ast.AST) -> Series:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return (float(node.value),) * self.length
        if isinstance(node, ast.Name) and node.id in self.known:
            return self.known[node.id]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return tuple(None if each is None else -each for each in self.value(node.operand))
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            together = _OPERATORS[type(node.op)]
            pairs = zip(self.value(node.left), self.value(node.right), strict=True)
            return tuple(None if one is None or other is None else together(one, other) for one, other in pairs)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            return self._called(node.func.id, node.args)
        raise UnsupportedError(f"the expression {self.text}")

    def _called(self, name: str, arguments: list[ast.expr]) -> Series:
        if name == "FILL" and len(arguments) == 2:
            return self._filled(self.value(arguments[0]), arguments[1])
        if name in _ARRAYS and len(arguments) == 1 and isinstance(arguments[0], ast.List):
            columns = zip(*(self.value(each) for each in arguments[0].elts), strict=True)
            present = [[each for each in column if each is not None] for column in columns]
            return tuple(_ARRAYS[name](each) if each else None for each in present)
        raise UnsupportedError(f"the function {name} in the expression {self.text}")

    def _filled(self, series: Series, how: ast.expr) -> Series:
        repeats = isinstance(how, ast.Name) and how.id == "REPEAT"
        filler = (None,) * self.length if repeats else self.value(how)
        found: list[float | None] = []
        for value, instead in zip(series, filler, strict=True):
            last = found[-1] if repeats and found else instead
            found.append(last if value is None else value)
        return tuple(found)
