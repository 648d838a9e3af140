"""Calls to regions that may be dark, side by side: an answer, or the fact that there is none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from generator.aws.errors import SILENCE, code, told

_AT_A_TIME = 16
_THROTTLED = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
    }
)
_SERVER_SIDE = 500

UNHURRIED_SECONDS = 30.0
PAUSE_SECONDS = 1.0
"""For how long a call is made again that AWS asks to be made less often, and how far apart."""

Thing = TypeVar("Thing")
Answer = TypeVar("Answer")


class DarkError(Exception):
    """A region did not answer in time, or answered that it can't."""


def ask(region: str, doing: str, question: Callable[[], Answer]) -> Answer:
    """Return the answer. Raises DarkError when the region gave none, CloudError when it refused.

    A service that says 5xx after all tries, or something that is no answer of AWS, counts as dark; one that asks
    to be called less often does not.
    """
    try:
        return question()
    except (*SILENCE, ResponseParserError) as error:
        raise DarkError(f"{doing} in {region}: {error}") from error
    except ClientError as error:
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if status >= _SERVER_SIDE and code(error) not in _THROTTLED:
            raise DarkError(f"{doing} in {region}: {code(error)}") from error
        with told(region, doing):
            raise


def unhurried(question: Callable[[], Answer]) -> Answer:
    """Return the answer, asked for again for a while when AWS asks to be called less often.

    That comes beside botocore's own tries, of which a region that may be dark is given few: who throttles is not dark,
    and answers at once. Raises what the question raises.
    """
    last = time.monotonic() + UNHURRIED_SECONDS
    while True:
        try:
            return question()
        except ClientError as error:
            if code(error) not in _THROTTLED or time.monotonic() >= last:
                raise
        time.sleep(PAUSE_SECONDS)


def side_by_side(question: Callable[[Thing], Answer], things: Iterable[Thing]) -> list[Answer]:
    """Return the answers in the order of the things; the first exception of any is raised."""
    every = list(things)
    if len(every) <= 1:
        return [question(each) for each in every]
    with ThreadPoolExecutor(max_workers=min(_AT_A_TIME, len(every)), thread_name_prefix="looking") as pool:
        return list(pool.map(question, every))
