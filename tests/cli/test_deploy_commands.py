"""``plan``, ``deploy``, ``outputs`` and ``stop``, as they are typed, against a local cloud of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from generator.aws.events import Checked, Fault, OperationBegan, ResourceMoved, Said, WaveBegan
from generator.cli import clouds as choosing
from generator.cli.deploy import allowed, deploy
from generator.cli.outputs import outputs
from generator.cli.plan import plan
from generator.cli.progress import Table, line
from generator.cli.stop import stop
from generator.config import load
from generator.errors import DisasterRecoveryError, Exit
from twin.cloud import process
from twin.cloud.knobs import Knobs

ROOT = Path(__file__).parents[2]
EXAMPLE = str(ROOT / "stacksets" / "example.yaml")


def run(*arguments: str) -> int:
    """Run one of the commands, as the root of the command line would."""
    app = typer.Typer()
    for command in (plan, deploy, outputs, stop):
        app.command()(command)
    try:
        return int(app(args=list(arguments), standalone_mode=False) or 0)
    except DisasterRecoveryError as error:
        return error.exit


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A named local cloud in a state folder of this test's own, whose functions answer."""
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
    try:
        process.up("tests", process.Options(functions="answers"))
        yield "tests"
    finally:
        process.down("tests")
        patch.undo()


def test_a_plan_without_credentials_shows_every_wave(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("plan", EXAMPLE, "--offline") == Exit.FINE
    shown = capsys.readouterr()
    assert "dr-example-deployment" in shown.out
    assert "after wave 3" in shown.out
    assert "example: 25 works in 12 waves; active region: none yet" in shown.err


def test_a_plan_says_where_each_parameter_comes_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("plan", EXAMPLE, "--offline", "--parameters") == Exit.FINE
    shown = capsys.readouterr().out
    assert "output KeyArn of keys in eu-west-1" in shown
    assert "database.engine_version" in shown


def test_a_plan_as_json_holds_waves_actions_and_origins(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("plan", EXAMPLE, "--offline", "--json") == Exit.FINE
    found = json.loads(capsys.readouterr().out)
    [keys] = [each for each in found["waves"][2] if each["stack"] == "keys"]
    assert [each["action"] for each in keys["does"]] == ["CreateStackSet", "CreateInstances"]
    assert keys["parameters"]["eu-west-1"]["Suffix"] == {"value": "example", "kind": "environment", "origin": "suffix"}
    assert found["refusals"] == []


def test_no_local_cloud_is_a_sentence_with_the_command_that_starts_one(named: str) -> None:
    with pytest.raises(DisasterRecoveryError, match="no local cloud nobody is running") as error:
        choosing.clouds(load(Path(EXAMPLE)), local=True, name=named.replace("tests", "nobody"))
    assert "cloud up" in error.value.hint


def test_deploy_shows_what_went_where_and_the_variables_to_look_around(
    named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("outputs", EXAMPLE, "--local", "--name", named) == Exit.FINE
    assert "nothing is deployed" in capsys.readouterr().err
    assert run("deploy", EXAMPLE, "--local", "--name", named) == Exit.FINE
    shown = capsys.readouterr()
    assert "eu-west-1 (active)" in shown.out
    assert "export AWS_ENDPOINT_URL=http://127.0.0.1:" in shown.out
    assert "wave 3 of 13: dr-example-keys" in shown.err
    assert "delegate db.example.com from its parent domain to: ns-" in shown.err

    assert run("deploy", EXAMPLE, "--local", "--name", named, "--json") == Exit.FINE
    lines = [json.loads(each) for each in capsys.readouterr().out.splitlines()]
    assert {"event", "time", "text", "level"} == {*next(each for each in lines if each["event"] == "said")}
    assert lines[-1]["event"] == "deployed"
    assert lines[-1]["changed"] == []

    assert run("plan", EXAMPLE, "--local", "--name", named) == Exit.FINE
    assert "nothing to change; active region: eu-west-1" in capsys.readouterr().err
    assert run("outputs", EXAMPLE, "database", "--local", "--name", named, "--json") == Exit.FINE
    found = json.loads(capsys.readouterr().out)
    assert [each["region"] for each in found] == ["eu-west-1", "eu-central-1"]
    assert found[0]["outputs"]["Port"] == "5432"
    assert run("stop", EXAMPLE, "--local", "--name", named) == Exit.FINE
    assert "no operation is running" in capsys.readouterr().err


def test_a_dry_run_changes_nothing(named: str, capsys: pytest.CaptureFixture[str]) -> None:
    running = process.status(named).running
    assert running is not None
    knobs = Knobs(running.url)
    knobs.forget_calls()
    assert run("deploy", EXAMPLE, "--local", "--name", named, "--dry-run", "--json") == Exit.FINE
    assert json.loads(capsys.readouterr().out)["environment"] == "example"
    assert all(name.startswith(("Get", "List", "Describe")) for name in knobs.calls())


def test_an_output_of_a_stack_that_nobody_knows_is_a_wrong_option() -> None:
    assert run("outputs", EXAMPLE, "databse", "--local") == Exit.USAGE


def test_flags_are_told_as_refusals_name_them() -> None:
    given = allowed(
        replace_data=True, major_upgrade=False, change_health_checks=False, without_dark=True,
        remove_region=["eu-west-3"],
    )  # fmt: skip
    assert given == {"--replace-data", "--without-dark", "--remove-region eu-west-3"}


def test_commands_are_repeated_with_the_options_that_matter() -> None:
    typed = choosing.command("deploy", Path("a.yaml"), local=True, name="mine")
    assert typed == "python -m generator deploy a.yaml --local --name mine"


def test_events_become_lines_and_what_is_small_does_not() -> None:
    fault = Fault("dr-a-keys", "eu-west-1", "Key", "AWS::KMS::Key", "no quota", "raise it")
    assert line(fault) == ("Key (AWS::KMS::Key) of dr-a-keys in eu-west-1: no quota", "error")
    assert line(Said("hello", "fine")) == ("hello", "fine")
    assert line(Checked("secret", "no replica", "deploy again", failing=True))[1] == "error"
    assert line(ResourceMoved("dr-a-keys", "eu-west-1", "Key", "AWS::KMS::Key", "CREATE_COMPLETE")) == ("", "")


def test_the_moving_table_has_a_row_for_each_region_with_its_newest_resource() -> None:
    table = Table()
    table.take(WaveBegan(3, 13, ("dr-a-keys",)))
    table.take(OperationBegan("dr-a-keys", "id", "CREATE", ("eu-west-1", "eu-central-1")))
    table.take(ResourceMoved("dr-a-keys", "eu-west-1", "Key", "AWS::KMS::Key", "CREATE_IN_PROGRESS"))
    assert table.wave == "wave 3 of 13"
    assert table.rows() == [
        ("dr-a-keys", "eu-west-1", "CREATE", "Key CREATE_IN_PROGRESS"),
        ("dr-a-keys", "eu-central-1", "CREATE", ""),
    ]
