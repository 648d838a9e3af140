"""Makes faults so, and takes them back: each by its name, with what it touches and whether it hides the truth."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from . import names
from .calls import Trouble
from .faults import Fault
from .network import API, KINDS
from .world import Window, World

Undo = Callable[[], None]

BLINDING = ("slow", "full", "probe silent", "metrics late", "metrics dropped", "clock", "dark", "trouble")
"""Faults that keep Route 53 from hearing what is true of a region."""


class Disasters:
    """The faults that are going on in a world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._going: list[Callable[[], None]] = []

    def plan(self, faults: list[Fault]) -> None:
        """Have faults begin and end at their times."""
        for fault in faults:
            self.world.clock.after(fault.at, partial(self.begin, fault))

    def begin(self, fault: Fault) -> None:
        """Let a fault begin, and end after its time."""
        world, what = self.world, fault.what
        world.replicate()
        where = _touched(fault)
        said = ", ".join(f"{key} {names.SHORT.get(str(value), value)}" for key, value in what.items() if key != "links")
        links = " ".join(f"{kind} {names.SHORT[a]}→{names.SHORT[b]}" for kind, a, b in what.get("links", ()))
        world.say("disaster", what.get("region", what.get("target", "")), f"{fault.name} begins", f"{said}{links}")
        window = Window(fault.name, where, world.clock.now, blinds=fault.name in BLINDING)
        if fault.name == "clock":
            window.skew_seconds = abs(what["seconds"])
        world.record.windows.append(window)
        undo = _BEGIN[fault.name](world, what)
        if undo is None:
            window.ended_ms = world.clock.now
            return

        def end() -> None:
            if end in self._going:
                self._going.remove(end)
                world.replicate()
                undo()
                window.ended_ms = world.clock.now
                world.say("disaster", what.get("region", ""), f"{fault.name} ends")

        self._going.append(end)
        if fault.lasts:
            world.clock.after(fault.lasts, end)

    def end_all(self) -> None:
        """Take everything back."""
        for end in list(self._going):
            end()
        self.world.calls.troubles.clear()
        self.world.kills.clear()
        self.world.service.habits.gives_up = self.world.service.habits.ignores = 0


def _touched(fault: Fault) -> tuple[str, ...]:
    """Return the regions whose part in a recovery the fault may hamper; empty for all."""
    if "links" in fault.what:
        return tuple(sorted({region for _, *way in fault.what["links"] for region in way}))
    if fault.name == "asked":
        return (fault.what["target"],)
    return (fault.what["region"],) if "region" in fault.what else ()


def _counted(counts: dict[Any, int], key: Any) -> Undo:
    """Count one more of a fault; two at once end when both have."""
    counts[key] = counts.get(key, 0) + 1

    def undo() -> None:
        counts[key] -= 1
        if not counts[key]:
            del counts[key]

    return undo


def _forget(values: dict[str, Any], region: str) -> None:
    values.pop(region, None)


def _lost(world: World, what: dict[str, Any]) -> Undo:
    region = what["region"]
    less = _counted(world.network.lost, region)
    server = world.servers[region]
    server.alive = False
    world.functions.end_in(region)

    def undo() -> None:
        less()
        if region not in world.network.lost:
            _restart(world, region)

    return undo


def _restart(world: World, region: str) -> None:
    server = world.servers[region]
    if region not in world.network.lost:
        server.alive, server.hung, server.epoch = True, False, server.epoch + 1


def _killed(world: World, what: dict[str, Any]) -> Undo:
    world.servers[what["region"]].alive = False
    return lambda: _restart(world, what["region"])


def _server(field: str, value: Any) -> Callable[[World, dict[str, Any]], Undo]:
    """Return a fault that sets a field of the region's server."""

    def begin(world: World, what: dict[str, Any]) -> Undo:
        server = world.servers[what["region"]]
        before = getattr(type(server)(""), field)
        setattr(server, field, what["seconds"] * 1000 if value is None else value)
        return lambda: setattr(server, field, before)

    return begin


