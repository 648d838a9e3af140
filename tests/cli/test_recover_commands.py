"""``failover``, ``switchover``, ``failback``, ``follow``, ``approve`` and ``refuse``, as they are typed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from generator.aws.clients import Clouds, Keys
from generator.aws.deploy import deploy
from generator.aws.events import silent
from generator.cli.app import main
from generator.config import load
from generator.errors import Exit
from generator.resources import folder
from tests.aws.deploy_world import eventually
from tests.aws.recover_world import A, Answers, B, executions, hold_lease, refusal
from twin.cloud import process
from twin.cloud.knobs import Knobs

ROOT = Path(__file__).parents[2]
NAME = "recoveries"
BOUND_SECONDS = 20.0
"""Within which a command has to be through while other regions hang."""


@dataclass(frozen=True)
class World:
    """A named local cloud with a deployed environment; ``run`` types a command."""

    file: str
    clouds: Clouds
    knobs: Knobs

    def run(self, verb: str, *options: str) -> int:
        return main([verb, self.file, *options, "--local", "--name", NAME])

    def answers(self, target: str = B) -> Answers:
        return Answers(self.knobs, self.clouds.environment.suffix, target)

    def counted(self, region: str) -> dict[str, int]:
        return self.knobs.calls(region=region, account=self.clouds.environment.accounts.workload)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
    told = yaml.safe_load((folder("stacksets") / "example.yaml").read_text(encoding="utf-8")) | {"suffix": "moved"}
    file = tmp_path_factory.mktemp("files") / "moved.yaml"
    file.write_text(yaml.safe_dump(told), encoding="utf-8")
    try:
        running = process.up(NAME, process.Options(functions="answers", seconds=0.0)).running
        assert running is not None
        clouds = Clouds(load(file), local=Keys(running.url))
        deploy(clouds.environment, clouds, silent)
        yield World(str(file), clouds, Knobs(running.url))
    finally:
        process.down(NAME)
        patch.undo()


@pytest.fixture(autouse=True)
def light(world: World) -> Iterator[None]:
    """Every test begins and ends with all regions light and nothing running."""
    yield
    world.knobs.darken()
    for region in (A, B):
        world.answers(region).prove(True)
    eventually(lambda: "RUNNING" not in executions(world.clouds, A) + executions(world.clouds, B), 30)


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """Return the JSON lines that were written."""
    return [json.loads(each) for each in capsys.readouterr().out.splitlines()]


def test_a_failover_is_followed_to_its_end_with_steps_reasons_and_what_may_be_lost(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.answers().well("failover")
    assert world.run("failover", "--to", B, "--yes", "--reason", "a drill", "--by", "Ada") == Exit.FINE
    said = capsys.readouterr().err
    assert f"failover to {B}: accepted" in said and "lost at most: 3 s of writes" in said
    order = ["the lease is held", "proceed:", f"fenced: {A} is fenced", "accepted: the service took it", "marked as",
             f"{B} took a write", "people are told", "done after"]  # fmt: skip
    places = [said.index(each) for each in order]
    assert places == sorted(places)
    assert "generator rehome" in said


def test_as_json_every_line_is_an_event_and_the_last_one_is_the_end(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.answers().well("failover")
    assert world.run("failover", "--to", B, "--yes", "--json") == Exit.FINE
    lines = told(capsys)
    assert lines[0]["event"] == "assessed" and lines[0]["lost_at_most"] == "3 s"
    assert lines[1]["event"] == "recovery-began"
    assert [each["step"] for each in lines if each["event"] == "recovery-moved"] == [
        "lease", "assess", "fence", "promote", "mark", "prove", "tell",
    ]  # fmt: skip
    assert lines[-1]["event"] == "recovery-ended" and lines[-1]["status"] == "SUCCEEDED"


def test_what_is_started_is_a_failover_from_the_region_that_was_shown_or_named(world: World) -> None:
    """Between the assessment and the start another recovery may move the writer (docs/decisions/0019)."""
    machines = world.clouds.client("stepfunctions", B)
    for options in ((), ("--lost", A)):
        world.answers().well("failover")
        assert world.run("failover", "--to", B, "--yes", *options) == Exit.FINE
        arn = f"arn:aws:states:{B}:{world.clouds.environment.accounts.workload}:stateMachine:dr-moved-{B}-recovery"
        newest = machines.list_executions(stateMachineArn=arn)["executions"][0]["executionArn"]
        assert json.loads(machines.describe_execution(executionArn=newest)["input"])["lost"] == A


def test_a_dry_run_shows_the_plan_with_its_reasons_and_starts_nothing(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.answers().well("failover")
    before = executions(world.clouds, B)
    assert world.run("failover", "--to", B, "--dry-run") == Exit.FINE
    shown = capsys.readouterr()
    assert [line.split()[0] for line in shown.out.splitlines()[2:]] == [
        "lease", "fence", "promote", "mark", "prove", "tell", "release",
    ]  # fmt: skip
    assert f"FailoverGlobalCluster with AllowDataLoss, called in {B}" in shown.out
    assert world.run("failover", "--to", B, "--dry-run", "--json") == Exit.FINE
    document = json.loads(capsys.readouterr().out)
    assert document["accepted"] is True and document["by"] == f"the assess function in {B}"
    assert executions(world.clouds, B) == before


def test_a_failover_that_would_be_refused_is_not_started_and_says_how_it_could_be(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.answers().say("assess", refusal("failover", B))
    before = executions(world.clouds, B)
    assert world.run("failover", "--to", B, "--yes") == Exit.FINDINGS
    said = capsys.readouterr().err
    assert "refused: eu-central-1 was 300 s behind" in said and "accept the loss of up to 300 s" in said
    assert f"failover {world.file} --local --name {NAME} --to {B} --accept-data-loss" in said
    assert world.run("failover", "--to", B, "--dry-run") == Exit.FINDINGS
    assert executions(world.clouds, B) == before


def test_a_target_that_is_the_writer_already_is_no_failure_and_nothing_is_started(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.answers().well("failover", outcome="nothing", reason=f"{B} already is the writer and proves it", steps=[])
    before = executions(world.clouds, B)
    assert world.run("failover", "--to", B, "--yes") == Exit.FINE
    assert "already is the writer" in capsys.readouterr().err and executions(world.clouds, B) == before


def test_nothing_is_started_without_a_yes_where_nobody_can_be_asked(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.answers().well("failover")
    before = executions(world.clouds, B)
    assert world.run("failover", "--to", B) == Exit.USAGE
    said = capsys.readouterr().err
    assert "lost at most: 3 s" in said and "--yes" in said
    assert executions(world.clouds, B) == before


def test_a_recovery_that_fails_ends_with_one_its_reason_and_its_hint(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.answers().well("switchover")
    world.answers().say("promote", {"outcome": "refused", "reason": "the cluster is being modified", "asked_at_ms": 1})
    assert world.run("switchover", "--to", B, "--yes") == Exit.FINDINGS
    said = capsys.readouterr().err
    assert "failed after" in said and "the cluster is being modified" in said and "nothing was promoted" in said


def test_a_switchover_goes_to_the_only_other_region_by_itself(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.answers(B).well("switchover")
    world.answers(A).well("switchover", active=A)
    assert world.run("switchover", "--yes") == Exit.FINE
    said = capsys.readouterr().err
    assert f"switchover to {B}: accepted" in said and f"{B} is the writer" in said
    assert "lost at most" not in said


def test_a_failback_goes_to_the_origin_or_says_what_it_waits_for(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    behind = refusal("switchover", A, reason=f"{A} is pending-resync", hint="wait until it replicates again")
    world.answers(A).say("assess", behind | {"acceptable": False})
    assert world.run("failback", "--yes") == Exit.FINDINGS
    said = capsys.readouterr().err
    assert f"switchover to {A}: refused: {A} is pending-resync" in said and "wait until it replicates again" in said
    world.answers(A).well("switchover")
    assert world.run("failback", "--yes") == Exit.FINE
    assert f"{A} is the writer" in capsys.readouterr().err


@pytest.mark.parametrize(("verb", "target", "dark"), [("failover", B, A), ("failback", A, B)])
def test_with_every_other_region_dark_it_takes_seconds_and_asks_nobody_there(
    world: World, verb: str, target: str, dark: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The control planes of IAM and Route 53 are in us-east-1, that of the StackSets in eu-central-1."""
    world.answers(target).well("failover" if verb == "failover" else "switchover")
    world.knobs.darken(**{name.replace("-", "_"): "hangs" for name in (dark, "us-east-1", "us-west-2")})
    world.knobs.forget_calls()
    begun = time.monotonic()
    options = ["--to", target] if verb == "failover" else []
    assert world.run(verb, *options, "--yes") == Exit.FINE
    assert time.monotonic() - begun < BOUND_SECONDS
    world.knobs.darken()
    assert world.counted(dark) == world.counted("us-east-1") == {}
    asked = {"GetItem", "InvokeFunction", "StartExecution", "DescribeExecution", "GetExecutionHistory"}
    assert set(world.counted(target)) - {"GetCallerIdentity"} == asked


