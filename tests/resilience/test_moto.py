"""A whole deployment against moto's server, whose StackSets someone else wrote.

moto makes the stacks of five of our templates as they are, only without what it warns of (bucket policies, the
global cluster). The others need types that it lacks and can't do without (network ACLs, say), so those go hollow: the
same parameters and outputs around one address. Its StackSets never update a stack, only what they say of it, so
a second deployment sends some values again; and the checks at the end
find no secret of a database.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from generator.aws import observe, works
from generator.aws.events import Fault, OperationBegan, Uploaded, WaveBegan
from generator.build import document
from generator.config import Environment
from generator.config.parts import Accounts
from generator.plan.recorded import placed
from generator.plan.wanted import parsed
from generator.shape import Shape
from tests.resilience.world import Deploying, clouds_at, environment, spoken

ACCOUNT = "123456789012"
"""The account of every key that moto does not know."""

WHOLE = frozenset({"deployment", "stackset-roles", "keys", "global-database", "artifacts"})


def _hollow(stack: Any, shape: Shape) -> str:
    """Return the stack's template, without its resources where moto does not know them."""
    text = document(stack, shape)
    if stack.name in WHOLE:
        return text
    told = parsed(text)
    made: dict[str, Any] = {"Resources": {"Address": {"Type": "AWS::EC2::EIP"}}}
    made["Outputs"] = {name: {"Value": f"{name}-of-{stack.name}"} for name in told.get("Outputs") or {}}
    return json.dumps({"Parameters": told.get("Parameters") or {}, **made})


def _wanted(suffix: str) -> Environment:
    return environment(suffix, accounts=Accounts(workload=ACCOUNT))


@pytest.mark.filterwarnings("ignore")
def test_what_moto_can_not_make_fails_with_a_reason(moto: str) -> None:
    deploying = Deploying(clouds_at(moto, _wanted("asis"))).end()
    assert "CREATE of dr-asis-network in eu-central-1: InvalidSubnetID.NotFound" in spoken(deploying.error)
    assert len(deploying.heard.of(WaveBegan)) == 4
    assert not deploying.heard.of(Fault)


@pytest.mark.filterwarnings("ignore")
def test_a_whole_deployment_goes_through_every_wave(moto: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(works, "document", _hollow)
    wanted = _wanted("onmoto")
    deploying = Deploying(clouds_at(moto, wanted)).end()
    assert "describing the secret dr-onmoto-database in eu-west-1: ResourceNotFound" in spoken(deploying.error)
    seen = observe.seen(wanted, clouds_at(moto, wanted))
    for each in placed(wanted, seen).instances:
        found = seen.stack_of(each)
        assert found is not None, each
        assert found.status == "CREATE_COMPLETE"
    made = [each for each in deploying.heard.of(OperationBegan) if each.action == "CREATE"]
    places = [(each.stackset, region) for each in made for region in each.regions]
    assert len(places) == len(set(places)) == len(placed(wanted, seen).instances)
    assert len([each for each in deploying.heard.of(Uploaded) if each.key.endswith(".zip")]) == 2 * 9
    again = Deploying(clouds_at(moto, wanted)).end()
    assert {each.action for each in again.heard.of(OperationBegan)} <= {"UPDATE"}
