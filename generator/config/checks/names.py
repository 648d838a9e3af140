"""Names that the suffix makes too long for a service, in the region with the longest name.

The suffix's own form (lower-case letters and digits, a letter first) is more than S3 ("General purpose bucket
naming rules") and RDS (``CreateDBCluster``) ask: it has no hyphen so that no policy of one environment
matches another's names. What remains is length.
"""

from __future__ import annotations

from collections.abc import Iterator

from generator import naming
from generator.config.checks.found import Check, Found
from generator.config.model import Environment
from generator.inputs import FUNCTIONS

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
