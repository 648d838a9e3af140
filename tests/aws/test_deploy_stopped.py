"""Deployments that are stopped, killed, or meet another: what is said, what is left, and how the next one goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.aws import observe
from generator.aws.clients import Clouds
from generator.aws.control import Control
from generator.aws.deploy import Options, deploy
from generator.aws.events import OperationBegan, Said
from generator.aws.lease import HeldError, Lease
from generator.aws.paces import HaltedError
from generator.aws.perform import perform, preferences
from generator.aws.stacksets import begin, follow
from generator.aws.stopping import stop_all
from generator.config import Environment
from generator.plan.model import CreateStackSet
from generator.plan.recorded import placed
from tests.aws.deploy_world import ROOT, Deploying, Heard, clouds_of, environment, eventually
from twin.cloud.knobs import Knobs
from twin.cloud.process import Running

_KILLED = """
import sys
from pathlib import Path
sys.path[:0] = [{tests!r}, {root!r}]
from generator.aws.clients import Clouds, Keys
from generator.aws.deploy import deploy
from generator.config import load
from generator.config.parts import Accounts
wanted = load(Path({example!r})).model_copy(
    update={{"suffix": {suffix!r}, "accounts": Accounts(workload={account!r})}}
)
deploy(wanted, Clouds(wanted, local=Keys({url!r})), lambda event: print(event.kind, flush=True))
"""


@pytest.fixture
def knobs(shared_cloud: Running) -> Iterator[Knobs]:
    found = Knobs(shared_cloud.url)
    yield found
    found.release()
    found.heal()


def _begun(wanted: Environment, clouds: Clouds, stack: str) -> Deploying:
    """Return a deployment that has begun its operation on that StackSet, which is held."""
    deploying = Deploying(wanted, clouds)
    name = f"dr-{wanted.suffix}-{stack}"
    eventually(lambda: deploying.error or any(e.stackset == name for e in deploying.heard.of(OperationBegan)))
    return deploying


def test_a_stopped_deployment_names_what_still_runs_and_the_next_one_joins_it(
    shared_cloud: Running, knobs: Knobs
) -> None:
    wanted = environment("stopped")
    clouds = clouds_of(shared_cloud, wanted)
    knobs.hold(stackset="dr-stopped-keys")
    first = _begun(wanted, clouds, "keys")
    first.halt.ask("interrupted")
    first.end(20)
    assert isinstance(first.error, HaltedError), first.error
    [operation] = [each.operation for each in first.heard.of(OperationBegan) if each.stackset == "dr-stopped-keys"]
    assert operation in str(first.error)
    assert "python -m generator stop" in first.error.hint
    assert first.error.exit == 130
    assert not Lease(clouds).read().holder
    second = _begun(wanted, clouds, "keys")
    assert [each.operation for each in second.heard.of(OperationBegan) if each.joined] == [operation]
    second.halt.ask("that is enough")
    knobs.release()
    second.end(20)


def test_stop_stops_what_runs(shared_cloud: Running, knobs: Knobs) -> None:
    wanted = environment("halted")
    clouds = clouds_of(shared_cloud, wanted)
    knobs.hold(stackset="dr-halted-keys")
    deploying = _begun(wanted, clouds, "keys")
    deploying.halt.ask("interrupted")
    deploying.end(20)
    stopped = stop_all(wanted, clouds)
    assert [each.stackset for each in stopped] == ["dr-halted-keys"]
    knobs.release()
    eventually(lambda: not observe.seen(wanted, clouds).stacksets["dr-halted-keys"].operations)
    assert stop_all(wanted, clouds) == ()


def test_a_second_deployment_at_the_same_time_is_refused_with_who_and_since(
    shared_cloud: Running, knobs: Knobs
) -> None:
    wanted = environment("twice")
    clouds = clouds_of(shared_cloud, wanted)
    knobs.hold(stackset="dr-twice-keys")
    first = _begun(wanted, clouds, "keys")
    with pytest.raises(HeldError, match=rf"deployed by process {os.getpid()} on .*, since 20"):
        deploy(wanted, clouds, Heard())
    waiting = Deploying(wanted, clouds, Options(wait=True))
    eventually(lambda: any("waiting" in each.text for each in waiting.heard.of(Said)))
    assert not waiting.heard.of(OperationBegan)
    first.halt.ask("that is enough")
    first.end(20)
    eventually(lambda: any(each.joined for each in waiting.heard.of(OperationBegan)))
    waiting.halt.ask("that is enough")
    knobs.release()
    waiting.end(20)


def test_two_first_deployments_make_one_environment(shared_cloud: Running, knobs: Knobs) -> None:
    wanted = environment("race")
    clouds = clouds_of(shared_cloud, wanted)
    knobs.hold(stackset="dr-race-keys")
    both = [Deploying(wanted, clouds), Deploying(wanted, clouds)]
    eventually(lambda: [each for each in both if each.error])
    [loser] = [each for each in both if each.error]
    [winner] = [each for each in both if not each.error]
    assert isinstance(loser.error, HeldError), loser.error
    eventually(lambda: winner.error or [e for e in winner.heard.of(OperationBegan) if e.stackset == "dr-race-keys"])
    winner.halt.ask("that is enough")
    knobs.release()
    winner.end(20)
    assert isinstance(winner.error, HaltedError), winner.error


def test_a_killed_deployment_is_gone_on_with_and_ends_as_if_nothing_had_happened(
    shared_cloud: Running, tmp_path: Path
) -> None:
    wanted = environment("killed")
    clouds, account = clouds_of(shared_cloud, wanted), wanted.accounts.workload
    script = tmp_path / "deploys.py"
    script.write_text(
        _KILLED.format(
            tests=str(ROOT / "tests" / "aws"), root=str(ROOT), example=str(ROOT / "stacksets" / "example.yaml"),
            suffix="killed", account=account, url=shared_cloud.url,
        )
    )  # fmt: skip
    knobs = Knobs(shared_cloud.url)
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: knobs.calls(account=account).get("CreateStackInstances", 0) > 6, 60)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    lease = Lease(clouds).read()
    assert lease.holder
    assert lease.process.gone
    result = deploy(wanted, clouds, Heard())
    assert all(
        (found := result.seen.stack_of(each)) is not None and found.status.endswith("_COMPLETE")
        for each in placed(wanted, result.seen).instances
    )
    assert deploy(wanted, clouds, Heard()).changed == ()


def test_a_call_whose_answer_was_lost_begins_one_operation(shared_cloud: Running, knobs: Knobs) -> None:
    wanted = environment("lost")
    clouds = clouds_of(shared_cloud, wanted)
    knobs.hold(stackset="dr-lost-keys")
    deploying = _begun(wanted, clouds, "keys")
    deploying.halt.ask("that is enough")
    deploying.end(20)
    knobs.release()
    control, client = Control(clouds), clouds.stacksets()
    eventually(lambda: not observe.seen(wanted, clouds).stacksets["dr-lost-keys"].operations)

    def lost_and_sent_again(**given: str) -> dict[str, str]:
        for _ in range(2):
            answer: dict[str, str] = client.update_stack_instances(
                StackSetName="dr-lost-keys",
                Accounts=[wanted.accounts.workload],
                Regions=["eu-west-1"],
                OperationPreferences=preferences(control),
                **given,
            )
        return answer

    operation = begin(control, "dr-lost-keys", "UPDATE", ["eu-west-1"], lost_and_sent_again)
    [outcome] = follow(control, [operation])
    assert outcome.status == "SUCCEEDED"
    begun = client.list_stack_set_operations(StackSetName="dr-lost-keys")["Summaries"]
    assert [each["OperationId"] for each in begun if each["Action"] == "UPDATE"] == [operation.id]
    made = client.describe_stack_set(StackSetName="dr-lost-keys")["StackSet"]
    given = {each["ParameterKey"]: each["ParameterValue"] for each in made["Parameters"]}
    heard = Heard()
    perform(CreateStackSet("the answer was lost", "dr-lost-keys", made["TemplateBody"], given), Control(clouds, heard))
    assert [each.text for each in heard.of(Said)] == ["dr-lost-keys is there already"]
