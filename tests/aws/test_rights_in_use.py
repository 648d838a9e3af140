"""The rights are enough: every call that a command makes in the local cloud is allowed by its policies."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from generator.aws.clients import Clouds, Keys
from generator.aws.deploy import deploy
from generator.aws.destroy import destroy
from generator.aws.diff import diff
from generator.aws.events import silent
from generator.aws.observe import seen
from generator.aws.preflighting import findings
from generator.aws.preview import preview
from generator.aws.recovering import Request, Target, holder, newest, start
from generator.aws.recovering_approval import approve, refuse, waiting
from generator.aws.recovering_assessment import assess, snapshot
from generator.aws.recovering_progress import follow
from generator.aws.rehoming import rehome
from generator.aws.status.look import clouds_for_looking, look
from generator.aws.stopping import stop_all
from generator.cli.rights import scope_of
from generator.config import Environment, load
from generator.policies.operator import documents
from generator.policies.operator_rights import COMMANDS, FREE
from generator.resources import folder
from tests.aws.calls import ACTIONS
from tests.aws.deploy_world import eventually
from tests.aws.recover_world import A, Answers, B, hold_lease, prove, swap
from twin.cloud.knobs import Knobs
from twin.cloud.process import Options, local_cloud

SERVICES = {"monitoring": "cloudwatch"}
"""Services that are signed for under another name than their actions have."""

RUNS: dict[str, Callable[[Environment, Clouds], Any]] = {
    "plan": preview,
    "deploy": lambda environment, clouds: deploy(environment, clouds, silent),
    "diff": diff,
    "status": lambda environment, clouds: look(clouds_for_looking(clouds), environment, seconds=30.0),
    "outputs": seen,
    "stop": stop_all,
    "preflight": lambda environment, clouds: findings(environment, clouds, seconds=30.0),
    "rehome": lambda environment, clouds: _rehomed(environment, clouds),  # noqa: PLW0108 - it is defined below
    **dict.fromkeys(("failover", "switchover", "failback"), lambda _, clouds: _recovered(clouds)),
    "follow": lambda _, clouds: follow(Target(clouds, B), newest(Target(clouds, B)), silent),
    "approve": lambda _, clouds: _answered(clouds, lambda target, token: approve(target, token, "Ada")),
    "refuse": lambda _, clouds: _answered(clouds, lambda target, token: refuse(target, token, "Ada", "no")),
    "destroy": lambda environment, clouds: destroy(environment, clouds, silent),
}
ORDER = ("deploy", *(command for command in RUNS if command not in ("deploy", "destroy")), "destroy")


def _rehomed(environment: Environment, clouds: Clouds) -> None:
    """Move home, as the command does: the active region is another than before."""
    knobs = _knobs(clouds)
    swap(clouds, A, B)
    prove(clouds, B)
    hold_lease(clouds, A, Target(clouds, A).execution("ended-long-ago"))
    knobs.forget_calls()
    assert rehome(environment, clouds, silent).changed


def _recovered(clouds: Clouds) -> None:
    """Start a recovery and follow it, assessed by the function and, as if that failed, from the region's own facts."""
    target, request = Target(clouds, B), Request("failover", B, "Ada", "why")
    Answers(_knobs(clouds), clouds.environment.suffix, B).well("failover")
    hold_lease(clouds, B, target.execution("ended-long-ago"))
    _knobs(clouds).forget_calls()
    assess(target, request)
    snapshot(target)
    assert holder(target) is None
    assert follow(target, start(target, request), silent).well


def _answered(clouds: Clouds, answer: Callable[[Target, str], None]) -> None:
    """Answer a recovery that waits for an approval, and that somebody else has started."""
    target = Target(clouds, B)
    execution = start(target, Request("failover", B, "Ada", "why", approval=True))
    token = eventually(lambda: waiting(target, execution))
    _knobs(clouds).forget_calls()
    found = holder(target)
    assert found is not None and waiting(target, found.execution) == token
    answer(target, token)
    follow(target, execution, silent)


def _knobs(clouds: Clouds) -> Knobs:
    assert clouds.local is not None
    return Knobs(clouds.local.endpoint)


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Environment, dict[str, set[tuple[str, str]]]]]:
    """The calls of each command, as (account, action), on an environment of two accounts."""
    text = yaml.safe_load((folder("stacksets") / "example.yaml").read_text(encoding="utf-8"))
    text |= {"suffix": "rights", "disposable": True}
    text["accounts"] = {"workload": "111122223333", "administration": "444455556666", "access_role": "deploy"}
    text["database"]["deletion_protection"] = False
    path = tmp_path_factory.mktemp("rights") / "rights.yaml"
    path.write_text(yaml.safe_dump(text), encoding="utf-8")
    environment = load(path)
    with local_cloud(Options(account="444455556666", functions="answers")) as running:
        clouds = Clouds(environment, local=Keys(running.url))
        yield environment, {command: _made(running.url, environment, clouds, RUNS[command]) for command in ORDER}


def _made(
    url: str, environment: Environment, clouds: Clouds, run: Callable[[Environment, Clouds], Any]
) -> set[tuple[str, str]]:
    urllib.request.urlopen(urllib.request.Request(f"{url}/_twin/calls", method="DELETE"), timeout=10).close()
    run(environment, clouds)
    with urllib.request.urlopen(f"{url}/_twin/calls", timeout=10) as answer:
        counted = json.load(answer)["calls"]
    named = [
        (each["account"], f"{SERVICES.get(each['service'], each['service'])}:{each['action']}") for each in counted
    ]
    return {(account, action) for account, name in named for action in ACTIONS.get(name, (name,))}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_call_that_a_command_makes_is_allowed_in_that_account(
    used: tuple[Environment, dict[str, set[tuple[str, str]]]], command: str
) -> None:
    environment, calls = used
    policies = documents(scope_of(environment), command)
    allowed = {
        (account, action)
        for account, policy in policies.items()
        for statement in json.loads(policy.to_json())["Statement"]
        for action in statement["Action"]
    }
    assert calls[command], f"{command} made no call"
    assert sorted(each for each in calls[command] if each[1] not in FREE and each not in allowed) == []
