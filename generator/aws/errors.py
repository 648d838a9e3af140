"""What AWS refused, as an error for people: the call, the place, the service's words, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions
from botocore.parsers import ResponseParserError

from generator.errors import CloudError

SILENCE = (exceptions.HTTPClientError, exceptions.ConnectionError)
"""What botocore raises when nobody answers: time-outs, refused and dropped connections, names unknown.

The two have only ``BotoCoreError`` in common: whoever connects in vain gets the second (botocore's exceptions).
"""

_HINTS = {
    "AccessDenied": "the caller lacks a right; docs/deploying.md lists those that each command needs",
    "AccessDeniedException": "the caller lacks a right; docs/deploying.md lists those that each command needs",
    "UnauthorizedOperation": "the caller lacks a right; docs/deploying.md lists those that each command needs",
    "ExpiredToken": "sign in again: the credentials have expired",
    "ExpiredTokenException": "sign in again: the credentials have expired",
    "InvalidClientTokenId": "the access key is not one that AWS knows, or the region is not enabled for the account",
    "UnrecognizedClientException": "the access key is not one that AWS knows, or the region is not enabled",
    "Throttling": "AWS asked to be called less often, for longer than was waited; run the command again",
    "ThrottlingException": "AWS asked to be called less often, for longer than was waited; run the command again",
    "ServiceUnavailable": "the service failed by itself, each time it was asked; run the command again",
    "InternalFailure": "the service failed by itself, each time it was asked; run the command again",
    "InternalError": "the service failed by itself, each time it was asked; run the command again",
}


def code(error: exceptions.ClientError) -> str:
    """Return the service's code of a refusal, such as ``AccessDenied``."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def told(region: str, doing: str) -> Iterator[None]:
    """Turn what botocore raises within into a :class:`CloudError`; ``doing`` says what was tried, in words."""
    try:
        yield
    except exceptions.ClientError as error:
        said = error.response.get("Error", {}).get("Message", "") or str(error)
        raise CloudError(
            f"{doing} in {region}: {code(error)}: {said}".replace("\n", " "), hint=_HINTS.get(code(error), "")
        ) from error
    except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError, exceptions.ProfileNotFound) as error:
        raise CloudError(
            f"no AWS credentials: {error}",
            hint="set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; or try --local, which needs none",
        ) from error
    except (exceptions.BotoCoreError, ResponseParserError) as error:
        raise CloudError(
            f"{doing} in {region}: {error}", hint="is the region, or the way to it, down? run the command again"
        ) from error
