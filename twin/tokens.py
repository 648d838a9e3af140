"""IAM database tokens, checked the way RDS checks them: by computing the signature again.

A token is a presigned URL without its scheme (Aurora User Guide, "Connecting to your DB cluster using IAM
authentication"). It is checked against IAM User Guide "Create a signed AWS API request" with nothing but
the standard library, so that the signer under test and this judge share no code.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote

ALGORITHM = "AWS4-HMAC-SHA256"
LONGEST_SECONDS = 900
FUTURE_SECONDS = 300


class TokenError(Exception):
    """The token is refused; the message says why (a client is never told)."""


@dataclass(frozen=True)
class Credentials:
    """An identity's keys; ``token`` is the session token of temporary ones."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Claim:
    """What a token must be for."""

    hosts: tuple[str, ...]
    port: int
    user: str
    region: str


def check_token(token: str, claim: Claim, known: Callable[[str], Credentials | None], now: float) -> str:
    """Return the access key that ``token`` was signed with, if it proves ``claim`` at ``now`` (seconds since 1970).

    known: the credentials behind an access key. Raises :class:`TokenError` otherwise.
    """
    place, _, query = token.partition("/?")
    fields = dict(parse_qsl(query, keep_blank_values=True))
    if place not in {f"{host}:{claim.port}" for host in claim.hosts}:
        raise TokenError(f"the token is for {place or 'nothing'}")
    if fields.get("Action") != "connect" or fields.get("DBUser") != claim.user:
        raise TokenError(f"the token is not for signing in as {claim.user}")
    if fields.get("X-Amz-Algorithm") != ALGORITHM:
        raise TokenError("the token is not signed with signature version 4")
    access_key, day, region, service, end = _scope(fields.get("X-Amz-Credential", ""))
    if (region, service, end) != (claim.region, "rds-db", "aws4_request"):
        raise TokenError(f"the token is for {service} in {region}")
    _check_time(fields, day, now)
    credentials = known(access_key)
    if credentials is None or fields.get("X-Amz-Security-Token") != credentials.token:
        raise TokenError("the token's credentials are not known")
    expected = _signature(credentials.secret_key, place, fields, (day, region, service, end))
    if not hmac.compare_digest(expected, fields.get("X-Amz-Signature", "")):
        raise TokenError("the signature does not match")
    return access_key


def _scope(credential: str) -> list[str]:
    parts = credential.split("/")
    if len(parts) != 5:
        raise TokenError("the token's credential has no scope")
    return parts


def _check_time(fields: dict[str, str], day: str, now: float) -> None:
    try:
        signed = datetime.strptime(fields["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        valid = int(fields["X-Amz-Expires"])
    except (KeyError, ValueError):
        raise TokenError("the token has no time") from None
    age = now - signed.timestamp()
    if not fields["X-Amz-Date"].startswith(day) or not 0 < valid <= LONGEST_SECONDS:
        raise TokenError("the token's times contradict each other")
    if age > valid:
        raise TokenError(f"the token expired {age - valid:.0f} s ago")
    if age < -FUTURE_SECONDS:
        raise TokenError("the token was signed in the future")


def _signature(secret: str, host: str, fields: dict[str, str], scope: tuple[str, ...]) -> str:
    pairs = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in fields.items()
        if name != "X-Amz-Signature"
    )
    query = "&".join(f"{name}={value}" for name, value in pairs)
    empty = hashlib.sha256(b"").hexdigest()
    request = "\n".join(["GET", "/", query, f"host:{host}", "", "host", empty])
    digest = hashlib.sha256(request.encode()).hexdigest()
    to_sign = "\n".join([ALGORITHM, fields["X-Amz-Date"], "/".join(scope), digest])
    key = ("AWS4" + secret).encode()
    for part in scope:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
