"""``failover``, ``switchover`` and ``failback``: the writer moves to another region, once that is surely meant."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from generator.cli import environments, render
from generator.cli.clouds import Json, Local, Name, clouds, command
from generator.cli.follow import By, again, known, show, who
from generator.errors import Exit, UsageError
from recovery.signals import FAILOVER, SWITCHOVER

if TYPE_CHECKING:
    from generator.aws.clients import Clouds
    from generator.aws.recovering import Holder, Request
    from generator.aws.recovering_assessment import Assessment
    from generator.config import Environment

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show the plan, whether it would be accepted, and start nothing.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for the region's name.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Follow it until it has ended, or only start it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; people are told, and it stays on record.")]
Approval = Annotated[
    bool | None,
    typer.Option("--approval/--no-approval", help="Have another person approve it; default: as recovery.mode says."),
]


@dataclass(frozen=True)
class Wishes:
    """How to go about it; ``typed`` is the command as it was given, ``file`` and ``options`` are for hints."""

    dry_run: bool
    yes: bool
    wait: bool
    as_json: bool
    file: Path
    local: bool
    name: str

    def typed(self, verb: str) -> str:
        """Return a command on the same environment, for hints."""
        return command(verb, self.file, local=self.local, name=self.name)


def failover(  # noqa: PLR0913 - one for each option
    environment: environments.Argument = environments.DEFAULT,
    *,
    to: Annotated[str, typer.Option("--to", metavar="REGION", help="The region that is to take over.")],
    lost: Annotated[
        str,
        typer.Option("--lost", metavar="REGION", help="The region that is lost: refused once another one is active."),
    ] = "",
    accept_data_loss: Annotated[
        bool, typer.Option("--accept-data-loss", help="Go on although more may be lost than the objective allows.")
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    wait: Wait = True,
    approval: Approval = None,
    reason: Reason = "no reason was given",
    by: By = "",
    local: Local = False,
    name: Name = "default",
    as_json: Json = False,
) -> int:
    """Have another region take over, though the active one may be gone: what it had not replicated is lost."""
    opened = environments.opened(environment)
    wishes = Wishes(dry_run, yes, wait, as_json, environment, local, name)
    request = _request(opened, FAILOVER, known(opened, to), approval=approval, by=by, reason=reason)
    if lost and known(opened, lost) == to:
        raise UsageError(f"{lost} can't take over from itself", hint="--to is the region that takes over")
    request = replace(request, lost=lost, accept_data_loss=accept_data_loss)
    return carry(clouds(opened, local=local, name=name), request, wishes)


def switchover(  # noqa: PLR0913 - one for each option
    environment: environments.Argument = environments.DEFAULT,
    *,
    to: Annotated[
        str, typer.Option("--to", metavar="REGION", help="The new active region; default: the only other one.")
    ] = "",
    dry_run: DryRun = False,
    yes: Yes = False,
    wait: Wait = True,
    approval: Approval = None,
    reason: Reason = "no reason was given",
    by: By = "",
    local: Local = False,
    name: Name = "default",
    as_json: Json = False,
) -> int:
    """Move the writer to another region without losing a row; both have to be well."""
    opened = environments.opened(environment)
    wishes = Wishes(dry_run, yes, wait, as_json, environment, local, name)
    chosen = clouds(opened, local=local, name=name)
    request = _request(opened, SWITCHOVER, known(opened, to) if to else "", approval=approval, by=by, reason=reason)
    if not to:
        request = replace(request, target=_other(opened, chosen, request))
    return carry(chosen, request, wishes)


def failback(  # noqa: PLR0913 - one for each option
    environment: environments.Argument = environments.DEFAULT,
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
    wait: Wait = True,
    approval: Approval = None,
    reason: Reason = "back to the origin",
    by: By = "",
    local: Local = False,
    name: Name = "default",
    as_json: Json = False,
) -> int:
    """Move the writer back to the origin region without losing a row, or say what that waits for."""
    opened = environments.opened(environment)
    wishes = Wishes(dry_run, yes, wait, as_json, environment, local, name)
    request = _request(opened, SWITCHOVER, opened.origin.name, approval=approval, by=by, reason=reason)
    return carry(clouds(opened, local=local, name=name), request, wishes)


def carry(chosen: Clouds, request: Request, wishes: Wishes) -> int:
    """Assess, ask, start and follow; return 0 when it was done or needs nothing, 1 when it was refused or failed."""
    from generator.aws.recovering import Target, holder, start
    from generator.aws.recovering_assessment import assess

    target = Target(chosen, request.target)
    doubt = target.check_account()
    if doubt:
        render.say(doubt, "warning")
    held = holder(target)
    found = assess(target, request)
    if wishes.dry_run:
        return _planned(request, found, held, wishes)
    if held is not None:
        return _busy(request, held, wishes)
    _assessed(request, found, wishes)
    if not found.accepted or found.outcome == "nothing":
        return Exit.FINE if found.accepted else Exit.FINDINGS
    if not wishes.yes:
        confirm(request, found)
    if request.verb == FAILOVER and found.outcome == "proceed":  # what was confirmed is one from that region
        request = replace(request, lost=request.lost or found.active)
    execution = start(target, request)
    if not wishes.wait:
        _started(request, execution, again(target, execution, wishes.typed), wishes)
        return Exit.FINE
    return show(target, execution, as_json=wishes.as_json, typed=wishes.typed)


def confirm(request: Request, found: Assessment) -> None:
    """Return when it is clear that this is meant: the target's name was typed. Raises UsageError otherwise."""
    if not sys.stdin.isatty():
        raise UsageError(
            f"the {request.verb} to {request.target} was not started: there is no terminal to ask at",
            hint="say --yes if that is what you want",
        )
    loss = "" if request.verb == SWITCHOVER else f", which may lose the last {found.lost_at_most} of writes,"
    question = f"Type {request.target} to start the {request.verb} to it{loss.rstrip(',')}"
    said = str(typer.prompt(question, err=True, default="", show_default=False)).strip()
    if said != request.target:
        raise UsageError(f"{said or 'nothing'!r} is not {request.target}: nothing was started")


