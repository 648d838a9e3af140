"""A recovery's states, told in sentences while it runs: which step, what came of it, and why.

The state machine's history names each state as it is left, with the output so far (Step Functions API,
``GetExecutionHistory``). Only what decides or has an effect is told; a state that was left by an error shows
nothing new in its output, and the state that catches it tells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from recovery import steps

ASSESS = "assess"

DOING: Mapping[str, tuple[str, str]] = {
    "TakeLease": (steps.LEASE, "taking the lease"),
    "Assess": (ASSESS, "assessing"),
    "AskApproval": (steps.APPROVE, "waiting for an approval"),
    "Fence": (steps.FENCE, "fencing the old region, for half a minute at most"),
    "Promote": (steps.PROMOTE, "asking the service for the promotion"),
    "Unfence": (steps.FENCE, "lifting the fence again"),
    "Mark": (steps.MARK, "marking the old region as superseded"),
    "Confirm": (steps.PROVE, "looking for the target's writer proof"),
    "WaitForProof": (steps.PROVE, "waiting for the target's writer proof"),
    "Tell": (steps.TELL, "telling people"),
    "TellFailure": (steps.TELL, "telling people"),
    "Release": (steps.RELEASE, "giving the lease back"),
    "ReleaseAfterFailure": (steps.RELEASE, "giving the lease back"),
}
"""What is going on in a state: the step that it belongs to, and a few words."""


@dataclass(frozen=True)
class Line:
    """One thing that happened: the step, a sentence, and whether it went as it should."""

    step: str
    text: str
    well: bool = True


def left(state: str, output: Mapping[str, Any]) -> Line | None:
    """Return what is to be told when ``state`` was left with ``output``; ``None`` when there is nothing to tell."""
    told = _TOLD.get(state)
    return told(output) if told else None


def _lease(output: Mapping[str, Any]) -> Line | None:
    return None if "error" in output else Line(steps.LEASE, "the lease is held: one recovery at a time")


def _took_over(_output: Mapping[str, Any]) -> Line:
    return Line(steps.LEASE, "the lease of a recovery that has ended is taken over")


def _assessed(output: Mapping[str, Any]) -> Line | None:
    found = output.get("assessed")
    if found is None:
        return None
    return Line(ASSESS, f"{found['outcome']}: {found['reason']}", well=found["outcome"] != "refused")


def _approved(output: Mapping[str, Any]) -> Line | None:
    given = output.get("approval")
    if given is None:
        return None
    by = given.get("by") if isinstance(given, Mapping) else None
    return Line(steps.APPROVE, f"approved by {by or 'somebody who gave no name'}")


def _part(step: str, name: str, well: Callable[[str], bool]) -> Callable[[Mapping[str, Any]], Line | None]:
    def told(output: Mapping[str, Any]) -> Line | None:
        found = output.get(name, {})
        outcome = str(found.get("outcome", "none"))
        if outcome == "none":
            return None
        reason = found.get("reason")
        return Line(step, f"{outcome}: {reason}" if reason else outcome, well=well(outcome))

    return told


def _marked(output: Mapping[str, Any]) -> Line | None:
    if output["mark"]["outcome"] == "none":
        return None
    if output["mark"]["outcome"] == "written":
        return Line(steps.MARK, "the old region is marked as superseded")
    return Line(steps.MARK, f"the old region could not be marked: {output['mark'].get('reason')}", well=False)


def _proof(output: Mapping[str, Any]) -> Line:
    found = output["confirmation"]
    return Line(steps.PROVE, str(found["reason"]))


def _not_proved(output: Mapping[str, Any]) -> Line:
    return Line(steps.PROVE, str(output["confirmation"]["reason"]), well=False)


def _told(output: Mapping[str, Any]) -> Line:
    outcome = output["told"]["outcome"]
    if outcome == "told":
        return Line(steps.TELL, "people are told")
    return Line(steps.TELL, f"nobody could be told: {output['told'].get('reason', outcome)}", well=False)


_FENCE = _part(steps.FENCE, "fence", lambda outcome: outcome != "failed")
_PROMOTION = _part(steps.PROMOTE, "promotion", lambda outcome: outcome not in ("refused", "unclear"))

_TOLD: Mapping[str, Callable[[Mapping[str, Any]], Line | None]] = {
    "TakeLease": _lease,
    "TakeOver": _took_over,
    "Assess": _assessed,
    "AskApproval": _approved,
    "Fence": _FENCE,
    "FenceFailed": _FENCE,
    "Unfence": _FENCE,
    "UnfenceFailed": _FENCE,
    "Promote": _PROMOTION,
    "PromoteUnclear": _PROMOTION,
    "Resume": _PROMOTION,
    "Mark": _marked,
    "MarkFailed": _marked,
    "Confirm": _proof,
    "ConfirmFailed": _not_proved,
    "Tell": _told,
    "NotTold": _told,
}
