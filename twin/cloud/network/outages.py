"""Outages: calls that hang, are refused, throttled, fail or are slow, by region, service, action and caller's region.

A region whose every call is dropped is dead: its functions' processes are killed (:mod:`twin.cloud.running`), its
schedules stand still, its state machines stop. IAM's and Route 53's control planes are in us-east-1 (AWS whitepaper
"AWS Fault Isolation Boundaries", "Global services"), wherever a call to them comes from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from twin.cloud.journal import JOURNAL
from twin.cloud.settings import SETTINGS

HANGS, REFUSES, THROTTLES, ERRORS, SLOW = "hangs", "refuses", "throttles", "errors", "slow"
KINDS = (HANGS, REFUSES, THROTTLES, ERRORS, SLOW)
SILENT = (HANGS, REFUSES)
EVERY = "*"
_REGION = "region "
_ALIASES = {"cloudwatch": "monitoring", "stepfunctions": "states", "sfn": "states", "eventbridge": "events"}
"""What people and botocore call services whose calls are signed with another name."""


GLOBAL = {"iam": "us-east-1", "route53": "us-east-1"}
"""Where the control planes of services without regions are; a client with an endpoint of its own signs otherwise."""


@dataclass(frozen=True)
class Call:
    """A call as an outage sees it. service: the name it is signed with. origin: the calling function's region.

    origin is empty for whoever is outside AWS: a person, the application.
    """

    region: str
    service: str
    action: str
    origin: str = ""


@dataclass(frozen=True)
class Outage:
    """Which calls are struck, and how.

    regions, services, actions, origins: patterns with ``*``, several parted by ``|``. how: ``hangs`` (no answer, until
    the caller gives up or the outage ends), ``refuses`` (the connection ends), ``throttles``, ``errors`` (the service's
    own code of each), ``slow`` (by ``seconds``). times: how many calls; None for all. after_effect: the call takes
    effect first, and the caller is not told so.
    """

    regions: str = EVERY
    services: str = EVERY
    actions: str = EVERY
    origins: str = EVERY
    how: str = HANGS
    seconds: float = 0.0
    times: int | None = None
    after_effect: bool = False

    def __post_init__(self) -> None:
        if self.how not in KINDS:
            raise ValueError(f"an outage {', '.join(KINDS[:-1])} or is {SLOW}, not {self.how}")
        if (self.how == SLOW) != (self.seconds > 0):
            raise ValueError(f"seconds are how {SLOW} it is, and only then: they are {self.seconds:g}")
        if self.after_effect and self.how == SLOW:
            raise ValueError("a slow call is answered: after_effect has no meaning")

    @property
    def whole(self) -> bool:
        """Return whether nothing of the regions is left."""
        every = (self.services, self.actions, self.origins) == (EVERY, EVERY, EVERY)
        return every and self.how in SILENT and self.times is None and not self.after_effect

    def covers(self, region: str) -> bool:
        """Tell whether the region is one of those."""
        return _met(self.regions, region)

    def strikes(self, call: Call) -> bool:
        """Tell whether the call is one of those; only a call with an origin meets a pattern of origins."""
        return (
            self.times != 0
            and self.covers(call.region)
            and _met(self.services, call.service)
            and _met(self.actions.lower(), call.action.lower())
            and (self.origins == EVERY or _met(self.origins, call.origin))
        )

    def __str__(self) -> str:
        """Return the outage in words."""
        what = "every call" if self.whole else f"{self.services}:{self.actions}"
        said = [f"{what} {f'is slow by {self.seconds:g} s' if self.how == SLOW else self.how}"]
        said += [f"from {self.origins}"] if self.origins != EVERY else []
        said += [f"{self.times} times"] if self.times is not None else []
        return ", ".join([*said, "after its effect"] if self.after_effect else said)


class Outages:
    """The outages by their ids, ``1`` and on; ``listen`` is told of each change."""

    def __init__(self) -> None:
        self._held: dict[str, Outage] = {}
        self._count = 0
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` at every change from now on."""
        self._listeners.append(listener)

    def begin(self, outage: Outage, identity: str = "") -> str:
        """Let an outage begin; return its id."""
        self._count += 1
        identity = identity or str(self._count)
        self._held[identity] = outage
        JOURNAL.note("disaster", outage.regions, f"{outage}", "an outage begins", id=identity)
        self._changed()
        return identity

    def end(self, identity: str = "") -> None:
        """End an outage, or all. Raises KeyError for one that there is not."""
        ended = {identity: self._held[identity]} if identity else dict(self._held)
        for each, outage in ended.items():
            del self._held[each]
            JOURNAL.note("disaster", outage.regions, f"{outage}: over", "the outage ends", id=each)
        if ended:
            self._changed()

    def darken(self, regions: dict[str, str]) -> None:
        """Have these regions, and no others, be dead; the modes are ``hangs`` and ``refuses``."""
        wanted = {_REGION + name: Outage(regions=name, how=how) for name, how in regions.items()}
        for identity in [each for each in self._held if each.startswith(_REGION)]:
            if self._held[identity] != wanted.get(identity):
                self.end(identity)
        for identity, outage in wanted.items():
            if identity not in self._held:
                self.begin(outage, identity)

    def strike(self, call: Call) -> str:
        """Return the id of the outage that strikes the call, and count it; empty when none does."""
        for identity, outage in list(self._held.items()):
            if outage.strikes(call):
                if outage.times is not None:
                    self._held[identity] = replace(outage, times=outage.times - 1)
                return identity
        return ""

    def get(self, identity: str) -> Outage | None:
        """Return an outage, None once it is over."""
        return self._held.get(identity)

    def mode(self, region: str) -> str:
        """Return how a dead region's calls are dropped; empty for one that is not dead."""
        return next((each.how for each in list(self._held.values()) if each.whole and each.covers(region)), "")

    def told(self) -> dict[str, Any]:
        """Return the outages as JSON would show them."""
        return {identity: asdict(outage) for identity, outage in self._held.items()}

    def _changed(self) -> None:
        SETTINGS.dark = {each.regions: each.how for each in self._held.values() if each.whole}
        for listener in self._listeners:
            listener()


def _met(pattern: str, value: str) -> bool:
    return any(fnmatchcase(value, _ALIASES.get(each, each)) for each in pattern.split("|"))


OUTAGES = Outages()
"""The server's own; there is one server in a process."""
