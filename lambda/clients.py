"""Clients of AWS's services, with short limits: a region that is gone must not hold a function.

boto3's defaults wait sixty seconds for a connection and sixty for an answer, times the attempts
(botocore reference, ``botocore.config.Config``), which is longer than a function of the recovery path
lives. Handlers take a :data:`Clients` and never make a client themselves, so that a test or the twin can
hand in another.

botocore is imported on first use: a function that fails before it needs AWS stays cheap. The runtime
brings it (Lambda Developer Guide, "Runtime-included SDK versions").
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Clients = Callable[[str, str], Any]
"""``clients(service, region)`` returns a client of ``service`` in ``region``."""


@dataclass(frozen=True)
class Limits:
    """How long one call may take: ``attempts`` times ``connect`` plus ``read``, in seconds, and a pause.

    attempts: all attempts, the first included (``total_max_attempts``).
    """

    connect: float
    read: float
    attempts: int


PUBLISHING = Limits(connect=1, read=2, attempts=2)
"""For what is said again in a few seconds anyway: metrics and views."""

DECIDING = Limits(connect=2, read=5, attempts=3)
"""For the calls that a recovery is made of."""


class ClientFactory:
    """Makes a client once for each service and region, and keeps it: connections are reused.

    An instance is a :data:`Clients`. Making is serialised (a session is not safe to share between
    threads while it makes clients; boto3 guide, "Multithreading"); a client itself may be shared.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._session: Any = None
        self._made: dict[tuple[str, str], Any] = {}

    def __call__(self, service: str, region: str) -> Any:
        """Return the client of ``service`` in ``region``."""
        with self._lock:
            key = (service, region)
            if key not in self._made:
                self._made[key] = self._make(service, region)
            return self._made[key]

    def credentials(self) -> Any:
        """Return the function's own credentials as they are now (access_key, secret_key, token).

        Raises ``RuntimeError`` when there are none.
        """
        with self._lock:
            found = self._opened().get_credentials()
        if found is None:
            raise RuntimeError("no credentials in the environment")
        return found.get_frozen_credentials()

    def _opened(self) -> Any:
        if self._session is None:
            import botocore.session

            self._session = botocore.session.get_session()
            # The global STS endpoint is us-east-1, which may be the region that is gone (trap 57).
            self._session.set_config_variable("sts_regional_endpoints", "regional")
        return self._session

    def _make(self, service: str, region: str) -> Any:
        from botocore.config import Config

        limits = self._limits
        return self._opened().create_client(
            service,
            region_name=region,
            config=Config(
                connect_timeout=limits.connect,
                read_timeout=limits.read,
                retries={"mode": "standard", "total_max_attempts": limits.attempts},
                tcp_keepalive=True,
            ),
        )


def error_code(error: Exception) -> str:
    """Return AWS's code of a ``ClientError`` (``AccessDenied`` …), or the exception's own name."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return str(response.get("Error", {}).get("Code", type(error).__name__))
    return type(error).__name__
