"""The regions of a simulated environment, and what is called what in them."""

from __future__ import annotations

A, B, C, W = "eu-west-1", "eu-central-1", "eu-south-1", "eu-north-1"
SUFFIX = "example"
ACCOUNT = "111122223333"
FENCE_ROLES = f"arn:aws:iam::{ACCOUNT}:role/dr-example-{{region}}-fence"
SHORT = {A: "A", B: "B", C: "C", W: "W"}


def table(region: str) -> str:
    """Return the state table's name."""
    return f"dr-example-{region}-state"


def topic(region: str) -> str:
    """Return the topic's ARN."""
    return f"arn:aws:sns:{region}:{ACCOUNT}:dr-example-{region}-notices"


def machine(region: str) -> str:
    """Return the state machine's ARN."""
    return f"arn:aws:states:{region}:{ACCOUNT}:stateMachine:dr-example-{region}-recovery"


def acl(region: str) -> str:
    """Return the id of the data subnets' network ACL; it tells its region by its last characters."""
    return f"acl-0aaaaaaaaaaaaaaa{'ABCW'.index(SHORT[region])}"
