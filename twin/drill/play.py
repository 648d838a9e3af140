"""Plays a scenario's steps on a stage, one after the other, and says what was done and when.

A disaster here is made of what the local cloud can do to its parts: endpoints that answer nobody, databases killed or
stopped, ways cut, functions that fail. What people do, they do with this library's commands (:mod:`twin.drill.person`).
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from generator.naming import STATE_MACHINE
from twin.drill import scenario as kinds
from twin.drill.acknowledgements import counted
from twin.drill.application import TABLE
from twin.drill.executions import MOVING
from twin.drill.observe import Observer
from twin.drill.person import Command, type_
from twin.drill.record import Event
from twin.drill.sights import Look, sight
from twin.drill.stage import DrillError, Stage

COMMAND_SECONDS = 600.0
"""Within which a command that a person waits for has to end, at speed 1; a fifth of it at least."""


@dataclass
class Play:
    """A scenario that is played.

    disaster_ms: when its first disaster struck, or its recovery was asked for. newest_ms: when the newest one did, or
    was; what is waited for has to come after it.
    """

    stage: Stage
    seen: Observer
    disaster_ms: int | None = None
    newest_ms: int = 0
    lost: set[str] = field(default_factory=set)
    commands: list[Command] = field(default_factory=list)

    def run(self, steps: tuple[kinds.Step, ...]) -> None:
        """Do all steps. Raises :class:`DrillError` when one can't be done, or something waited for is not seen."""
        for each in steps:
            _ACTS[type(each)](self, each)

    def strike(self, region: str, what: str, **detail: Any) -> None:
        """Note a disaster; the first one begins the time without writes."""
        self._begin(self.seen.note("disaster", region, what, **detail))

    def _begin(self, event: Event) -> None:
        """Count time and calls from the first event on."""
        self.newest_ms = event.at_ms
        if self.disaster_ms is None:
            self.disaster_ms = event.at_ms
            self.ask("DELETE", "denials")

    def seconds(self, configured: float) -> float:
        """Return how long a configured time lasts in this drill."""
        return configured / self.stage.speed

    def ask(self, method: str, path: str, **said: Any) -> Any:
        """Turn a knob of the local cloud."""
        return self.stage.knobs.ask(method, path, said or None)

    def holds_data(self, region: str) -> bool:
        """Return whether the region has a database; a witness has none."""
        return region in (each.name for each in self.stage.environment.data_regions)

    def type(self, *words: str) -> Command:
        """Have a person type a command."""
        typed = " ".join(_short(word) for word in words)
        event = self.seen.note("person", "", f"types python -m generator {typed}", verb=words[0])
        if words[0] in MOVING:
            self._begin(event)
        command = type_(words, dict(self.stage.running.environment), self._heard)
        self.commands.append(command)
        return command

    def _heard(self, command: Command) -> None:
        """Note how a command ended, and what it said of that."""
        code = command.process.returncode
        if code < 0:  # it was ended with the drill
            return
        self.seen.note("person", "", f"{command.words[0]} ended with {code}", command.told[:500], code=code)

    def finish(self, command: Command) -> int:
        """Wait until a command has ended, and return its exit code. Raises :class:`DrillError`."""
        try:
            return command.wait(self.stage.patience(COMMAND_SECONDS))
        except subprocess.TimeoutExpired:
            command.process.kill()
            raise DrillError(f"{command.said} does not end", hint="look at the time line") from None


def _wait(play: Play, step: kinds.Wait) -> None:
    play.seen.wait(lambda: False, play.seconds(step.wait))


def _lose(play: Play, step: kinds.Lose) -> None:
    region = play.stage.region(step.lose)
    dead = step.how == "dead"
    play.strike(region, f"{region} is {'gone' if dead else 'cut off from everyone but its own users'}")
    play.lost.add(region)
    play.ask("POST", "outages", regions=region, services="*", actions="*", how="hangs")
    play.ask("PUT", "replication", to="*" if step.how == "silent" else region, how="cut", **{"from": region})
    if step.how == "dead":
        if play.holds_data(region):
            play.ask("PUT", "databases", region=region, act="kill")
        if region in play.stage.applications:
            play.stage.applications[region].kill()
    play.stage.cut(region)


