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
from generator.aws.preview import preview
from generator.aws.status.look import clouds_for_looking, look
from generator.aws.stopping import stop_all
from generator.cli.rights import scope_of
from generator.config import Environment, load
from generator.policies.operator import documents
from generator.policies.operator_rights import COMMANDS, FREE
from generator.resources import folder
from tests.aws.calls import ACTIONS
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
    "destroy": lambda environment, clouds: destroy(environment, clouds, silent),
}
ORDER = ("deploy", "plan", "diff", "status", "outputs", "stop", "destroy")


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
