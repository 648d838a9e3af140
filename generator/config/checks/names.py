"""Names that the suffix makes too long, or that a service refuses.

The suffix's own form (lower case, single hyphens, no hyphen at either end) is what S3 ("General purpose
bucket naming rules") and RDS (``CreateDBCluster``: no two hyphens in a row, none at the end) ask of the
names that it becomes part of; what remains is length, in the region with the longest name.
"""

from __future__ import annotations

from collections.abc import Iterator

from generator import naming
from generator.config.checks.found import Check, Found
from generator.config.model import Environment

FUNCTIONS = (
    "prove_writer",
    "bootstrap_database",
    "vote",
    "assess",
    "fence",
    "promote",
    "confirm_writer",
    "notice",
    "preflight",
)
"""The handlers in ``lambda/``; a test compares."""

_KIND_WORDS = {
    "bucket": "an S3 bucket",
    "cluster": "an RDS cluster",
    "role": "an IAM role",
    "function": "a function",
}


def limited_names() -> Iterator[naming.Name]:
    """Return every pattern of :mod:`generator.naming` that a service limits."""
    for value in vars(naming).values():
        if isinstance(value, naming.Name) and value.kind in naming.LONGEST:
            yield value
    for function in FUNCTIONS:
        yield naming.function(function)
        yield naming.role(function)


def names_too_long(environment: Environment) -> Iterator[Found]:
    """Find the kinds of names that the suffix makes too long, each once, by its longest name."""
    region = max(environment.regions, key=len)
    account = environment.accounts.workload
    longest: dict[str, str] = {}
    for name in limited_names():
        text = name.of(suffix=environment.suffix, region=region, account=account)
        longest[name.kind] = max(longest.get(name.kind, ""), text, key=len)
    for kind, text in longest.items():
        over = len(text) - naming.LONGEST[kind]
        if over > 0:
            what = _KIND_WORDS.get(kind, f"a {kind}")
            yield Found(
                ("suffix",),
                f"makes {what}'s name too long: {text} has {len(text)} characters, {naming.LONGEST[kind]} are allowed",
                f"shorten the suffix by {over}",
                (("regions",),),
            )


CONTRADICTIONS: tuple[Check, ...] = (names_too_long,)
