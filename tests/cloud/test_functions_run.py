"""Functions that really run: their processes, limits and variables, what breaks them, and what dies with a region."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.cloud_world import ONE, TWO, World, until
from tests.cloud.function_stage import Stage
from twin.cloud.pace import FLOORS, WINDOW
from twin.cloud.process import Options, Running, local_cloud

SPEED = 20.0


@pytest.fixture(scope="module")
def fast() -> Iterator[Running]:
    with local_cloud(Options(functions="run", speed=SPEED, policies=False)) as found:
        yield found


@pytest.fixture
def stage(fast: Running) -> Iterator[Stage]:
    found = Stage(World(fast.url))
    yield found
    found.world.knobs.darken()
    found.heal()


def refused(stage: Stage, name: str) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        stage.lambdas.invoke(FunctionName=name)
    response: Any = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_process_is_told_its_intervals_divided_and_the_rest_as_deployed(stage: Stage) -> None:
    variables = {
        "DR_INTERVAL_SECONDS": "30",
        "DR_WINDOW_SECONDS": "120",
        "DR_NOTICE_SECONDS": "100",
        "DR_STEP_SECONDS": "3",
        "DR_SUFFIX": "x",
    }
    name = stage.function("told", variables, MemorySize=512)
    told = stage.invoke(name)["variables"]
    assert {key: told[key] for key in variables} == {
        "DR_INTERVAL_SECONDS": "1.5",
        "DR_WINDOW_SECONDS": "6",
        "DR_NOTICE_SECONDS": "5",
        "DR_STEP_SECONDS": "3",
        "DR_SUFFIX": "x",
    }
    assert (told["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], told["AWS_REGION"]) == ("512", ONE)
    assert told["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    deployed = stage.lambdas.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    assert deployed == variables


def test_the_clock_that_a_regions_functions_read_can_be_off_and_what_they_sign_is_not(stage: Stage) -> None:
    name = stage.function("timed")
    knobs = stage.world.knobs
    knobs.ask("PUT", "clocks", {"region": ONE, "seconds": -180})
    begun = time.time()
    assert begun - 180 <= stage.invoke(name)["now"] <= time.time() - 180
    assert stage.invoke(name, call=["sts", "get_caller_identity"]) == "fine"
    knobs.ask("PUT", "clocks", {"region": TWO, "seconds": 60})
    knobs.ask("PUT", "clocks", {"region": ONE, "seconds": 0})
    assert begun <= stage.invoke(name)["now"] <= time.time()
    knobs.ask("DELETE", "clocks")


def test_no_interval_is_divided_below_its_floor_or_made_longer(stage: Stage) -> None:
    short = {"DR_INTERVAL_SECONDS": "4", "DR_WINDOW_SECONDS": "2", "DR_NOTICE_SECONDS": "60"}
    told = stage.invoke(stage.function("floor", short))["variables"]
    assert float(told["DR_INTERVAL_SECONDS"]) == FLOORS["DR_INTERVAL_SECONDS"].seconds
    assert float(told["DR_WINDOW_SECONDS"]) == 2
    assert float(told["DR_NOTICE_SECONDS"]) == FLOORS["DR_NOTICE_SECONDS"].seconds


def test_a_process_stays_warm_and_dies_on_its_limit(stage: Stage) -> None:
    name = stage.function("limited", Timeout=1)
    pid = stage.invoke(name)["pid"]
    assert stage.invoke(name)["pid"] == pid
    begun = time.monotonic()
    said = stage.invoke(name, sleep=30)
    assert time.monotonic() - begun < 5
    assert (said["errorType"], "timed out after 1" in said["errorMessage"]) == ("Sandbox.Timedout", True)
    until(lambda: not alive(pid))
    assert stage.invoke(name)["pid"] != pid


def test_a_process_that_uses_more_than_its_memory_is_killed(stage: Stage) -> None:
    name = stage.function("greedy", MemorySize=200, Timeout=20)
    pid = stage.invoke(name, hold=20)["pid"]
    assert stage.invoke(name, hold=20)["pid"] == pid
    assert stage.invoke(name, hold=400)["errorType"] == "Runtime.ExitError"
    assert any("and has 200" in each for each in stage.journal("function", "greedy is killed"))
    assert stage.invoke(name)["pid"] != pid


def test_reserved_concurrency_throttles_what_goes_beyond_it(stage: Stage) -> None:
    name = stage.function("reserved", Timeout=10)
    stage.lambdas.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    busy = threading.Thread(target=stage.invoke, args=(name,), kwargs={"sleep": 2, "mark": "/busy"})
    busy.start()
    until(lambda: stage.marks("/busy"))
    assert refused(stage, name) == ("TooManyRequestsException", 429)
    busy.join()


def test_an_end_is_noted_when_it_says_something_new(stage: Stage) -> None:
    name = stage.function("noted")
    for event in ({}, {"raise": "no"}, {"raise": "no"}, {}, {}):
        stage.invoke(name, **event)
    said = stage.journal("function", "noted")
    assert [each.split(":")[0] for each in said] == ["noted fails", "noted works again"]
    assert "no" in said[0]


def test_a_function_crashes_hangs_is_throttled_and_was_idle_as_often_as_asked_for(stage: Stage) -> None:
    name = stage.function("broken", Timeout=1)
    stage.break_("-broken", "crash", 1)
    assert stage.invoke(name)["errorType"] == "Runtime.ExitError"
    stage.break_("-broken", "timeout", 1)
    assert stage.invoke(name)["errorMessage"] == "Task timed out after 1.00 seconds"
    stage.break_("-broken", "throttled", 1)
    assert refused(stage, name) == ("TooManyRequestsException", 429)
    stage.break_("-broken", "idle")
    assert refused(stage, name) == ("ResourceNotReadyException", 502)
    assert "pid" in stage.invoke(name)
    stage.break_("-broken", "crash")
    assert [stage.invoke(name)["errorType"] for _ in range(2)] == ["Runtime.ExitError"] * 2
    assert "pid" in stage.invoke(stage.function("whole"))
    stage.heal()
    assert "pid" in stage.invoke(name)


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("crash", "Runtime.ExitError"),
        ("throttled", "Lambda.TooManyRequestsException"),
        ("idle", "Lambda.ResourceNotReadyException"),
    ],
)
def test_a_state_machine_is_told_of_a_broken_function_by_its_own_names(stage: Stage, how: str, error: str) -> None:
    name = stage.function(f"step-{how}")
    machines = stage.world.client("stepfunctions", ONE)
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": name},
        "End": True,
    }
    made = machines.create_state_machine(
        name=f"m-{how}", definition=json.dumps({"StartAt": "Do", "States": {"Do": task}}), roleArn=stage.role("steps")
    )
    stage.break_(name, how, 1)
    execution = machines.start_execution(stateMachineArn=made["stateMachineArn"])["executionArn"]
    until(lambda: machines.describe_execution(executionArn=execution)["status"] != "RUNNING")
    assert machines.describe_execution(executionArn=execution)["error"] == error


def test_an_execution_that_is_stopped_does_nothing_more(stage: Stage) -> None:
    first, second = stage.function("begun", Timeout=20), stage.function("never")
    machines = stage.world.client("stepfunctions", ONE)
    task: dict[str, Any] = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"}
    begun = {**task, "Parameters": {"FunctionName": first, "Payload": {"mark": "/stop", "sleep": 2}}, "Next": "Never"}
    never = {**task, "Parameters": {"FunctionName": second, "Payload": {"mark": "/never"}}, "End": True}
    definition = {"StartAt": "Begun", "States": {"Begun": begun, "Never": never}}
    made = machines.create_state_machine(name="stopped", definition=json.dumps(definition), roleArn=stage.role("steps"))
    execution = machines.start_execution(stateMachineArn=made["stateMachineArn"])["executionArn"]
    until(lambda: stage.marks("/stop"))
    machines.stop_execution(executionArn=execution, error="Killed", cause="it has to stop")
    assert machines.describe_execution(executionArn=execution)["status"] == "ABORTED"
    assert stage.journal("state machine", "was aborted")
    time.sleep(3)  # what had begun has ended, and what follows it does not come
    assert stage.marks("/never") == 0
    assert machines.describe_execution(executionArn=execution)["status"] == "ABORTED"


def test_waits_of_a_state_machine_are_divided(stage: Stage) -> None:
    machines = stage.world.client("stepfunctions", ONE)
    definition = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 20, "End": True}}}
    made = machines.create_state_machine(name="waits", definition=json.dumps(definition), roleArn=stage.role("steps"))
    begun = time.monotonic()
    execution = machines.start_execution(stateMachineArn=made["stateMachineArn"])["executionArn"]
    until(lambda: machines.describe_execution(executionArn=execution)["status"] == "SUCCEEDED")
    assert 1 <= time.monotonic() - begun < 5


def test_a_schedule_runs_faster_stands_still_and_makes_nothing_up(stage: Stage) -> None:
    name = stage.function("beats")
    stage.schedule(name, {"mark": "/beat"})
    begun = time.monotonic()
    until(lambda: stage.marks("/beat") >= 3)
    assert 2 * WINDOW.seconds <= time.monotonic() - begun < 5 * WINDOW.seconds
    stage.break_("-beats", "unscheduled")
    time.sleep(WINDOW.seconds / 2)  # what had begun has ended
    before = stage.marks("/beat")
    time.sleep(2 * WINDOW.seconds)  # two starts that do not come
    assert stage.marks("/beat") == before
    stage.heal()
    until(lambda: stage.marks("/beat") > before)


def test_a_dead_regions_processes_die_and_nothing_of_it_is_made_up_for(stage: Stage) -> None:
    """Trap 100: a region that comes back goes on with what is due, and not with what was."""
    name = stage.function("dies", Timeout=60)
    far = Stage(stage.world, TWO)
    survivor = far.function("survives")
    pids = stage.invoke(name)["pid"], far.invoke(survivor)["pid"]
    stage.schedule(name, {"mark": "/alive"})
    sleeping = threading.Thread(target=stage.world.knobs.darken, kwargs={"eu_west_1": "hangs"})
    sleeping.start()
    sleeping.join()
    until(lambda: not alive(pids[0]))
    assert alive(pids[1])
    assert any("killed: the region is gone" in each for each in stage.journal("disaster"))
    time.sleep(2.5 * WINDOW.seconds)  # two starts that do not come
    stage.world.knobs.darken()
    assert stage.marks("/alive") == 0
    until(lambda: stage.marks("/alive"))
    assert stage.marks("/alive") == 1


def test_an_asynchronous_start_that_was_refused_is_dropped(stage: Stage) -> None:
    """Trap 100, with the limits that the templates set."""
    name = stage.function("late")
    stage.lambdas.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=0, MaximumEventAgeInSeconds=60
    )
    stage.break_("-late", "throttled", 1)
    event = json.dumps({"mark": "/late"}).encode()
    assert stage.lambdas.invoke(FunctionName=name, InvocationType="Event", Payload=event)["StatusCode"] == 202
    until(lambda: not stage.world.knobs.ask("GET", "functions/faults")[-1]["times"])
    stage.heal()
    assert stage.lambdas.invoke(FunctionName=name, InvocationType="Event", Payload=event)["StatusCode"] == 202
    until(lambda: stage.marks("/late"))
    time.sleep(2)  # a retry would come after one second
    assert stage.marks("/late") == 1