def _request(  # noqa: PLR0913 - what a request is made of
    environment: Environment, verb: str, target: str, *, approval: bool | None, by: str, reason: str
) -> Request:
    from generator.aws.recovering import Request

    asked = environment.recovery.mode == "approval" if approval is None else approval
    return Request(
        verb, target, by or who(), reason, approval=asked, approval_seconds=environment.recovery.approval_minutes * 60
    )


def _other(environment: Environment, chosen: Clouds, request: Request) -> str:
    """Return the only data region that is not active. Raises UsageError when there are several, or nobody knows."""
    from generator.aws.recovering import Target
    from generator.aws.recovering_assessment import active_region

    regions = [each.name for each in environment.data_regions]
    if len(regions) > 2:
        raise UsageError("there is more than one region to switch over to", hint=f"--to REGION: {', '.join(regions)}")
    active = active_region({region: Target(chosen, region) for region in regions}, request)
    others = [region for region in regions if region != active]
    if not active or not others:
        raise UsageError("nobody says which region is active", hint=f"--to REGION: {', '.join(regions)}")
    return others[0]


def _planned(request: Request, found: Assessment, held: Holder | None, wishes: Wishes) -> int:
    accepted = found.accepted and held is None
    if wishes.as_json:
        render.document(
            {
                "request": asdict(request),
                "accepted": accepted,
                "running": asdict(held) if held else None,
                **asdict(found),
            }
        )
        return Exit.FINE if accepted else Exit.FINDINGS
    if found.steps:
        render.table(("step", "region", "because"), [(each.name, each.region, each.reason) for each in found.steps])
    if held is not None:
        return _busy(request, held, wishes)
    _assessed(request, found, wishes)
    return Exit.FINE if accepted else Exit.FINDINGS


def _assessed(request: Request, found: Assessment, wishes: Wishes) -> None:
    """Say what the assessment says: accepted or not, why, what may be lost, and what to do about a refusal."""
    if wishes.as_json:
        said = {"event": "assessed", "verb": request.verb, "target": request.target, "accepted": found.accepted}
        render.line({**said, **asdict(found)})
        return
    if found.doubt:
        render.say(f"the assessment is {found.by}, because: {found.doubt}", "warning")
    words = {"proceed": "accepted", "resume": "goes on", "nothing": "nothing to do"}
    word = words.get(found.outcome, "refused")
    render.say(f"{request.verb} to {request.target}: {word}: {found.reason}", "" if found.accepted else "error")
    if request.verb == FAILOVER and found.outcome == "proceed":
        render.say(f"lost at most: {found.lost_at_most} of writes")
    if found.hint:
        render.say(found.hint, "hint")
    if found.acceptable and not found.accepted:
        render.say(
            f"with the loss accepted: {wishes.typed(request.verb)} --to {request.target} --accept-data-loss", "hint"
        )


def _busy(request: Request, held: Holder, wishes: Wishes) -> int:
    """Say who holds the lease: of two starts one wins, and the other is told."""
    follow = f"{wishes.typed('follow')} --to {request.target}"
    if wishes.as_json:
        render.line({"event": "busy", "target": request.target, "running": asdict(held), "follow": follow})
        return Exit.FINDINGS
    render.say(f"another recovery to {request.target} runs: {held}", "error")
    render.say(
        f"follow it: {follow}; one that waits for an approval: {wishes.typed('approve')} --to {request.target}", "hint"
    )
    return Exit.FINDINGS


def _started(request: Request, execution: str, following: str, wishes: Wishes) -> None:
    if wishes.as_json:
        render.line({"event": "started", "verb": request.verb, "target": request.target, "execution": execution})
        return
    render.say(f"started in {request.target}: {execution}", "fine")
    render.say(f"follow it: {following}", "hint")