def _cut(world: World, what: dict[str, Any]) -> Undo:
    for link in what["links"]:
        world.network.cut(*link)

    def undo() -> None:
        for link in what["links"]:
            world.network.mend(*link)

    return undo


def _from_all(kinds: tuple[str, ...]) -> Callable[[World, dict[str, Any]], Undo]:
    """Return a fault that cuts a region off from all others, alive inside."""

    def begin(world: World, what: dict[str, Any]) -> Undo:
        region = what["region"]
        others = [other for other in (*world.data_regions, *world.witnesses) if other != region]
        ways = [way for other in others for way in ((region, other), (other, region))]
        return _cut(world, {"links": [(kind, *way) for kind in kinds for way in ways]})

    return begin


def _flapping(world: World, what: dict[str, Any]) -> Undo:
    """Let the database go down for 20 s and come up for 40 s, again and again."""
    region = what["region"]
    going = [True]

    def down() -> None:
        if going:
            world.servers[region].alive = False
            world.clock.after(20, partial(_restart, world, region))

    def undo() -> None:
        going.clear()
        _restart(world, region)

    for number in range(what["times"]):
        world.clock.after(number * 60, down)
    return undo


def _trouble(world: World, what: dict[str, Any]) -> Undo:
    trouble = Trouble(what["kind"], what["service"], what["method"], what["region"], what["left"])
    world.calls.troubles.append(trouble)
    return partial(setattr, trouble, "left", 0)


def _set(place: Callable[[World], dict[str, Any]], scale: float = 1) -> Callable[[World, dict[str, Any]], Undo]:
    """Return a fault that puts so many seconds for a region somewhere."""

    def begin(world: World, what: dict[str, Any]) -> Undo:
        place(world)[what["region"]] = what["seconds"] * scale
        return partial(_forget, place(world), what["region"])

    return begin


def _unfit(world: World, what: dict[str, Any]) -> Undo:
    if what["why"] == "version":
        world.service.versions[what["region"]] = "16.4"
        return partial(_forget, world.service.versions, what["region"])
    world.service.instances[what["region"]] = 0
    return partial(_forget, world.service.instances, what["region"])


def _stop(world: World, what: dict[str, Any]) -> None:
    for execution in world.machines[what["region"]].executions.values():
        world.machines[what["region"]].stop(execution)


def _alarm(world: World, what: dict[str, Any]) -> None:
    """Have an alarm call ``notice`` twice at the moment at which the schedule might."""
    for _ in range(2):
        world.functions.look(what["region"])


def _asked(world: World, what: dict[str, Any]) -> None:
    world.people.ask(what["verb"], what["target"], what["accept"], what["approval"], by=what["by"])


def _kill(world: World, what: dict[str, Any]) -> None:
    world.kills.append((what["state"], what["moment"]))


_BEGIN: dict[str, Callable[[World, dict[str, Any]], Undo | None]] = {
    "lost": _lost,
    "killed": _killed,
    "hung": _server("hung", True),
    "read-only": _server("read_only", True),
    "slow": _server("slow", 6.0),
    "full": _server("full", True),
    "behind": _server("behind_ms", None),
    "replication broken": _server("broken", True),
    "cut": _cut,
    "cut off": _from_all(KINDS),
    "isolated": _from_all(tuple(kind for kind in KINDS if kind != API)),
    "flapping": _flapping,
    "probe silent": lambda world, what: _counted(world.watch.silent, what["region"]),
    "metrics late": _set(lambda world: world.watch.late),
    "metrics dropped": lambda world, what: _counted(world.watch.dropped, what["region"]),
    "trouble": _trouble,
    "dark": lambda world, what: _counted(world.calls.dark, (what["region"], what["service"])),
    "control planes": lambda world, what: _counted(world.down, "cloudformation"),
    "stale": _set(lambda world: world.service.stale),
    "clock": _set(lambda world: world.skew, 1000),
    "unfit": _unfit,
    "kill": _kill,
    "stop executions": _stop,
    "alarm": _alarm,
    "asked": _asked,
}
