"""What to do about a loss that is seen, told once, and calmed again.

One incident a region that was active: opened when this region sees the loss, told once with the reason
and the next step, acted on as the mode says, closed when the region has been well for as long as a loss
takes to be noticed (a region that flaps does not drown people), or when it is no longer the active one.
"""

from __future__ import annotations

from dataclasses import dataclass

from recovery.detection import SILENT, WRITES, Observation

MANUAL = "manual"
APPROVAL = "approval"
AUTOMATIC = "automatic"

OPEN = "open"
TELL = "tell"
START = "start"
CALM = "calm"
UNREST = "unrest"
CLOSE = "close"

RETELL_SECONDS = 60
"""An incident that could not be told (the topic was dark) is told again after this."""


@dataclass(frozen=True)
class Incident:
    """An incident as the state table holds it.

    about: the region that is lost. since_ms: when it was first seen here. told: people were told.
    started: the execution that was started for it, or empty. calm_ms: since when it looks well, or ``None``.
    """

    about: str
    since_ms: int
    told: bool = False
    started: str = ""
    calm_ms: int | None = None


@dataclass(frozen=True)
class Act:
    """One thing to do, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Terms:
    """How a region goes about a loss.

    first: this region is the one to act (:func:`recovery.detection.acts_here`). One that is not notices
    for itself alone: it opens no incident and tells nobody.
    """

    mode: str
    notice_seconds: float
    first: bool


def decide(
    observation: Observation,
    incident: Incident | None,
    terms: Terms,
    now_ms: int,
) -> tuple[Act, ...]:
    """Return what to do now, in order; empty when nothing changed."""
    if not observation.lost:
        return _calmed(observation, incident, terms.notice_seconds, now_ms)
    if not terms.first:
        return ()
    acts: list[Act] = []
    if incident is None:
        acts += [Act(OPEN, observation.reason), Act(TELL, observation.reason)]
    else:
        if incident.calm_ms is not None:
            acts.append(Act(UNREST, observation.reason))
        if not incident.told and now_ms - incident.since_ms >= RETELL_SECONDS * 1000:
            acts.append(Act(TELL, observation.reason))
    if may_start(observation, terms.mode) and not (incident and incident.started):
        acts.append(Act(START, observation.reason))
    return tuple(acts)


def may_start(observation: Observation, mode: str) -> bool:
    """Return whether the state machine may be started without a person.

    With ``approval`` the machine itself asks one before its first effect, so what this region sees is
    enough to start it; ``automatic`` needs the voters to agree; ``manual`` never starts anything.
    """
    if mode == AUTOMATIC:
        return observation.agreed
    return mode == APPROVAL and observation.lost


def execution_name(about: str, since_ms: int) -> str:
    """Return the execution's name for an incident: the same incident is never started twice.

    At most 80 characters of letters, digits, ``-`` and ``_`` (Step Functions API, ``StartExecution``,
    which answers a name that was used with ``ExecutionAlreadyExists``).
    """
    return f"loss-of-{about}-{since_ms}"


def next_step(about: str, target: str, mode: str, agreed: bool, machine: str) -> str:
    """Return what a person is told to do, with the exact command; ``machine`` is the state machine's ARN.

    ENV in a command is the environment file. Whoever has no copy of this library gets the AWS CLI's command, too.
    """
    wanted = (
        f'{{"verb": "failover", "target": "{target}", "lost": "{about}", "accept_data_loss": false, "approval": false}}'
    )
    start = (
        f"python -m generator failover ENV --to {target} --lost {about}\n"
        f"or, with the AWS CLI alone: aws stepfunctions start-execution --region {target} "
        f"--state-machine-arn {machine} --input '{wanted}'"
    )
    if mode == AUTOMATIC and agreed:
        return (
            f"the failover to {target} was started by itself; follow it: python -m generator follow ENV --to {target}"
        )
    if mode == AUTOMATIC:
        return f"nothing was started, because the voters do not agree; if {about} is lost: {start}"
    if mode == APPROVAL:
        return (
            f"a failover to {target} waits for an approval: python -m generator approve ENV --to {target} "
            f"(or refuse); a message with the AWS CLI's commands follows"
        )
    return f"nothing was started; if {about} is lost: {start}"


def _calmed(observation: Observation, incident: Incident | None, notice_seconds: float, now_ms: int) -> tuple[Act, ...]:
    if incident is None or observation.own.says == SILENT:
        return ()
    if observation.own.says != WRITES:  # neither lost nor well: a flapping region is not calm
        return (Act(UNREST, observation.own.reason),) if incident.calm_ms is not None else ()
    if incident.calm_ms is None:
        return (Act(CALM, observation.own.reason),)
    if now_ms - incident.calm_ms >= notice_seconds * 1000:
        return (Act(CLOSE, f"{incident.about} has been well for {notice_seconds:g} s: {observation.own.reason}"),)
    return ()