def _isolate(play: Play, step: kinds.Isolate) -> None:
    region = play.stage.region(step.isolate)
    play.strike(region, f"the lines from {region} to all other regions are cut; inside it everything goes on")
    play.lost.add(region)
    play.ask("PUT", "replication", to="*", how="cut", **{"from": region})
    play.stage.cut(region)


def _heal(play: Play, step: kinds.Heal) -> None:
    play.ask("DELETE", "outages")
    play.ask("DELETE", "functions/faults")
    play.ask("DELETE", "clocks")
    regions = list(play.lost) if step.heal == "everything" else [play.stage.region(step.heal)]
    for region in regions:
        play.seen.note("disaster", region, f"{region} is back")
        play.lost.discard(region)
        play.stage.reconnect(region)
        if play.holds_data(region):
            play.ask("PUT", "databases", region=region, act="start")
        if region in play.stage.applications and not play.stage.applications[region].runs:
            play.stage.start_application(region)


def _database(play: Play, step: kinds.Database) -> None:
    region = play.stage.region(step.database)
    play.strike(region, f"the database of {region}: {step.act}")
    more = {"seconds": step.seconds} if step.seconds else {}
    play.ask("PUT", "databases", region=region, act=step.act, **more)


def _path(play: Play, step: kinds.Way) -> None:
    to = play.stage.region(step.path)
    froms = [play.stage.region(step.origin)] if step.origin else list(play.stage.places.values())
    play.strike(to, f"the way to the database of {to} from {', '.join(froms)}: {step.how}, +{step.delay} s")
    for origin in froms:
        play.ask("PUT", "paths", **{"from": origin, "to": to, "how": step.how, "delay": step.delay, "loss": step.loss})


def _replication(play: Play, step: kinds.Replication) -> None:
    region = play.stage.region(step.replication)
    play.strike(region, f"replication to {region}: {step.how}, +{step.delay} s")
    play.ask("PUT", "replication", to=region, how=step.how, delay=step.delay)


def _service(play: Play, step: kinds.Service) -> None:
    regions = [play.stage.region(each) for each in step.regions]
    play.strike(", ".join(regions), f"{step.service} {step.actions} {step.how}")
    said: dict[str, Any] = {"services": step.service, "actions": step.actions, "how": step.how}
    if step.times is not None:
        said["times"] = step.times
    if step.seconds:
        said["seconds"] = step.seconds
    if step.after_effect:
        said["after_effect"] = True
    play.ask("POST", "outages", regions="|".join(regions) or "*", **said)


def _functions(play: Play, step: kinds.Functions) -> None:
    region = play.stage.region(step.functions)
    play.strike(region, f"{step.name} in {region}: {step.how}")
    more = {"times": step.times} if step.times is not None else {}
    play.ask("POST", "functions/faults", region=region, name=step.name, how=step.how, **more)


def _checkers(play: Play, step: kinds.Checkers) -> None:
    region = play.stage.region(step.checkers)
    play.strike(region, f"{step.share:.0%} of Route 53's checkers see the endpoint of {region}")
    play.ask("PUT", "checkers", region=region, share=step.share)


def _destroy(play: Play, step: kinds.Destroy) -> None:
    region = play.stage.region(step.destroy)
    keys = [str(key) for (key,) in play.stage.ask_database(region, f"DELETE FROM {TABLE} RETURNING key")]
    why = "a statement that should have had a condition; replication copies it"
    play.seen.note("person", region, f"deletes {counted(len(keys), 'row')} by mistake", why, destroyed=keys)


def _clock(play: Play, step: kinds.Clock) -> None:
    region, off = play.stage.region(step.clock), play.seconds(step.seconds)
    play.strike(region, f"the clock of the functions in {region} is {off:+.1f} s off")
    play.ask("PUT", "clocks", region=region, seconds=off)


def _zombie(play: Play, step: kinds.Zombie) -> None:
    play.ask("PUT", "databases/timing", zombie=step.zombie)


def _failover(play: Play, step: kinds.Failover) -> None:
    region = play.stage.region(step.failover)
    words = ["failover", str(play.stage.file), "--to", region, "--yes", "--wait"]
    words += ["--accept-data-loss"] if step.accept_data_loss else []
    words += ["--approval"] if step.approval else []
    commands = [play.type(*words) for _ in range(step.people)]
    if step.wait:
        for command in commands:
            play.finish(command)


