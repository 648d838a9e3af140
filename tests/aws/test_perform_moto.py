"""Looking and acting against moto's server, whose StackSets someone else wrote; and the lease in its tables."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import Any

import pytest

from generator import naming
from generator.aws import observe, perform
from generator.aws.clients import Clouds, Keys
from generator.aws.control import Control
from generator.aws.deploy import deploy
from generator.aws.events import OperationEnded
from generator.aws.lease import HeldError, Lease, MovedError, Process, Terms
from generator.aws.paces import LOCAL
from generator.config import Environment
from generator.config.parts import Accounts
from generator.errors import CloudError
from generator.plan.model import (
    Action,
    CreateInstances,
    CreateStack,
    CreateStackSet,
    DeleteInstances,
    DeleteStack,
    DeleteStackSet,
    UpdateInstances,
    UpdateStack,
    UpdateStackSet,
)
from tests.aws.deploy_world import Heard, environment, eventually

ACCOUNT = "123456789012"
"""The account of every key that moto does not know."""

QUEUE = """
Parameters:
  Size: {Type: String, Default: "1024"}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {QueueName: NAME, MaximumMessageSize: !Ref Size}
Outputs:
  Queue: {Value: !Ref Queue}
"""


def _queue(name: str) -> str:
    """Return a template with a queue of that name: moto's stacks have names that no queue may have (trap 60)."""
    return QUEUE.replace("NAME", name)


def _clouds(moto: str, suffix: str, account: str = ACCOUNT) -> Clouds:
    wanted = environment(suffix).model_copy(update={"accounts": Accounts(workload=account)})
    return Clouds(wanted, local=Keys(moto))


def _control(clouds: Clouds) -> Control:
    return Control(clouds, Heard(), paces=LOCAL)


def _seen(clouds: Clouds) -> dict[str, dict[str, Any]]:
    """Return the stacks that were seen: by StackSet and region, their parameters."""
    seen = observe.seen(clouds.environment, clouds)
    return {
        name: {each.region: each.stack.parameters if each.stack else None for each in found.instances}
        for name, found in seen.stacksets.items()
    }


def test_a_stackset_is_made_updated_and_removed_action_by_action(moto: str) -> None:
    clouds = _clouds(moto, "steps")
    control, name, regions = _control(clouds), "dr-steps-keys", ("eu-west-1", "eu-central-1")
    queue = _queue("steps")
    taken = queue.replace("1024", "2048")
    assert _seen(clouds) == {}
    perform.perform(CreateStackSet("", name, queue, {"Size": "1024"}), control)
    assert _seen(clouds) == {name: {}}
    perform.perform(CreateInstances("", name, ACCOUNT, regions, {"Size": "4096"}), control)
    assert _seen(clouds) == {name: {each: {"Size": "4096"} for each in regions}}
    perform.perform(UpdateInstances("", name, ACCOUNT, regions[:1], {"Size": "8192"}), control)
    [override] = clouds.stacksets().describe_stack_instance(
        StackSetName=name, StackInstanceAccount=ACCOUNT, StackInstanceRegion="eu-west-1"
    )["StackInstance"]["ParameterOverrides"]
    assert override["ParameterValue"] == "8192"  # moto keeps it, and leaves the stack as it was
    perform.perform(UpdateStackSet("", name, taken, {"Size": "1024"}, regions), control)
    assert observe.seen(clouds.environment, clouds).stacksets[name].template == taken
    perform.perform(DeleteInstances("", name, ACCOUNT, regions, retain=False), control)
    assert _seen(clouds) == {name: {}}
    perform.perform(DeleteStackSet("", name), control)
    assert _seen(clouds) == {}
    heard = control.sink
    assert isinstance(heard, Heard)
    assert {each.status for each in heard.of(OperationEnded)} == {"SUCCEEDED"}


def test_operations_on_several_regions_are_followed_together(moto: str) -> None:
    clouds = _clouds(moto, "together")
    name = "dr-together-keys"
    actions: list[Action] = [
        CreateStackSet("", name, _queue("together"), {}),
        CreateInstances("", name, ACCOUNT, ("eu-west-1",), {"Size": "1024"}),
        CreateInstances("", name, ACCOUNT, ("eu-central-1",), {"Size": "2048"}),
    ]
    perform.carry_out(actions, _control(clouds))
    assert _seen(clouds) == {name: {"eu-west-1": {"Size": "1024"}, "eu-central-1": {"Size": "2048"}}}


def test_a_plain_stack_is_made_updated_and_deleted(moto: str) -> None:
    made = _clouds(moto, "plain")
    disposable = made.environment.model_copy(update={"disposable": True})  # moto can't lift a protection
    clouds = Clouds(disposable, local=made.local)
    control, where = _control(clouds), ("dr-plain-deployment", ACCOUNT, clouds.environment.dns_region)
    perform.perform(CreateStack("", *where, _queue("plain"), {"Size": "1024"}), control)
    [found] = observe.seen(clouds.environment, clouds).plain.values()
    assert (found.status, found.parameters, found.template) == ("CREATE_COMPLETE", {"Size": "1024"}, _queue("plain"))
    assert found.tags == naming.tags("plain", dict(clouds.environment.tags))
    perform.perform(UpdateStack("", *where, _queue("plain"), {"Size": "2048"}), control)
    [found] = observe.seen(clouds.environment, clouds).plain.values()
    assert found.parameters == {"Size": "2048"}
    perform.perform(DeleteStack("", *where), control)
    assert not observe.seen(clouds.environment, clouds).plain
    perform.perform(DeleteStack("gone already", *where), control)


