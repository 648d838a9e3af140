"""Which event is the cause, what people are told to do, and how a function's own words come through."""

from __future__ import annotations

import io
import threading
import zipfile
from typing import Any

import pytest

from generator.aws.bootstrap import bootstrap
from generator.aws.control import Control
from generator.aws.faults import cause, hint_for
from generator.aws.paces import LOCAL, Halt, HaltedError, Pace
from generator.errors import CloudError
from tests.aws.deploy_world import Heard, clouds_of, environment, eventually
from twin.cloud.knobs import Knobs
from twin.cloud.process import Running


def _event(resource: str, status: str, reason: str = "", *, stack: bool = False) -> dict[str, Any]:
    return {
        "LogicalResourceId": resource,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
        "PhysicalResourceId": "stack-id" if stack else resource.lower(),
        "StackId": "stack-id",
    }


def test_the_cause_is_the_first_that_failed_by_itself() -> None:
    newest_first = [
        _event("Stack", "ROLLBACK_COMPLETE", stack=True),
        _event("Stack", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [Key, Alias]", stack=True),
        _event("Alias", "CREATE_FAILED", "Resource creation cancelled"),
        _event("Later", "CREATE_FAILED", "and this one failed after it"),
        _event("Key", "CREATE_FAILED", "the reason"),
        _event("Key", "CREATE_IN_PROGRESS"),
    ]
    found = cause(newest_first)
    assert found is not None
    assert (found["LogicalResourceId"], found["ResourceStatusReason"]) == ("Key", "the reason")


def test_a_stack_that_failed_as_a_whole_is_its_own_cause() -> None:
    found = cause([_event("Stack", "UPDATE_FAILED", "a template that is refused", stack=True)])
    assert found is not None
    assert found["ResourceStatusReason"] == "a template that is refused"
    assert cause([_event("Key", "CREATE_COMPLETE")]) is None


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("dr-a-keys already exists in stack arn:aws:cloudformation:x", "rename or remove"),
        ("User: x is not authorized to perform: kms:CreateKey", "docs/deploying.md"),
        ("Account 1 should have 'x' role with trust relationship to CloudFormation service.", "roles of StackSets"),
        ("Action denied by stack policy: Statement [#1]", "--replace-data"),
        ("The maximum number of VPCs has been reached.", "quota"),
        ("Rate exceeded", "less often"),
        ("Cannot find version 16.99 for aurora-postgresql", "engine version"),
        ("Resource did not stabilize within 3600 seconds", "too long"),
    ],
)
def test_a_reason_that_is_known_has_a_hint(reason: str, word: str) -> None:
    assert word in hint_for(reason)


def test_a_reason_that_nobody_knows_has_none() -> None:
    assert hint_for("something else") == ""


def test_the_bootstraps_own_words_come_through(shared_cloud: Running) -> None:
    wanted = environment("words")
    clouds, knobs = clouds_of(shared_cloud, wanted), Knobs(shared_cloud.url)
    client = clouds.client("lambda", "eu-west-1")
    client.create_function(
        FunctionName="dr-words-bootstrap", Runtime="python3.13", Handler="a.handler", Code={"ZipFile": _zip()},
        Role=f"arn:aws:iam::{wanted.accounts.workload}:role/any",
    )  # fmt: skip
    control = Control(clouds, Heard(), paces=LOCAL)
    said = "rds_iam is missing\nhint: enable IAM database authentication"
    knobs.answer("dr-words-bootstrap", {"errorMessage": said, "errorType": "BootstrapError"})
    with pytest.raises(CloudError, match=r"rds_iam is missing$") as error:
        bootstrap(control, "eu-west-1", "dr-words-bootstrap", look_first=False)
    assert error.value.hint == "enable IAM database authentication"
    knobs.answer("dr-words-bootstrap", {"changed": [], "unchanged": ["role"], "slot": "granted", "dry_run": True})
    held: list[str] = []
    assert not bootstrap(
        control, "eu-west-1", "dr-words-bootstrap", look_first=True, hold=lambda: held.append("the lease")
    )
    assert held == []
    knobs.answer("dr-words-bootstrap", {"changed": ["role"], "unchanged": [], "slot": "granted", "dry_run": False})
    assert bootstrap(control, "eu-west-1", "dr-words-bootstrap", look_first=True, hold=lambda: held.append("the lease"))
    assert held == ["the lease"]


def _zip() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as file:
        file.writestr("a.py", "def handler(event, context): return {}\n")
    return written.getvalue()


def test_waits_grow_to_the_longest_and_end_at_the_bound() -> None:
    assert list(Pace(1.0, 2.0, 4.0, 12.0).waits()) == [1.0, 2.0, 4.0, 4.0, 4.0]


def test_a_wait_ends_as_soon_as_a_stop_is_asked_for_and_nothing_is_begun_after_it() -> None:
    halt, raised = Halt(), threading.Event()

    def wait() -> None:
        try:
            halt.wait(600)
        except HaltedError:
            raised.set()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    halt.ask("the first reason")
    halt.ask("another")
    eventually(raised.is_set)
    with pytest.raises(HaltedError, match="the first reason"):
        halt.check()
