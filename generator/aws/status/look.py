"""One look at an environment: every region, the StackSets and Route 53 side by side, and an end to all of it.

A region that does not answer costs its own column and nothing else. Nothing is changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from generator.aws.access import call_as
from generator.aws.clients import Clouds, Patience
from generator.aws.errors import code
from generator.aws.status import regions
from generator.aws.status.bounded import Outcome, ask_all
from generator.aws.status.dns import read_dns
from generator.aws.status.report import Dns, Gap, RegionFacts, Report, StackSets
from generator.aws.status.stacksets import read_stacksets
from generator.config import Environment
from generator.errors import CloudError

SECONDS = 8.0
"""How long an answer is waited for, unless said otherwise."""

PATIENCE = Patience(connect=2.0, read=4.0, tries=2)
"""Two tries that fail and the pause between them are over within about twelve seconds; nobody waits for them, but
a thread of theirs should not outlive the next look."""

_STACKSETS = ("", "StackSets")
_ADMINISTRATION = ("", "the administration account's stacks")
_DNS = ("", "DNS")
_ACCOUNT = ("", "whose credentials these are")


def clouds_for_looking(clouds: Clouds) -> Clouds:
    """Return the same clouds with the patience of a look; they may be kept from one look to the next."""
    return Clouds(clouds.environment, patience=PATIENCE, local=clouds.local)


def look(clouds: Clouds, environment: Environment, *, seconds: float = SECONDS, now_ms: int | None = None) -> Report:
    """Return what the environment says of itself within ``seconds``.

    Raises :class:`CloudError` when there are no credentials, or they belong to another account.
    """
    at_ms = int(time.time() * 1000) if now_ms is None else now_ms
    questions = _questions(clouds, environment, at_ms, seconds)
    outcomes = ask_all(questions, time.monotonic() + seconds)
    _check_credentials(outcomes[_ACCOUNT])
    found = tuple(
        _region(each.name, each.role, {part: outcomes[where, part] for where, part in questions if where == each.name},
                seconds)
        for each in environment.all_regions
    )  # fmt: skip
    stacksets: Outcome[StackSets] = outcomes[_STACKSETS]
    dns: Outcome[Dns] = outcomes[_DNS]
    administration = outcomes.get(_ADMINISTRATION)
    if administration is not None and administration.answer:
        found = tuple(
            replace(each, stacks=(*each.stacks, *administration.answer))
            if each.region == environment.dns_region and each.stacks is not None
            else each
            for each in found
        )
    gaps = [
        Gap(key[1], _why(outcomes[key], seconds))
        for key in (_STACKSETS, _ADMINISTRATION, _DNS)
        if key in outcomes and (outcomes[key].late or outcomes[key].error)
    ]
    return Report(environment.suffix, at_ms, seconds, found, stacksets.answer, dns.answer, tuple(gaps))


def _questions(
    clouds: Clouds, environment: Environment, now_ms: int, seconds: float
) -> dict[tuple[str, str], Callable[[], Any]]:
    """Return every question by region and part; those to no region in particular first, as they take longest."""
    accounts = environment.accounts
    home = clouds.stacksets()
    asked: dict[tuple[str, str], Callable[[], Any]] = {
        _ACCOUNT: clouds.check_account,
        _STACKSETS: lambda: read_stacksets(home, environment.suffix, call_as(clouds), seconds),
        _DNS: lambda: read_dns(clouds, environment, now_ms, seconds),
    }
    if accounts.administration != accounts.workload:
        asked[_ADMINISTRATION] = lambda: regions.read_stacks(home, environment.suffix)
    for each in environment.all_regions:
        for part, question in regions.questions(clouds, environment, each.name, now_ms).items():
            asked[each.name, part] = question
    return asked


def _check_credentials(outcome: Outcome[str]) -> None:
    """Raise what is wrong with the credentials; that nobody answered is no such thing."""
    error = outcome.error
    if not isinstance(error, CloudError):
        return
    cause = error.__cause__
    if isinstance(cause, BotoCoreError) and Outcome(error=cause).silent:
        return
    if isinstance(cause, ClientError) and cause.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
        return
    raise error


def _region(name: str, role: str, outcomes: dict[str, Outcome[Any]], seconds: float) -> RegionFacts:
    """Return a region's facts; it is dark when not one part of it answered."""
    if all(outcome.silent for outcome in outcomes.values()):
        return RegionFacts(name, role, dark=_dark(outcomes.values(), seconds))
    answers = {part: outcome.answer for part, outcome in outcomes.items()}
    gaps = tuple(
        Gap(regions.PARTS[part], _why(outcome, seconds))
        for part, outcome in outcomes.items()
        if outcome.late or outcome.error
    )
    cluster, database = answers.get(regions.CLUSTER) or (None, None)
    return RegionFacts(
        name,
        role,
        gaps=gaps,
        stacks=answers[regions.STACKS],
        cluster=cluster,
        database=database,
        table=answers[regions.TABLE],
        measured=answers[regions.MEASURED],
        alarms=answers[regions.ALARMS],
        subscribers=answers[regions.SUBSCRIBERS],
    )


def _dark(outcomes: Iterable[Outcome[Any]], seconds: float) -> str:
    refused = [outcome.error for outcome in outcomes if outcome.error]
    if refused and not any(outcome.late for outcome in outcomes):
        return f"no connection: {_plain(refused[0])}"
    return f"no answer within {seconds:g} s"


def _why(outcome: Outcome[Any], seconds: float) -> str:
    if outcome.error is None:
        return f"no answer within {seconds:g} s"
    return _plain(outcome.error)


def _plain(error: Exception) -> str:
    if isinstance(error, ClientError):
        return f"{code(error)}: {error.response.get('Error', {}).get('Message', '')}".replace("\n", " ")
    return str(error).replace("\n", " ")
