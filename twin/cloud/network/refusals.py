"""What services say when they throttle or fail, each with its own code in its own wire format.

Sources: the "Common Errors" page of each API reference; DynamoDB Developer Guide, "Error handling with DynamoDB"; EC2
API Reference, "Error codes"; S3 API Reference, "Error responses"; Lambda API Reference, "Invoke".
"""

from __future__ import annotations

from collections.abc import Mapping

from twin.cloud.network.outages import THROTTLES
from twin.cloud.resources.wire import Answer, Refused, refusal

_QUERY = "application/x-www-form-urlencoded"
_THROTTLED: Mapping[str, tuple[str, int]] = {
    "ec2": ("RequestLimitExceeded", 503),
    "lambda": ("TooManyRequestsException", 429),
    "s3": ("SlowDown", 503),
    "dynamodb": ("ThrottlingException", 400),
    "states": ("ThrottlingException", 400),
    "kms": ("ThrottlingException", 400),
    "ssm": ("ThrottlingException", 400),
    "secretsmanager": ("ThrottlingException", 400),
    "logs": ("ThrottlingException", 400),
    "events": ("ThrottlingException", 400),
    "scheduler": ("ThrottlingException", 429),
}
_FAILED: Mapping[str, tuple[str, int]] = {
    "ec2": ("InternalError", 500),
    "lambda": ("ServiceException", 500),
    "s3": ("InternalError", 500),
    "dynamodb": ("InternalServerError", 500),
    "sns": ("InternalError", 500),
    "kms": ("KMSInternalException", 500),
    "secretsmanager": ("InternalServiceError", 500),
}
_THROTTLING, _FAILURE = ("Throttling", 400), ("InternalFailure", 500)
"""The others': the older ones' code of a rate that is exceeded, and the common one of a failure."""


def refused(service: str, how: str) -> Refused:
    """Return the refusal of a service, by the name that calls to it are signed with."""
    if how == THROTTLES:
        code, status = _THROTTLED.get(service, _THROTTLING)
        return Refused(code, "Rate exceeded", status)
    code, status = _FAILED.get(service, _FAILURE)
    return Refused(code, "an internal error occurred (an outage that was asked for)", status)


def written(service: str, refusal_: Refused, headers: Mapping[str, str]) -> Answer:
    """Return a refusal in the wire format of the request that it answers."""
    if headers.get("x-amz-target"):
        form = "json"
    elif service == "ec2":
        form = "ec2"
    elif headers.get("content-type", "").startswith(_QUERY) or service in ("s3", "route53"):
        form = "query"
    else:
        form = "rest-json"
    return refusal(service, refusal_, form)


def denied(principal: str, reason: str) -> Refused:
    """Return the refusal of a call that an endpoint's policy does not let through."""
    return Refused("AccessDeniedException", f"{principal} is not authorized: {reason}", 403)
