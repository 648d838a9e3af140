"""Everything that a recovery would need, looked at now: from inside each region, and from outside all of them.

Each region's own pre-flight tries every function of the path without effect (``lambda/preflight.py``). Only the
outside can see whether regions agree, whether stacks are what the StackSets have, whether schedules are switched on,
and whether home is the active region.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from generator import naming
from generator.aws.clients import Clouds, Patience
from generator.aws.errors import code
from generator.aws.status import fresh
from generator.aws.status.bounded import Outcome, ask_all
from generator.aws.status.look import clouds_for_looking, look
from generator.aws.status.report import Finding, RegionFacts, Report
from generator.aws.status.verdict import NOT_NEWS, judge
from generator.config import Environment

SECONDS = 120.0
"""How long a region's own pre-flight may take: a function that slept is woken and waited for (trap 49c)."""

_PATIENCE = Patience(connect=2.0, read=SECONDS, tries=1)
_LOOK_SECONDS = 20.0
_SCHEDULED = ("prove_writer", "vote", "notice", "preflight")
_OLD_NEWS = "pre-flight: "
"""How the verdict begins on what the last hourly pre-flight found: the one that is made now takes its place."""


def findings(environment: Environment, clouds: Clouds, *, seconds: float = SECONDS) -> tuple[Finding, ...]:
    """Return all that is not in order, within ``seconds`` and the time of a look; a dark region is a finding.

    Raises CloudError when there are no credentials, or they belong to another account.
    """
    report = look(clouds_for_looking(clouds), environment, seconds=min(_LOOK_SECONDS, seconds))
    lit = [each for each in report.regions if not each.dark]
    questions: dict[tuple[str, str], Callable[[], Any]] = {}
    for each in lit:
        questions[each.region, "its own pre-flight"] = partial(_flown, environment, clouds, each.region)
        for name in _SCHEDULED if each.role != "witness" else _SCHEDULED[:2]:
            questions[each.region, f"the schedule of {name}"] = partial(
                _schedule, environment, clouds, each.region, name
            )
    outcomes = ask_all(questions, time.monotonic() + seconds)
    return (*_outside(environment, report), *_inside(outcomes, seconds))


def _outside(environment: Environment, report: Report) -> Iterator[Finding]:
    for each in judge(environment, report).findings:
        if not each.what.startswith(_OLD_NEWS):
            yield each
    for region in report.regions:
        yield from _silent_alarms(report, region)


def _silent_alarms(report: Report, facts: RegionFacts) -> Iterator[Finding]:
    """Yield the alarms that can't ring because no data comes; those of the other role have none (trap 9)."""
    silent = [
        alarm.name
        for alarm in facts.alarms or ()
        if alarm.state == "INSUFFICIENT_DATA" and not any(quiet in alarm.name for quiet in NOT_NEWS)
    ]
    if silent:
        said = f"{len(silent)} alarms have no data and can't ring: {', '.join(silent)}"
        coming = fresh.new(report, facts)
        hint = "their first data comes within minutes" if coming else "look at who should publish their metrics"
        yield Finding(facts.region, said, hint, coming)


def _inside(outcomes: Mapping[tuple[str, str], Outcome[Any]], seconds: float) -> Iterator[Finding]:
    for (region, what), outcome in outcomes.items():
        if outcome.late:
            yield Finding(region, f"{what} did not answer within {seconds:g} s", "look at its log group")
        elif outcome.error is not None:
            said = str(outcome.error).replace("\n", " ")
            yield Finding(region, f"{what} could not be asked: {said}", "python -m generator rights ENVIRONMENT")
        else:
            yield from outcome.answer or ()


def _flown(environment: Environment, clouds: Clouds, region: str) -> tuple[Finding, ...]:
    """Return what the region's own pre-flight finds now."""
    name = naming.function("preflight").of(suffix=environment.suffix, region=region)
    answer = clouds.having(_PATIENCE).client("lambda", region).invoke(FunctionName=name, Payload=b"{}")
    text = answer["Payload"].read().decode(errors="replace")
    try:
        said = json.loads(text)["findings"]
        found = tuple(
            Finding(region, f"{each['subject']}: {each['problem']}", str(each.get("hint", ""))) for each in said
        )
    except (ValueError, KeyError, TypeError):
        found = (Finding(region, f"{name} failed: {text[:300]}", "look at its log group"),)
    return found


def _schedule(environment: Environment, clouds: Clouds, region: str, function: str) -> tuple[Finding, ...]:
    """Return what is wrong with the schedule of a function: not there, or switched off."""
    name = naming.function(function).of(suffix=environment.suffix, region=region)
    try:
        state = clouds.looking().client("scheduler", region).get_schedule(Name=name)["State"]
    except ClientError as error:
        if code(error) != "ResourceNotFoundException":
            raise
        return (Finding(region, f"the schedule {name} is not there", "python -m generator deploy ENVIRONMENT"),)
    if state == "ENABLED":
        return ()
    return (Finding(region, f"the schedule {name} is switched off", "switch it on in EventBridge Scheduler"),)
