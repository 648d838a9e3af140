"""Every call of a role, judged against the deployed policies, and noted.

| endpoint            | methods          | what it is                                                                  |
|---------------------|------------------|-----------------------------------------------------------------------------|
| ``callers``         | GET              | principal, function, service, action, region, count, denied                 |
| ``denials``         | GET, DELETE      | what was denied and why (:class:`~twin.cloud.policies.records.Denial`)      |
| ``policies/revoke`` | GET, PUT, DELETE | ``{"role": …, "action": …}``: take a right away (patterns); give all back   |

- :mod:`twin.cloud.policies.gate`         stands before the emulator: the calls that are signed with a session
- :mod:`twin.cloud.policies.calls`        what a request asks for: action, resources, condition keys
- :mod:`twin.cloud.policies.tables`       the partition keys that a call of DynamoDB touches
- :mod:`twin.cloud.policies.evaluation`   the judgement, and its reason
- :mod:`twin.cloud.policies.sessions`     who is behind an access key; the sessions of functions
- :mod:`twin.cloud.policies.acting`       services that act as a role: the scheduler, API Gateway
- :mod:`twin.cloud.policies.machines`     a state machine's own calls
- :mod:`twin.cloud.policies.replication`  S3, as the role of a replication rule
- :mod:`twin.cloud.policies.signing_in`   IAM database tokens
- :mod:`twin.cloud.policies.records`      what was called, denied and taken away
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twin.cloud.policies import records

ENDPOINTS: Mapping[tuple[str, str], Callable[[Any], Any]] = {
    ("callers", "GET"): records.callers,
    ("denials", "GET"): records.denials,
    ("denials", "DELETE"): records.forget,
    ("policies/revoke", "GET"): records.revoked,
    ("policies/revoke", "PUT"): records.revoke,
    ("policies/revoke", "DELETE"): records.restore,
}


def install() -> None:
    """Give functions the sessions of their roles, and have services act as theirs.

    The gate itself is in the way of requests: :func:`twin.cloud.policies.gate.checked`.
    """
    from twin.cloud.policies import acting, machines, replication, sessions

    sessions.install()
    acting.install()
    machines.install()
    replication.install()
