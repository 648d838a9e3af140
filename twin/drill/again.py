"""Between two rounds of a scenario on one stage: what was broken is given back, and everything has to be whole again.

A recovery that works once may leave something behind that stops the next one: a slot, a fence, a marker, a timeline, a
name that did not follow. So a round begins only when ``status`` has nothing to find, and where the writer has moved the
second one is played the other way round: its ``origin`` is the region that has the writer now.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from generator.config import load
from twin.drill.person import type_
from twin.drill.scenario import Database, Step
from twin.drill.stage import DrillError, Say, Stage, await_well

CURES: Mapping[str, str] = {
    "kill": "start",
    "suspend": "resume",
    "read-only": "writable",
    "slow": "fast",
    "fill": "free",
    "pause": "unpause",
}
"""What makes a database good again after an act (:mod:`twin.cloud.databases.acts`)."""

WHOLE_SECONDS = 300.0
"""Within which all databases have to follow one, and it has to become home, at speed 1; a fifth of it at least."""


def repeat(built: Stage, say: Say) -> None:
    """Make the stage whole, as people would, and give it a fresh application. Raises :class:`DrillError`."""
    say("giving back what was broken")
    _give_back(built)
    _await_one_writer(built)
    active = built.region("active")
    if active != built.places["origin"]:
        say(f"making {active} home")
        _rehome(built)
        built.places = turned(built.places, active)
    await_well(built, say, "the first round")
    built.ended.clear()
    built.applications.clear()
    for each in built.environment.data_regions:
        built.start_application(each.name)


def _await_one_writer(built: Stage) -> None:
    """Wait until all regions but one are replicas: a writer that comes back takes itself for one for a while."""
    last = time.monotonic() + built.patience(WHOLE_SECONDS)
    while True:
        roles = sorted(each["role"] for each in built.databases().values())
        if roles == ["replica"] * (len(roles) - 1) + ["writer"]:
            return
        if time.monotonic() > last:
            raise DrillError(
                f"after the first round the databases are {', '.join(roles)}", hint="look at the time line"
            )
        time.sleep(0.2)


def turned(places: Mapping[str, str], active: str) -> dict[str, str]:
    """Return the places with the active region as the origin, and the origin in its place."""
    names = {region: place for place, region in places.items()}
    return {**places, names[active]: places["origin"], "origin": active}


def _give_back(built: Stage) -> None:
    knobs, regions = built.knobs, [each.name for each in built.environment.data_regions]
    knobs.ask("DELETE", "outages")
    knobs.ask("DELETE", "functions/faults")
    knobs.ask("DELETE", "clocks")
    for region in regions:
        built.reconnect(region)
    for act, region in _acts(built, built.scenario.steps):
        if act in CURES and region in regions:
            knobs.ask("PUT", "databases", {"region": region, "act": CURES[act]})
    for region in regions:
        if built.databases()[region]["process"] == "ended":  # its region was lost
            knobs.ask("PUT", "databases", {"region": region, "act": "start"})


def _acts(built: Stage, steps: tuple[Step, ...]) -> list[tuple[str, str]]:
    """Return what the scenario left broken of databases: the act, and the region. A later cure of its own undoes it."""
    left: dict[tuple[str, str], None] = {}
    for each in steps:
        if isinstance(each, Database) and each.database in built.places:
            region = built.places[each.database]
            for act, cure in CURES.items():
                if each.act == cure:
                    left.pop((act, region), None)
            left[each.act, region] = None
    return list(left)


def _rehome(built: Stage) -> None:
    last = time.monotonic() + built.patience(WHOLE_SECONDS)
    while True:
        command = type_(("rehome", str(built.file), "--write"), dict(built.running.environment))
        if command.wait(WHOLE_SECONDS) == 0:
            built.environment = load(built.file)  # which says so too now
            return
        if time.monotonic() > last:
            raise DrillError("the new writer was not made home", hint=command.errors.strip() or "look at its status")
        time.sleep(0.5)
