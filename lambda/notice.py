"""Looks at what this region sees, every minute and at each alarm, and does what changed calls for.

When the active region is lost it opens one incident, tells people once, and starts the state machine as
the mode says; the execution is named after the incident, so starting it again is refused by Step
Functions. An alarm can't start a state machine, and acts on a change alone (trap 36a): so an alarm calls
this function, and a schedule calls it all the same.

A witness has no database and does none of this. Nor does a region whose state table has not been made
yet: the schedule is deployed before the probe stack.

After a failover it lifts the fence and the marker (:mod:`unfencing`), and what one that came to nothing left
behind. An invariant that it sees broken for a while is told, once, by each region that sees it: any of them may
be the one that is cut off. A run that finds nothing changed tells nobody.
"""

from __future__ import annotations

import functools
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import breaches
import facts
import incidents
import settings
from clients import DECIDING, ClientFactory, Clients, Limits, error_code
from state import StateTable
from unfencing import Lifted, Unfencing

from recovery import breach, detection, failover, incident, signals
from recovery.detection import Observation
from recovery.incident import Act, Incident, Terms
from recovery.state import Snapshot, violations

CALLS: tuple[str, ...] = (
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "lambda:InvokeFunction",
    "rds:DescribeDBClusters",
    "rds:DescribeGlobalClusters",
    "sns:Publish",
    "states:DescribeExecution",
    "states:StartExecution",
)

INVOKING = Limits(connect=2, read=25, attempts=1)
"""The fence function may take twenty seconds; calling it twice at once would be of no use."""

USED = "ExecutionAlreadyExists"
"""What a start is answered whose name was used (Step Functions API, ``StartExecution``)."""

_BREACH_NEXT = (
    "next: python -m generator status ENV says what each region says of itself; docs/runbook/README.md says which page "
    "to go by. What a failover that was given up left behind is lifted by itself after ten minutes"
)

SUBJECT_LENGTH = 100
"""SNS API, ``Publish``: a subject has less than this many characters, and no line breaks."""


@dataclass(frozen=True)
class Settings(settings.Settings):
    """What this function is told; durations in seconds."""

    global_cluster: str
    mode: str
    state_machine: str
    topic: str
    notice_seconds: float
    rpo_seconds: int
    approval_seconds: int

    @property
    def fence_function(self) -> str:
        """Return the name of this region's fence function."""
        return f"dr-{self.suffix}-{self.region}-fence"