def _switchover(play: Play, step: kinds.Switchover) -> None:
    region = play.stage.region(step.switchover)
    verb = ["failback"] if play.stage.scenario.kind == "failback" and step.switchover == "origin" else ["switchover"]
    to = [] if verb == ["failback"] else ["--to", region]
    command = play.type(*verb, str(play.stage.file), *to, "--yes", "--wait")
    if step.wait:
        play.finish(command)


def _decide(play: Play, step: kinds.Decide) -> None:
    play.finish(play.type(step.decide, str(play.stage.file)))


def _rehome(play: Play, step: kinds.Rehome) -> None:
    command = play.type("rehome", str(play.stage.file))
    if play.finish(command) != 0:
        raise DrillError(f"{step.rehome} was not made home", hint=command.errors.strip() or "look at the time line")


def _kill(play: Play, step: kinds.Kill) -> None:
    def inside() -> bool:
        return any(state == step.kill for state in play.seen.steps.values())

    if not play.seen.wait(inside, play.stage.patience(step.within)):
        raise DrillError(f"no execution came to {step.kill}", hint="look at the states in the time line")
    environment = play.stage.environment
    for region in play.stage.places.values():
        if region in play.lost:
            continue
        name = STATE_MACHINE.of(suffix=environment.suffix, region=region)
        arn = f"arn:aws:states:{region}:{environment.accounts.workload}:stateMachine:{name}"
        machine = play.stage.clouds.client("stepfunctions", region)
        for each in machine.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]:
            play.strike(region, f"the execution {each['name']} is killed in {step.kill}")
            machine.stop_execution(executionArn=each["executionArn"], error="Killed", cause="the drill")


def _until(play: Play, step: kinds.Until) -> None:
    now = int(time.time() * 1000)
    look = Look(play.stage, play.seen, now, play.newest_ms or now)
    if not play.seen.wait(lambda: sight(step.until, look), play.stage.patience(step.within)):
        said = f"waited {play.stage.patience(step.within):.0f} s for {step.until!r}, and it was not seen"
        raise DrillError(said, hint="look at the time line")


def _repeat(play: Play, step: kinds.Repeat) -> None:
    for _ in range(step.repeat):
        play.run(step.steps)


def _objects(play: Play, step: kinds.Objects) -> None:
    from generator.naming import DATA_BUCKET

    environment = play.stage.environment
    active = play.stage.region("active")
    others = [each.name for each in environment.data_regions if each.name != active]
    if step.objects != "write":
        for other in others:
            play.ask("PUT", "replication/objects", to=other, stopped=step.objects == "stop", **{"from": active})
        play.strike(active, f"replication of objects from {active}: {step.objects}")
        return
    account = environment.accounts.workload
    bucket = DATA_BUCKET.of(suffix=environment.suffix, region=active, account=account)
    client = play.stage.clouds.client("s3", active)
    for number in range(step.count):
        client.put_object(Bucket=bucket, Key=f"drill/{number}", Body=b"drill")
    play.seen.note("application", active, f"{step.count} objects written to {bucket}")


Act = Callable[[Play, Any], None]
_ACTS: Mapping[type[kinds.Step], Act] = {
    kinds.Wait: _wait,
    kinds.Lose: _lose,
    kinds.Isolate: _isolate,
    kinds.Heal: _heal,
    kinds.Database: _database,
    kinds.Way: _path,
    kinds.Replication: _replication,
    kinds.Service: _service,
    kinds.Functions: _functions,
    kinds.Checkers: _checkers,
    kinds.Objects: _objects,
    kinds.Destroy: _destroy,
    kinds.Clock: _clock,
    kinds.Zombie: _zombie,
    kinds.Failover: _failover,
    kinds.Switchover: _switchover,
    kinds.Decide: _decide,
    kinds.Rehome: _rehome,
    kinds.Kill: _kill,
    kinds.Until: _until,
    kinds.Repeat: _repeat,
}


def _short(word: str) -> str:
    """Return a word of a command without the folder of a file."""
    return word.rpartition("/")[2]