def test_a_target_that_is_dark_itself_is_said_so_within_seconds(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.knobs.darken(eu_central_1="refuses")
    begun = time.monotonic()
    assert world.run("failover", "--to", B, "--yes") == Exit.CLOUD
    assert time.monotonic() - begun < BOUND_SECONDS
    said = capsys.readouterr().err
    assert B in said and "hint:" in said and "Traceback" not in said


def test_when_the_function_can_not_be_asked_the_decision_is_made_here_and_says_so(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.answers().say("assess", {"errorMessage": "no module named recovery"})
    assert world.run("failover", "--to", B, "--dry-run", "--json") == Exit.FINDINGS
    document = json.loads(capsys.readouterr().out)
    assert document["by"] == f"worked out here, from what {B} says of itself" and "no module named" in document["doubt"]
    assert document["active"] == A and "never reported" in document["reason"]


def waits(world: World, *options: str, target: str = B) -> str:
    """Start a failover that gets no proof yet, and return its execution's ARN when it waits for it."""
    world.answers(target).well("failover")
    world.answers(target).prove(False)
    assert world.run("failover", "--to", target, "--yes", "--no-wait", *options) == Exit.FINE
    client = world.clouds.client("stepfunctions", target)
    machine = (
        f"arn:aws:states:{target}:{world.clouds.environment.accounts.workload}:stateMachine:dr-moved-{target}-recovery"
    )

    def waiting() -> str:
        arn = str(client.list_executions(stateMachineArn=machine)["executions"][0]["executionArn"])
        events = client.get_execution_history(executionArn=arn, maxResults=1000)["events"]
        names = {each["stateEnteredEventDetails"]["name"] for each in events if "stateEnteredEventDetails" in each}
        return arn if names & {"WaitForProof", "AskApproval"} else ""

    return str(eventually(waiting))


def test_whoever_comes_second_is_told_who_holds_the_lease_and_how_to_follow_it(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    first = waits(world, "--by", "Ada")
    capsys.readouterr()
    before = executions(world.clouds, B)
    assert world.run("failover", "--to", B, "--yes") == Exit.FINDINGS
    said = capsys.readouterr().err
    assert f"another recovery to {B} runs: a failover for Ada, since " in said and first in said
    assert f"generator follow {world.file} --local --name {NAME} --to {B}" in said
    assert world.run("switchover", "--to", B, "--yes", "--json") == Exit.FINDINGS
    (line,) = told(capsys)
    assert line["event"] == "busy" and line["running"]["requested_by"] == "Ada"  # type: ignore[index]
    assert executions(world.clouds, B) == before


def test_two_that_are_started_at_the_same_moment_end_in_one_failover(world: World) -> None:
    world.answers().well("failover")
    world.answers().prove(False)
    from generator.aws.recovering import Request, Target, describe, start

    target, arns = Target(world.clouds, B), list[str]()
    barrier = threading.Barrier(2)

    def begin(who: str) -> None:
        barrier.wait()
        arns.append(start(target, Request("failover", B, who, "at once")))

    threads = [threading.Thread(target=begin, args=(who,)) for who in ("Ada", "Bob")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    ended: Callable[[str], str] = lambda arn: str(describe(target, arn)["status"])  # noqa: E731
    eventually(lambda: sorted(map(ended, arns)) == ["FAILED", "RUNNING"])
    lost = next(arn for arn in arns if ended(arn) == "FAILED")
    assert describe(target, lost)["error"] == "Busy"
    assert "follow ENV --to eu-central-1" in describe(target, lost)["cause"]
    world.answers().prove(True)
    eventually(lambda: sorted(map(ended, arns)) == ["FAILED", "SUCCEEDED"], 30)


def test_a_lease_of_a_recovery_that_has_ended_holds_nobody_up(world: World) -> None:
    world.answers().well("failover")
    gone = f"arn:aws:states:{B}:{world.clouds.environment.accounts.workload}:execution:dr-moved-{B}-recovery:gone"
    hold_lease(world.clouds, B, gone)
    assert world.run("failover", "--to", B, "--yes") == Exit.FINE


def test_follow_shows_the_one_that_runs_until_it_has_ended(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    waits(world)
    capsys.readouterr()
    threading.Timer(1.0, lambda: world.answers().prove(True)).start()
    assert world.run("follow") == Exit.FINE
    said = capsys.readouterr().err
    assert f"following in {B}" in said and "it is a replica" in said and "took a write" in said and "done after" in said


def test_follow_without_a_recovery_asks_which_region_is_meant(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.run("follow") == Exit.USAGE
    assert "no recovery runs" in capsys.readouterr().err


def test_an_approval_is_given_without_the_message_that_asks_for_it(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    waits(world, "--approval")
    world.answers().prove(True)
    capsys.readouterr()
    assert world.run("approve", "--to", B, "--by", "Bob") == Exit.FINE
    assert "approved by Bob" in capsys.readouterr().err
    assert world.run("approve", "--to", B) == Exit.USAGE
    assert f"no recovery to {B} waits for an approval" in capsys.readouterr().err


def test_a_refusal_ends_it_before_anything_was_changed(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    waits(world, "--approval")
    assert world.run("refuse", "--by", "Bob", "--reason", "it is a false alarm") == Exit.FINE
    capsys.readouterr()
    assert world.run("follow", "--to", B) == Exit.FINDINGS
    said = capsys.readouterr().err
    assert "it was refused" in said and "it is a false alarm" in said and "nothing was changed" in said
    assert "fenced" not in said


def test_ctrl_c_leaves_it_running_and_says_how_to_follow_it_again(world: World) -> None:
    world.answers().well("failover")
    world.answers().prove(False)
    command = [sys.executable, "-m", "generator", "failover", world.file, "--to", B, "--yes", "--local", "--name", NAME]
    child = subprocess.Popen(command, cwd=ROOT, env=os.environ, stderr=subprocess.PIPE, text=True)
    assert child.stderr is not None
    seen = ""
    while "it is a replica" not in seen:
        line = child.stderr.readline()
        assert line, seen
        seen += line
    child.send_signal(signal.SIGINT)
    rest = child.communicate(timeout=20)[1]
    assert child.returncode == Exit.INTERRUPTED, rest
    assert "still running" in rest and "Traceback" not in rest
    assert f"generator follow {world.file} --local --name {NAME} --to {B} --execution failover-" in rest
    assert executions(world.clouds, B)[0] == "RUNNING"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("failover",), "missing option '--to'"),
        (("failover", "--to", "mars-1"), "'mars-1' is no data region of moved"),
        (("failover", "--to", ""), "is no data region"),
        (("failover", "--to", B, "--lost", "mars-1"), "'mars-1' is no data region of moved"),
        (("failover", "--to", B, "--lost", B), f"{B} can't take over from itself"),
        (("switchover", "--to", "us-east-1"), "one of eu-west-1, eu-central-1"),
        (("approve", "--to", B), "waits for an approval"),
        (("follow", "--to", B, "--execution", "nobody"), "there is no execution"),
    ],
)
def test_what_makes_no_sense_is_a_sentence_and_no_traceback(
    world: World, options: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.run(*options) in (Exit.USAGE, Exit.CLOUD)
    shown = capsys.readouterr().err
    assert said in shown.lower() or said in shown
    assert "Traceback" not in shown and "unforeseen" not in shown


def test_credentials_of_another_account_are_refused_by_name_and_nothing_is_started(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world.answers().well("failover")
    assert world.clouds.local is not None
    monkeypatch.setenv("AWS_ENDPOINT_URL", world.clouds.local.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "999988887777")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    before = executions(world.clouds, B)
    assert main(["failover", world.file, "--to", B, "--yes"]) == Exit.CLOUD
    assert "belong to the account 999988887777" in capsys.readouterr().err
    assert executions(world.clouds, B) == before