@dataclass(frozen=True)
class Notice:
    """The function and what it is connected to; ``say`` takes the structured log line."""

    settings: Settings
    clients: Clients
    invoking: Clients
    now_ms: Callable[[], int]
    say: Callable[[str], None] = print

    @property
    def table(self) -> StateTable:
        """Return this region's state table."""
        return StateTable(self.clients("dynamodb", self.settings.region), self.settings.table)


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Look, act, and return what was done and why; ``event`` (alarm or schedule) is only the occasion.

    Raises :class:`facts.UnavailableError` or :class:`facts.DeniedError` when this region can't be looked at.
    """
    return run(_configured(), event)


def run(notice: Notice, event: Mapping[str, Any]) -> dict[str, Any]:
    """Do what :func:`handler` says."""
    told = notice.settings
    if facts.is_witness(told):
        return _rest(notice, event, facts.WITNESS_REASON, [])
    try:
        snapshot = facts.gather(told, notice.clients, told.global_cluster)
    except facts.NotDeployedError:
        missing = facts.finding(told.table, "the state table does not exist", "deploy probe")
        return _rest(notice, event, f"not deployed yet: there is no table {told.table}", [missing])
    active = snapshot.active
    reason = f"the writer is in {active or 'no region'}"
    if event.get("dry_run"):
        found = [] if active else [facts.finding("global cluster", "no member is the writer", "look at RDS")]
        return facts.dry_answer(found, reason)
    done = _lift(notice, snapshot) + _close_others(notice, active) + _watch(notice, snapshot)
    if active and active != told.region:
        observation = detection.observe(snapshot, active, told.notice_seconds, notice.now_ms())
        reason = observation.reason
        done += _act(notice, snapshot, observation)
    return _report(notice, active, reason, done)


def _rest(notice: Notice, event: Mapping[str, Any], reason: str, found: list[dict[str, str]]) -> dict[str, Any]:
    """Return that nothing was done, and why; ``found`` is what a dry run has to say about it."""
    return facts.dry_answer(found, reason) if event.get("dry_run") else _report(notice, "", reason, [])


def _report(notice: Notice, active: str, reason: str, done: list[str]) -> dict[str, Any]:
    region = notice.settings.region
    line = {"event": "notice", "region": region, "active": active, "reason": reason, "done": done}
    notice.say(json.dumps(line))
    return line


def _act(notice: Notice, snapshot: Snapshot, observation: Observation) -> list[str]:
    told, now_ms = notice.settings, notice.now_ms()
    known = incidents.read(notice.table, observation.active)
    first, _ = detection.acts_here(snapshot, observation.active, told.notice_seconds, now_ms)
    terms = Terms(told.mode, told.notice_seconds, first)
    acts = incident.decide(observation, known, terms, now_ms)
    done = []
    for act in acts:
        if act.name == incident.OPEN:
            known = Incident(observation.active, now_ms)
            if not incidents.open_once(notice.table, known, act.reason):
                break  # another run of this function was faster, and tells
        elif known is not None:
            known = _do(notice, snapshot, known, act, observation)
        done.append(f"{act.name}: {act.reason}")
    return done


def _do(notice: Notice, snapshot: Snapshot, known: Incident, act: Act, observation: Observation) -> Incident | None:
    """Do one act about an incident, keep it, and return the incident as it is now."""
    if act.name == incident.CLOSE:
        _close(notice, known, act.reason)
        return None
    if act.name == incident.TELL:
        message = f"{act.reason}\n\n{_next(notice, snapshot, observation)}"
        known = replace(known, told=_tell(notice, f"{known.about} looks lost", message))
    elif act.name == incident.START:
        known = replace(known, started=_start(notice, known, act.reason))
    elif act.name == incident.CALM:
        known = replace(known, calm_ms=notice.now_ms())
    elif act.name == incident.UNREST:
        known = replace(known, calm_ms=None)
    incidents.keep(notice.table, known, act.reason)
    return known


def _next(notice: Notice, snapshot: Snapshot, observation: Observation) -> str:
    """Return what a failover would be answered now, and what a person is to do."""
    told = notice.settings
    decision = failover.decide(
        snapshot,
        told.region,
        failover.Terms(told.rpo_seconds, lost=observation.active),
        notice.now_ms(),
    )
    answer = "accepted" if decision.accepted else "refused"
    hint = f" ({decision.hint})" if decision.hint else ""
    overrule = ""
    if decision.acceptable:
        overrule = '\nwith the loss accepted: add --accept-data-loss (with the AWS CLI "accept_data_loss": true)'
    step = incident.next_step(observation.active, told.region, told.mode, observation.agreed, told.state_machine)
    return f"a failover now would be {answer}: {decision.reason}{hint}\n\nnext: {step}{overrule}"


def _start(notice: Notice, known: Incident, reason: str) -> str:
    """Start the state machine for an incident; return the execution's name, or empty to try again."""
    from botocore.exceptions import BotoCoreError, ClientError

    told = notice.settings
    name = incident.execution_name(known.about, known.since_ms)
    request = {
        "verb": signals.FAILOVER,
        "target": told.region,
        "lost": known.about,
        "accept_data_loss": False,
        "approval": told.mode == incident.APPROVAL,
        "approval_seconds": told.approval_seconds,
        "requested_by": "notice",
        "reason": reason,
    }
    try:
        notice.clients("stepfunctions", told.region).start_execution(
            stateMachineArn=told.state_machine, name=name, input=json.dumps(request)
        )
    except (BotoCoreError, ClientError) as error:
        if error_code(error) != USED:
            _failed(notice, "the state machine was not started", f"{error_code(error)}: {error}")
            return ""
    return name


