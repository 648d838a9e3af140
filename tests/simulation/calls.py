"""What may happen to a call on its way: nothing, a refusal, silence, or an effect without an answer.

A client here is one with the limits that its function gave it, and repeats as botocore's standard mode does: what is
throttled, failed on their side or got no answer is tried again, up to the limit (boto3 guide, "Retries").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from clients import Limits
from recovery_world import client_error, timed_out

from .network import API

if TYPE_CHECKING:
    from .world import World

THROTTLED, ERROR, SILENT, UNANSWERED, REFUSED = "throttled", "error", "silent", "unanswered", "refused"
KINDS = (THROTTLED, ERROR, SILENT, UNANSWERED, REFUSED)
PAUSE_SECONDS = 0.5
"""Between two attempts: up to a second at first, by chance (standard mode); half of it here."""

AGAIN = (ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError)
AGAIN_CODES = ("Throttling", "InternalFailure")


@dataclass
class Trouble:
    """Calls of ``service`` and ``method`` (empty: any) to ``region`` go like ``kind``, ``left`` times."""

    kind: str
    service: str
    method: str
    region: str
    left: int


@dataclass
class Calls:
    """Everything that stands between a function and AWS. dark: (region, service) pairs that never answer."""

    world: World
    troubles: list[Trouble] = field(default_factory=list)
    dark: dict[tuple[str, str], int] = field(default_factory=dict)
    made: list[tuple[int, str, str, str, str]] = field(default_factory=list)

    def trouble(self, service: str, method: str, region: str) -> str:
        """Return what befalls this call, or nothing; it is used up."""
        for one in self.troubles:
            if one.left and one.service == service and one.region == region and one.method in ("", method):
                one.left -= 1
                self.world.say("twin", region, f"{service}.{method} is {one.kind}", "a fault of calls")
                return one.kind
        return ""

    def attempt(
        self, caller: str, service: str, region: str, method: str, limits: Limits, patient: bool, act: Callable[[], Any]
    ) -> Any:
        """Make one attempt from ``caller`` (a region) and return its answer. Raises botocore's errors.

        patient: time passes while nothing answers.
        """
        self.made.append((self.world.clock.now, caller, service, region, method))

        def pass_time(seconds: float) -> None:
            if patient:
                self.world.clock.wait(seconds)

        network = self.world.network
        if (region, service) in self.dark or not network.carries(API, caller, region):
            pass_time(limits.connect)
            raise ConnectTimeoutError(endpoint_url=f"https://{service}.{region}")
        kind = self.trouble(service, method, region)
        if kind == REFUSED:
            raise EndpointConnectionError(endpoint_url=f"https://{service}.{region}")
        if kind == THROTTLED:
            raise client_error("Throttling", "slow down")
        if kind == ERROR:
            raise client_error("InternalFailure", "an internal error", 500)
        if kind == SILENT:
            pass_time(limits.read)
            raise timed_out(service)
        answer = act()
        if kind == UNANSWERED or not network.carries(API, region, caller):
            pass_time(limits.read)
            raise timed_out(service)
        return answer

    def client(self, caller: str, limits: Limits, patient: bool = True) -> Callable[[str, str], Any]:
        """Return a maker of clients (``clients.Clients``) for functions in the region ``caller``."""
        return lambda service, region: Client(self, caller, service, region, limits, patient)


@dataclass(frozen=True)
class Client:
    """A client of ``service`` in ``region``, used from ``caller``."""

    calls: Calls
    caller: str
    service: str
    region: str
    limits: Limits
    patient: bool

    @property
    def exceptions(self) -> Any:
        """Return the service's own exceptions."""
        from .tables import Exceptions

        return Exceptions

    def __getattr__(self, method: str) -> Callable[..., Any]:
        double = self.calls.world.cloud.double(self.service, self.region)

        def call(**request: Any) -> Any:
            for attempt in range(1, self.limits.attempts + 1):
                try:
                    return self.calls.attempt(
                        self.caller, self.service, self.region, method, self.limits, self.patient,
                        lambda: getattr(double, method)(**request),
                    )  # fmt: skip
                except (*AGAIN, ClientError) as error:
                    if attempt == self.limits.attempts or not _again(error):
                        raise
                    if self.patient:
                        self.calls.world.clock.wait(PAUSE_SECONDS)
            raise AssertionError("a client makes at least one attempt")

        return call


def _again(error: Exception) -> bool:
    return not isinstance(error, ClientError) or error.response["Error"]["Code"] in AGAIN_CODES
