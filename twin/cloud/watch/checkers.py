"""Route 53's health checkers: in several regions, each asks an endpoint by itself, again and again.

Route 53 Developer Guide, "How Amazon Route 53 determines whether a health check is healthy": 4 seconds to connect and
2 to answer with 2xx or 3xx, which no speed changes; a checker changes its mind after as many answers in a row as
the failure threshold says; the endpoint is healthy when more than 18 % of the checkers say so. The interval, 10 or 30
seconds, is each checker's own, begins when it has its answer (same guide, "Values that you specify when you create or
update health checks", Request interval), and is divided by the speed.

Route 53 has more checkers than these: at an interval of 30 seconds an endpoint is asked "about every two seconds"
(Request interval), so about fifteen ask. Here one asks from each region.

The endpoint is the deployed regional REST API, asked over HTTP; TLS is not spoken, since checkers do not look at
certificates (trap 56). A dark region's endpoint answers nobody.
"""

from __future__ import annotations

import http.client
import os
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from generator.routing import UnsupportedError
from twin.cloud.pace import shorter
from twin.cloud.watch import darkness

CONNECT_SECONDS = 4.0
ANSWER_SECONDS = 2.0
HEADER = "x-dr-twin-checker"
"""In which a checker says where it asks from: every request comes from loopback here."""

ADDRESSES: Mapping[str, str] = {
    "us-east-1": "107.23.255.1",
    "us-west-1": "54.183.255.129",
    "us-west-2": "54.244.52.193",
    "eu-west-1": "54.228.16.1",
    "ap-southeast-1": "54.251.31.129",
    "ap-southeast-2": "54.252.79.129",
    "ap-northeast-1": "54.248.220.1",
    "sa-east-1": "54.232.40.65",
}
"""The regions that check unless a check names others (Route 53 API Reference, ``HealthCheckConfig``, Regions), and an
address of each (AWS's ip-ranges.json, service ``ROUTE53_HEALTHCHECKS``)."""

_TYPES = ("HTTP", "HTTPS")
_WORKERS = 32
Key = tuple[str, str]


@dataclass
class _Checker:
    """One checker's view of one endpoint. streak: answers in a row that speak against ``healthy``."""

    region: str
    due: float
    healthy: bool = True
    streak: int = 0
    word: str = "not asked yet"
    busy: bool = False


@dataclass
class _Asked:
    config: Mapping[str, Any]
    checkers: list[_Checker] = field(default_factory=list)


class Checkers:
    """All checkers of all endpoints. ``seen``: the share of the checkers that can reach a region's endpoints."""

    def __init__(self) -> None:
        self.seen: dict[str, float] = {}
        self._asked: dict[Key, _Asked] = {}
        self._ended = threading.Event()
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="checker")

    def look(self, now: float, configs: Mapping[Key, Mapping[str, Any]]) -> None:
        """Have every checker ask whose turn it is."""
        endpoints = {key: config for key, config in configs.items() if config["Type"] in _TYPES}
        self._asked = {key: self._asked.get(key) or _begun(config, now) for key, config in endpoints.items()}
        for key, asked in self._asked.items():
            asked.config = configs[key]
            for checker in asked.checkers:
                if checker.due <= now and not checker.busy:
                    checker.busy = True
                    self._pool.submit(self._ask, asked.config, checker)

    def share(self, key: Key) -> float:
        """Return the share of the checkers, 0 to 1, that find an endpoint healthy. Raises UnsupportedError."""
        asked = self._asked.get(key)
        if asked is None:
            raise UnsupportedError(f"the local cloud asks {' and '.join(_TYPES)} endpoints only")
        return sum(weight * checker.healthy for checker, weight in self._weighed(asked))

    def reason(self, key: Key) -> str:
        """Return what the checkers were answered, each answer once."""
        asked = self._asked.get(key)
        return ", ".join(sorted({each.word for each in asked.checkers})) if asked else ""

    def observed(self, key: Key) -> dict[str, tuple[bool, str]]:
        """Return what the checkers of each region say of an endpoint."""
        asked = self._asked.get(key)
        unseen = (False, "the endpoint is not reached")
        weighed = self._weighed(asked) if asked else ()
        return {each.region: (each.healthy, each.word) if weight else unseen for each, weight in weighed}

    def stop(self) -> None:
        """Ask no more; what is still asking ends within its limit."""
        self._ended.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _weighed(self, asked: _Asked) -> list[tuple[_Checker, float]]:
        """Return the checkers with their shares of all.

        A share that can see the endpoint may end within a region's checkers; the others' failures are counted here.
        """
        seen, count = self.seen.get(_region(asked.config), 1.0), len(asked.checkers)
        return [(each, min(max(seen * count - place, 0.0), 1.0) / count) for place, each in enumerate(asked.checkers)]

    def _ask(self, config: Mapping[str, Any], checker: _Checker) -> None:
        good, checker.word = self._answer(config)(checker.region)
        checker.streak = 0 if good == checker.healthy else checker.streak + 1
        if checker.streak >= int(config.get("FailureThreshold") or 3):
            checker.healthy, checker.streak = good, 0
        checker.due = time.time() + _interval(config)
        checker.busy = False

    def _answer(self, config: Mapping[str, Any]) -> Any:
        mode = darkness.mode(_region(config))
        return (lambda _: self._nobody(mode)) if mode else (lambda region: _fetch(config, region))

    def _nobody(self, mode: str) -> tuple[bool, str]:
        if mode == "hangs":
            self._ended.wait(CONNECT_SECONDS)
        return False, "nobody answers" if mode == "hangs" else "connection refused"


def _begun(config: Mapping[str, Any], now: float) -> _Asked:
    """Return the checkers of a new check: they do not ask all at once ("they don't coordinate with one another")."""
    regions = config.get("Regions") or list(ADDRESSES)
    step = _interval(config) / len(regions)
    return _Asked(config, [_Checker(region, now + step * place) for place, region in enumerate(regions)])


def _interval(config: Mapping[str, Any]) -> float:
    return shorter(float(config.get("RequestInterval") or 30))


def _region(config: Mapping[str, Any]) -> str:
    return [*str(config.get("FullyQualifiedDomainName", "")).split("."), "", "", ""][2]


def _fetch(config: Mapping[str, Any], region: str) -> tuple[bool, str]:
    """Return whether the endpoint answers well, and in which words."""
    host = str(config.get("FullyQualifiedDomainName", ""))
    name, _, rest = host.partition(".")
    if not rest.startswith("execute-api."):
        return False, f"{host} is no endpoint of the local cloud"
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["GATEWAY_PORT"]), timeout=CONNECT_SECONDS)
    try:
        connection.connect()
        connection.sock.settimeout(ANSWER_SECONDS)
        path = str(config.get("ResourcePath") or "/")
        headers = {"Host": host, HEADER: ADDRESSES.get(region, ""), "User-Agent": "Amazon-Route53-Health-Check-Service"}
        connection.request("GET", f"/_aws/execute-api/{name}{path}", headers=headers)
        status = connection.getresponse().status
        return 200 <= status < 400, f"HTTP {status}"
    except (OSError, http.client.HTTPException) as error:
        return False, f"{type(error).__name__}: {error}"
    finally:
        connection.close()
