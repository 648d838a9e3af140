"""How Route 53's name servers come to know: zones, records and statuses, a moment after they changed.

The data plane answers from what it knows, whatever becomes of the control plane (AWS Fault Isolation Boundaries,
"Global services"). How long a new status takes is documented nowhere; the delay is a knob.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from twin.cloud.emulator import module
from twin.cloud.journal import JOURNAL
from twin.cloud.pace import shorter
from twin.cloud.watch.checks import Key, Standing
from twin.cloud.watch.names import Book, Zone

SOURCE = "dns"
DELAY_SECONDS = 1.0


class Servers:
    """What the name servers know; changed by one thread, read by any. delay: in seconds, divided by the speed."""

    def __init__(self) -> None:
        self.book = Book()
        self.delay = DELAY_SECONDS
        self._coming: deque[tuple[float, Book, Mapping[Key, Standing]]] = deque()
        self._answered: dict[str, list[str]] = {}

    def look(self, now: float, standing: Mapping[Key, Standing]) -> None:
        """Send out what has changed, and let in what has arrived by now."""
        book = Book(_zones(), {key: each.healthy for key, each in standing.items()})
        newest = self._coming[-1][1] if self._coming else self.book
        if book != newest:
            self._coming.append((now + shorter(self.delay), book, standing))
        while self._coming and self._coming[0][0] <= now:
            _, self.book, known = self._coming.popleft()
            self._note(known)

    def _note(self, standing: Mapping[Key, Standing]) -> None:
        """Note each name whose answer has changed, with the checks of its records as the cause."""
        told = self.book.told()
        causes = {}
        for zone, name, group in self.book.groups():
            checks = [(zone.account, str(each.get("HealthCheckId"))) for each in group]
            said = [f"{standing[key].region} {_word(standing[key])}" for key in checks if key in standing]
            causes[name.rstrip(".")] = ", ".join(said)
        for name, answer in told.items():
            regions = answer["regions"]
            if self._answered.get(name) != regions:
                what = f"{name} answers {' or '.join(regions) or 'nobody'}"
                region = regions[0] if len(regions) == 1 else ""
                JOURNAL.note(SOURCE, region, what, causes.get(name, ""), name=name, regions=regions,
                             before=self._answered.get(name, []))  # fmt: skip
        self._answered = {name: answer["regions"] for name, answer in told.items()}


def _word(standing: Standing) -> str:
    return "healthy" if standing.healthy else f"unhealthy ({standing.reason})"


def _zones() -> tuple[Zone, ...]:
    route53 = module("services.route53")
    return tuple(
        Zone(
            account,
            str(zone["name"]),
            tuple(route53._records._data.get((account, identity)) or ()),
            frozenset(each["VPCRegion"] for each in zone.get("vpcs") or ()) if zone.get("private") else None,
        )
        for (account, identity), zone in list(route53._zones._data.items())
    )
