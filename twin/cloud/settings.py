"""What a test or a user turns on the local cloud while it runs: faults, holds, dark regions, answers, the organization.

One object of the server's process, read by everything else there; :mod:`twin.cloud.control` changes it over HTTP.
Only the event loop's thread and the emulator's worker threads touch it, each with single assignments or under the
interpreter's lock, so nothing here locks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

BOOTSTRAP_ANSWER: Mapping[str, Any] = {"changed": [], "unchanged": [], "slot": "granted", "dry_run": False}
"""What the function that makes the probe's role in the database answers when it has nothing to do."""


@dataclass(frozen=True)
class Fault:
    """A resource that fails: which ones, at what (create, update, delete, rollback), why, how often.

    All but reason and times are patterns with ``*``, several parted by ``|``. times: None stands for always.
    """

    type: str = "*"
    logical_id: str = "*"
    stack: str = "*"
    region: str = "*"
    account: str = "*"
    when: str = "create|update"
    reason: str = "a fault that a test asked for"
    times: int | None = None

    def meets(self, **act: str) -> bool:
        """Tell whether the act (type, logical_id, stack, region, account, when) is one of those that fail."""
        patterns = {name: str(getattr(self, name)).split("|") for name in act}
        return self.times != 0 and all(any(fnmatchcase(act[name], each) for each in patterns[name]) for name in act)


@dataclass(frozen=True)
class Hold:
    """StackSet operations that stand still: patterns of the StackSet's name, the account and the region."""

    stackset: str = "*"
    account: str = "*"
    region: str = "*"

    def meets(self, stackset: str, account: str, region: str) -> bool:
        """Tell whether an instance's operation is held."""
        wanted = (self.stackset, self.account, self.region)
        return all(map(fnmatchcase, (stackset, account, region), wanted))


@dataclass(frozen=True)
class Unit:
    """An organizational unit: the accounts in it, and the unit or root above it."""

    accounts: tuple[str, ...] = ()
    parent: str = ""


@dataclass(frozen=True)
class Organization:
    """An organization as StackSets see it.

    trusted_access: whether StackSets may work in it. delegated: accounts registered as delegated administrators.
    suspended: closed accounts, which StackSets skip. id: what ``aws:PrincipalOrgID`` says of its members.
    """

    management: str = ""
    trusted_access: bool = False
    units: Mapping[str, Unit] = field(default_factory=dict)
    delegated: tuple[str, ...] = ()
    suspended: tuple[str, ...] = ()
    id: str = "o-localcloud"

    def below(self, unit: str) -> tuple[str, ...]:
        """Return the accounts of a unit and of the units below it, without the management account.

        StackSets do not deploy to the management account, even if it is in a unit (CloudFormation User Guide,
        "Create CloudFormation StackSets with service-managed permissions").
        """
        own = self.units[unit].accounts if unit in self.units else ()
        children = [name for name, each in self.units.items() if each.parent == unit]
        found = [*own, *(account for child in children for account in self.below(child))]
        return tuple(dict.fromkeys(account for account in found if account != self.management))

    def knows(self, unit: str) -> bool:
        """Tell whether there is such a unit or root."""
        return unit in self.units or any(each.parent == unit for each in self.units.values())


def organization(said: Mapping[str, Any]) -> Organization:
    """Return the organization that a JSON object describes. Raises ``TypeError`` for an unknown key."""
    units = {
        name: Unit(tuple(each.get("accounts", ())), str(each.get("parent", "")))
        for name, each in dict(said.get("units", {})).items()
    }
    rest: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in said.items() if name != "units"
    }
    return Organization(units=units, **rest)


class Gate:
    """Where the operations of StackSets wait: as long as they are held, or their region is dark."""

    def __init__(self) -> None:
        self.holds: list[Hold] = []
        self._changed = asyncio.Event()

    def hold(self, hold: Hold) -> None:
        """Hold what matches from now on."""
        self.holds.append(hold)

    def release(self, hold: Hold | None = None) -> None:
        """Let what one hold holds go on, or everything."""
        self.holds = [each for each in self.holds if hold is not None and each != hold]
        self.wake()

    def wake(self) -> None:
        """Have every waiter look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def turn(self) -> None:
        """Wait until something about holds or regions has changed."""
        await self._changed.wait()


@dataclass
class Settings:
    """All of it. seconds: what an instance's operation takes at least; dark: region → ``hangs`` or ``refuses``.

    quota: how many StackSets an administrator account may have (CloudFormation quotas). speed: by what intervals are
    divided (:mod:`twin.cloud.pace`). policies: whether calls are checked against policies.
    """

    seconds: float = 0.02
    speed: float = 1.0
    policies: bool = False
    functions: str = "run"
    quota: int = 1000
    faults: list[Fault] = field(default_factory=list)
    dark: dict[str, str] = field(default_factory=dict)
    organization: Organization = field(default_factory=Organization)
    answers: dict[str, Any] = field(default_factory=lambda: {"-bootstrap-database": dict(BOOTSTRAP_ANSWER)})
    invocations: list[dict[str, Any]] = field(default_factory=list)
    gate: Gate = field(default_factory=Gate)

    def strike(self, **act: str) -> str:
        """Return the reason for which the act fails, and count it; empty when it does not fail."""
        for place, fault in enumerate(self.faults):
            if fault.meets(**act):
                if fault.times is not None:
                    self.faults[place] = replace(fault, times=fault.times - 1)
                return fault.reason
        return ""

    def answer(self, function: str) -> Any:
        """Return what a function of that name answers: that of the longest ending that fits, else an empty object."""
        fitting = sorted((ending for ending in self.answers if function.endswith(ending)), key=len)
        return self.answers[fitting[-1]] if fitting else {}

    def told(self) -> dict[str, Any]:
        """Return the knobs as JSON would show them."""
        return {
            "seconds": self.seconds,
            "speed": self.speed,
            "policies": self.policies,
            "functions": self.functions,
            "dark": dict(self.dark),
            "faults": [asdict(fault) for fault in self.faults],
            "holds": [asdict(hold) for hold in self.gate.holds],
            "organization": asdict(self.organization),
        }


SETTINGS = Settings()
"""The server's own; there is one server in a process."""
