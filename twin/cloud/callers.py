"""Who makes a call: the role and, where it is one, the function behind an access key."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Caller:
    """The one behind an access key.

    principal: the ARN of the session or the root of the account. role: the ARN of the session's role, or empty.
    function: the ARN of the function that holds the session, its role's or one that it assumed; or empty.
    """

    account: str
    principal: str
    function: str = ""
    role: str = ""

    @property
    def region(self) -> str:
        """Return the region of the function, empty when it is none."""
        return self.function.split(":")[3] if self.function else ""


def caller(access_key: str) -> Caller | None:
    """Return who is behind ``access_key``; ``None`` when nobody is."""
    if access_key.isdigit():
        return Caller(access_key, f"arn:aws:iam::{access_key}:root")
    from twin.cloud.policies.evaluation import role_arn
    from twin.cloud.policies.sessions import function_of, session

    found = session(access_key)
    if found is None:
        return None
    arn = str(found["Arn"])
    role = role_arn(arn)
    return Caller(arn.split(":")[4], arn, function_of(access_key), role if role != arn else "")