def test_operation_preferences_are_always_stated(moto: str) -> None:
    control = _control(_clouds(moto, "wishes"))
    assert perform.preferences(control) == {
        "RegionConcurrencyType": "PARALLEL",
        "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
        "MaxConcurrentPercentage": 100,
        "FailureTolerancePercentage": 0,
    }
    ordered = perform.preferences(control, ("b", "a"), ordered=True)
    assert (ordered["RegionConcurrencyType"], ordered["RegionOrder"]) == ("SEQUENTIAL", ["b", "a"])


def test_credentials_of_another_account_are_refused_before_anything_is_changed(moto: str) -> None:
    clouds = _clouds(moto, "foreign", account="111122223333")
    heard = Heard()
    with pytest.raises(CloudError, match=f"these credentials belong to the account {ACCOUNT}"):
        deploy(clouds.environment, clouds, heard)
    assert heard.events == []
    stacks = clouds.client("cloudformation", clouds.environment.dns_region).describe_stacks()["Stacks"]
    assert not [each for each in stacks if "foreign" in each["StackName"]]


# --- the lease -----------------------------------------------------------------------------------------------


@pytest.fixture
def leased(moto: str, request: pytest.FixtureRequest) -> Clouds:
    clouds = _clouds(moto, "l" + hashlib.sha256(request.node.name.encode()).hexdigest()[:12])
    wanted: Environment = clouds.environment
    clouds.client("dynamodb", wanted.dns_region).create_table(
        TableName=naming.DEPLOYMENT_TABLE.of(suffix=wanted.suffix),
        KeySchema=[{"AttributeName": "Name", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "Name", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return clouds


def _ignore(_why: str) -> None:
    """Take that the lease was lost, and do nothing."""


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_without_a_table_there_is_no_lease_to_hold(moto: str) -> None:
    assert not Lease(_clouds(moto, "tableless")).read().table


def test_one_holds_the_lease_at_a_time_and_gives_it_back(leased: Clouds) -> None:
    first, second = Lease(leased), Lease(leased)
    first.take(first.read(), _ignore)
    with pytest.raises(HeldError, match=f"process {os.getpid()}"):
        second.take(second.read(), _ignore)
    first.release()
    second.take(second.read(), _ignore)
    second.release()
    assert second.read().serial == 2


def test_what_was_looked_at_before_anothers_deployment_is_no_ground_to_go_on(leased: Clouds) -> None:
    first, second = Lease(leased), Lease(leased)
    looked = second.read()
    first.take(first.read(), _ignore)
    first.release()
    with pytest.raises(MovedError):
        second.take(looked, _ignore)


def test_a_lease_of_a_dead_process_of_this_machine_is_taken_over_at_once(leased: Clouds) -> None:
    script = (
        "from generator.aws.lease import Process\n"
        "this = Process.this()\n"
        "print(this.host, this.pid, this.started, sep='|')"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    host, pid, started = told.strip().split("|")
    assert Process(host, int(pid), started).gone
    assert not Process("elsewhere", int(pid), started).gone
    assert not Process.this().gone
    held = Lease(leased)
    held.take(held.read(), _ignore)
    leased.client("dynamodb", held.region).update_item(
        TableName=held.table,
        Key={"Name": {"S": "deploy"}},
        UpdateExpression="SET Pid = :pid, Started = :started",
        ExpressionAttributeValues={":pid": {"N": pid}, ":started": {"S": started}},
    )
    taker = Lease(leased)
    taker.take(taker.read(), _ignore)
    taker.release()
    held.release()


def test_a_lease_that_is_not_renewed_runs_out(leased: Clouds) -> None:
    clock = Clock()
    first, second = Lease(leased, clock=clock), Lease(leased, clock=clock)
    first.take(first.read(), _ignore)
    clock.now += 89
    with pytest.raises(HeldError):
        second.take(second.read(), _ignore)
    clock.now += 2
    second.take(second.read(), _ignore)
    second.release()
    first.release()


def test_whoever_loses_the_lease_is_told(leased: Clouds) -> None:
    clock = Clock()
    first = Lease(leased, terms=Terms(expiry=90.0, renewal=0.05), clock=clock)
    second = Lease(leased, clock=lambda: clock.now + 1000)
    why: list[str] = []
    first.take(first.read(), why.append)

    def taken() -> bool:
        try:
            second.take(second.read(), _ignore)
        except (HeldError, MovedError):
            return False
        return True

    eventually(taken)
    eventually(lambda: why)
    assert "someone else took it over" in why[0]
    assert not first.held
    second.release()