def _lift(notice: Notice, snapshot: Snapshot) -> list[str]:
    told = notice.settings
    unfencing = Unfencing(
        told.region,
        told.fence_function,
        notice.table,
        notice.clients,
        notice.invoking,
        lambda what, why: _failed(notice, what, why),
    )
    done = []
    for lifted in unfencing.lift(snapshot, notice.now_ms()):
        done.append(f"{lifted.what} of {lifted.region} lifted: {lifted.reason}")
        if lifted.abandoned or lifted.what == "marker":
            _tell(notice, *_news(notice, snapshot, lifted))
    return done


def _news(notice: Notice, snapshot: Snapshot, lifted: Lifted) -> tuple[str, str]:
    """Return the subject and the message about what was lifted."""
    old, here = lifted.region, notice.settings.region
    if lifted.abandoned:
        return (
            f"the {lifted.what} on {old} is lifted: it was not taken over from",
            f"{lifted.reason}\n\nnext: python -m generator status ENV; if {old} is lost after all, start the "
            f"failover again: python -m generator failover ENV --to {here} --lost {old}",
        )
    active = snapshot.active
    return (
        f"{old} is a replica again",
        f"{lifted.reason}; {active} stays the writer\n\n"
        f"next: make {active} home: python -m generator rehome ENV; a switchover back, when it suits you: "
        f"python -m generator switchover ENV --to {old}",
    )


def _watch(notice: Notice, snapshot: Snapshot) -> list[str]:
    """Tell, once, of each invariant that has been broken for a while, and forget those that hold again."""
    table, now_ms = notice.table, notice.now_ms()
    done = []
    for act in breach.decide(violations(snapshot, now_ms), breaches.read_all(table), now_ms):
        about = act.breach
        if act.name == breach.OPEN:
            breaches.open_once(table, about)
        elif act.name == breach.CLOSE and breaches.close(table, about) and about.told:
            _tell(notice, "what was wrong is in order again", f"it does not hold any more that {about.sentence}")
        elif act.name == breach.TELL:
            told = _tell(notice, "something that must never be", f"{about.sentence}\n\n{_BREACH_NEXT}")
            breaches.keep(table, replace(about, told=told))
        done.append(f"{act.name}: {about.sentence}")
    return done


def _close_others(notice: Notice, active: str) -> list[str]:
    """Close incidents about regions that are no longer the active one."""
    done = []
    for known in incidents.read_all(notice.table):
        if active and known.about != active:
            _close(notice, known, f"{active} is the active region now")
            done.append(f"closed the incident about {known.about}")
    return done


def _close(notice: Notice, known: Incident, reason: str) -> None:
    if incidents.close(notice.table, known) and known.told:
        _tell(notice, f"the incident about {known.about} is closed", reason)


def _tell(notice: Notice, subject: str, message: str) -> bool:
    """Tell people; return whether the topic took it. A dark topic does not stop anything."""
    from botocore.exceptions import BotoCoreError, ClientError

    told = notice.settings
    try:
        notice.clients("sns", told.region).publish(
            TopicArn=told.topic,
            Subject=f"[{told.suffix}] {subject}"[: SUBJECT_LENGTH - 1],
            Message=f"{message}\n\n(seen from {told.region}; ENV is the environment file of {told.suffix})",
        )
    except (BotoCoreError, ClientError) as error:
        _failed(notice, "nobody could be told", f"{error_code(error)}: {error}")
        return False
    return True


def _failed(notice: Notice, what: str, why: str) -> None:
    notice.say(json.dumps({"event": "notice failed", "what": what, "reason": why}))


@functools.cache
def _configured() -> Notice:
    told = settings.read(Settings, os.environ)
    return Notice(told, ClientFactory(DECIDING), ClientFactory(INVOKING), lambda: int(time.time() * 1000))
