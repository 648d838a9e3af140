"""The stored data points: how they come in, what is done to them on the way, and how they are put into periods.

Data points keep the time that they are of; periods are shortened by the speed. A fault of a metric
(``/_twin/metrics/faults``) is done to it as it comes in, so everybody who reads metrics sees the same.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from twin.cloud.emulator import module, scope
from twin.cloud.watch import darkness
from twin.cloud.watch.expressions import Query, Series

HOW = ("delayed", "missing", "doubled")
STATISTICS = ("SampleCount", "Sum", "Average", "Minimum", "Maximum")
Place = tuple[str, str]
"""An account and a region."""
Metric = tuple[str, str, Mapping[str, str]]
"""A metric's namespace, name and dimensions."""


@dataclass(frozen=True)
class Fault:
    """What happens to metrics that come in: region, namespace and name are patterns. seconds: of a delay, real ones."""

    region: str = "*"
    namespace: str = "*"
    name: str = "*"
    how: str = "missing"
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.how not in HOW:
            raise ValueError(f"how is {self.how}; it is one of {', '.join(HOW)}")

    def meets(self, region: str, namespace: str, name: str) -> bool:
        """Tell whether it happens to that metric."""
        return all(map(fnmatchcase, (region, namespace, name), (self.region, self.namespace, self.name)))


class Intake:
    """What comes in: stored, twice, later or never, as the faults say. Any thread may call it."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self._late: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def take(self, region: str, namespace: str, name: str, store: Callable[[], None]) -> None:
        """Store a data point with ``store``, if and when the faults let it."""
        met = [fault for fault in self.faults if fault.meets(region, namespace, name)]
        if any(fault.how == "missing" for fault in met):
            return
        delay = max((fault.seconds for fault in met if fault.how == "delayed"), default=0.0)
        for _ in range(2 if any(fault.how == "doubled" for fault in met) else 1):
            if delay:
                heapq.heappush(self._late, (time.time() + delay, next(self._numbers), store))
            else:
                store()

    def deliver(self, now: float) -> None:
        """Store what was delayed until now."""
        while self._late and self._late[0][0] <= now:
            heapq.heappop(self._late)[2]()

    def heal(self) -> None:
        """Let everything in from now on, and at once what was delayed."""
        self.faults.clear()
        self.deliver(float("inf"))

    def told(self) -> list[dict[str, Any]]:
        """Return the faults as JSON would show them."""
        return [asdict(fault) for fault in self.faults]


INTAKE = Intake()
"""The server's own; there is one server in a process."""


def install() -> None:
    """Have everything that is stored go through the intake.

    The emulator throws away what is older than two weeks at each request, by writing every list of data points anew:
    what another thread adds meanwhile would be lost. No local cloud lives that long.
    """
    cloudwatch = module("services.cloudwatch")
    store = cloudwatch._store_datum

    def stored(namespace: str, name: str, *rest: Any) -> None:
        responses = module("core.responses")
        account, region = responses.get_account_id(), responses.get_region()

        def put() -> None:
            with scope(account, region):
                store(namespace, name, *rest)

        INTAKE.take(region, namespace, name, put)

    cloudwatch._store_datum = stored
    cloudwatch._evict_old_metrics = lambda: None
    cloudwatch.record_metric = _recorded


def _recorded(namespace: str, name: str, value: float, unit: str = "None", dimensions: Any = None) -> None:
    responses = module("core.responses")
    publish((responses.get_account_id(), responses.get_region()), (namespace, name, dimensions or {}), value, unit)


def publish(place: Place, metric: Metric, value: float, unit: str = "None") -> None:
    """Publish a value as a service of that account and region does; nothing comes out of a dark region."""
    if darkness.mode(place[1]):
        return
    with scope(*place):
        namespace, name, dimensions = metric
        module("services.cloudwatch")._store_datum(
            namespace, name, dict(dimensions), time.time(), unit, value, None, None, None
        )


def series(
    place: Place,
    metric: Metric,
    statistic: str,
    ends: Sequence[float],
    length: float,
) -> Series:
    """Return a statistic of one metric in the periods of ``length`` that end then."""
    cloudwatch = module("services.cloudwatch")
    namespace, name, dimensions = metric
    key = (*place, (namespace, name, cloudwatch._dims_key(dimensions)))
    return _aggregated(cloudwatch._metrics._data.get(key) or (), statistic, ends, length)


def selected(place: Place, query: Query, ends: Sequence[float], length: float) -> Series:
    """Return what a query says of the metrics that it takes, all their points put together."""
    points: list[dict[str, Any]] = []
    for (account, region, (namespace, name, _)), held in list(module("services.cloudwatch")._metrics._data.items()):
        if (account, region, namespace, name) == (*place, query.namespace, query.name) and held:
            points.extend(held if query.takes(held[0]["Dimensions"]) else ())
    return _aggregated(points, query.statistic, ends, length)


def _aggregated(points: Sequence[dict[str, Any]], statistic: str, ends: Sequence[float], length: float) -> Series:
    cloudwatch = module("services.cloudwatch")
    lately = [each for each in list(points) if ends[0] - length <= each["Timestamp"] < ends[-1]]
    found = []
    for end in ends:
        inside = [each for each in lately if end - length <= each["Timestamp"] < end]
        stats = cloudwatch._calc_stats(inside)
        found.append(cloudwatch._stat_value(stats, statistic, inside) if stats else None)
    return tuple(found)
