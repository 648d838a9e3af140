"""The commands as a person or a pipeline sees them: what is on stdout, what on stderr, and the exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

from generator import __version__
from generator.build import MARK
from generator.catalog import STACKS
from generator.cli.app import main
from generator.errors import Exit
from generator.resources import folder

ROOT = Path(__file__).resolve().parents[2]
PYTHON = [sys.executable, "-m", "generator"]


def run(*arguments: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if key not in ("GITHUB_ACTIONS", "NO_COLOR", "FORCE_COLOR")}
    return subprocess.run(
        [*PYTHON, *arguments],
        cwd=cwd,
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
        env=kept | {"PYTHONPATH": str(ROOT)} | environment,
    )


def modules_of(arguments: Sequence[str]) -> set[str]:
    """Return the top-level modules that a command has imported in a process of its own."""
    code = (
        "import sys, json; from generator.cli.app import main\n"
        "code = main(sys.argv[1:]); print(json.dumps([code, sorted({m.split('.')[0] for m in sys.modules})]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=True,
        timeout=120,
    )
    exit_code, modules = json.loads(done.stdout.splitlines()[-1])
    assert exit_code == 0, done.stderr
    return set(modules)


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("env") / "spoiled.yaml"
    text = (folder("stacksets") / "example.yaml").read_text()
    path.write_text(text.replace("role: standby", "role: standbye").replace("suffix: example", "suffix: Example"))
    return path


class TestBuild:
    def test_it_imports_neither_boto3_nor_cfn_lint(self, tmp_path: Path) -> None:
        seen = modules_of(["build", "--out", str(tmp_path)])
        assert not seen & {"boto3", "botocore", "cfnlint", "moto"}
        assert "troposphere" in seen

    def test_it_writes_every_stack_of_the_catalogue_and_is_current_afterwards(self, tmp_path: Path) -> None:
        done = run("build", "--no-packages", "--out", str(tmp_path / "t"))
        assert (done.returncode, done.stdout) == (Exit.FINE, "")
        assert {path.stem for path in (tmp_path / "t").iterdir()} == {stack.name for stack in STACKS}
        again = run("build", "--check", "--out", str(tmp_path / "t"))
        assert (again.returncode, again.stdout) == (Exit.FINE, "")

    def test_check_shows_the_difference_and_writes_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "old.yaml").write_text(f"{MARK}\nold: 1\n")
        done = run("build", "--check", "--out", str(tmp_path))
        assert done.returncode == Exit.FINDINGS
        assert "-old: 1\n" in done.stdout
        assert "+Description:" in done.stdout
        assert [path.name for path in tmp_path.iterdir()] == ["old.yaml"]
        assert "hint: python -m generator build" in done.stderr

    def test_it_works_from_any_folder_with_the_shipped_example(self, tmp_path: Path) -> None:
        assert run("build", "--no-packages", cwd=tmp_path).returncode == Exit.FINE
        assert (tmp_path / "templates" / "network.yaml").exists()

    def test_a_place_that_can_not_be_written_to_is_a_usage_error(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        done = run("build", "--no-packages", "--out", str(tmp_path / "file"))
        assert done.returncode == Exit.USAGE
        assert "can't write to" in done.stderr
        assert "Traceback" not in done.stderr

    def test_a_wrong_environment_ends_in_its_own_code_and_writes_nothing(self, tmp_path: Path, spoiled: Path) -> None:
        done = run("build", str(spoiled), "--out", str(tmp_path / "t"))
        assert done.returncode == Exit.ENVIRONMENT
        assert not (tmp_path / "t").exists()


class TestValidate:
    def test_the_sum_is_shown_with_every_part(self) -> None:
        done = run("validate", "stacksets/witness.yaml")
        assert done.returncode == Exit.FINE
        for part in ("noticing", "deciding", "fencing", "promoting", "dns", "client", "sum"):
            assert f"\n{part}" in done.stdout
        assert "RTO 480 s, of which" in done.stdout
        assert "is right: eu-west-1 (origin)" in done.stderr

    def test_every_problem_is_told_on_stderr_with_place_and_hint(self, spoiled: Path) -> None:
        done = run("validate", str(spoiled))
        assert (done.returncode, done.stdout) == (Exit.ENVIRONMENT, "")
        assert done.stderr.count("error: ") == 2
        assert done.stderr.count("hint: ") == 2
        assert f"{spoiled}:" in done.stderr

    def test_a_machine_gets_the_same_as_json(self, spoiled: Path) -> None:
        wrong, right = run("validate", str(spoiled), "--json"), run("validate", "--json")
        assert (wrong.returncode, right.returncode) == (Exit.ENVIRONMENT, Exit.FINE)
        assert [problem["key"] for problem in json.loads(wrong.stdout)["problems"]] == [
            "suffix",
            "regions.eu-central-1.role",
        ]
        result = json.loads(right.stdout)
        assert result["valid"]
        assert sum(result["objectives"]["parts"].values()) == result["objectives"]["sum_seconds"]

    def test_github_shows_problems_beside_their_lines(self, spoiled: Path) -> None:
        done = run("validate", str(spoiled), GITHUB_ACTIONS="true")
        assert f"::error file={spoiled},line=" in done.stderr


BROKEN = "Resources:\n  Bucket:\n    Type: AWS::S3::Nothing\n"


class TestLint:
    @pytest.fixture
    def others(self, tmp_path: Path) -> Path:
        (tmp_path / "broken.yaml").write_text(BROKEN)
        (tmp_path / "not-yaml.template").write_text("AWSTemplateFormatVersion: '2010-09-09'\nResources: [\n")
        (tmp_path / "settings.yaml").write_text("a: 1\n")
        (tmp_path / ".hidden.yaml").write_text(BROKEN)
        return tmp_path

    def test_other_peoples_folder_is_looked_through_and_what_is_no_template_is_counted(self, others: Path) -> None:
        done = run("lint", str(others))
        assert done.returncode == Exit.FINDINGS
        assert f"{others / 'broken.yaml'}:3:" in done.stdout
        assert f"{others / 'not-yaml.template'}:" in done.stdout
        assert "settings.yaml" not in done.stdout
        assert "2 templates, 1 other files passed over" in done.stderr

    def test_a_file_that_is_named_is_taken_for_a_template(self, others: Path) -> None:
        done = run("lint", str(others / "settings.yaml"))
        assert done.returncode == Exit.FINDINGS
        assert "E1001" in done.stdout

    def test_our_own_rules_look_too(self, tmp_path: Path) -> None:
        bad = ROOT / "tests/rules/templates/bad/trap_085_burstable_class.yaml"
        done = run("lint", str(bad), "--format", "json")
        assert "E9085" in {finding["rule"] for finding in json.loads(done.stdout)}

    def test_findings_come_as_json_sarif_and_junit(self, others: Path) -> None:
        listed = json.loads(run("lint", str(others), "--format", "json").stdout)
        sarif = json.loads(run("lint", str(others), "--format", "sarif").stdout)
        junit = ElementTree.fromstring(run("lint", str(others), "--format", "junit").stdout)
        results = sarif["runs"][0]["results"]
        assert [result["ruleId"] for result in results] == [finding["rule"] for finding in listed]
        assert {rule["id"] for rule in sarif["runs"][0]["tool"]["driver"]["rules"]} == {each["rule"] for each in listed}
        assert (junit.get("tests"), junit.get("failures")) == ("2", "2")

    def test_github_shows_findings_beside_their_lines(self, others: Path) -> None:
        done = run("lint", str(others / "broken.yaml"), GITHUB_ACTIONS="true")
        assert f"::error file={others / 'broken.yaml'},line=3," in done.stdout

    def test_a_folder_without_templates_is_a_usage_error(self, tmp_path: Path) -> None:
        done = run("lint", str(tmp_path))
        assert done.returncode == Exit.USAGE
        assert "no template in" in done.stderr

    def test_a_path_that_is_not_there_is_a_usage_error(self) -> None:
        assert run("lint", "/nowhere/at/all").returncode == Exit.USAGE

    def test_an_interrupt_ends_it_quietly_and_leaves_no_process(self) -> None:
        process = subprocess.Popen(
            [*PYTHON, "lint"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        deadline = time.monotonic() + 30
        while children.exists() and not children.read_text() and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        _, told = process.communicate(timeout=60)
        assert process.returncode == Exit.INTERRUPTED
        assert "Traceback" not in told
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and _group_lives(process.pid):
            time.sleep(0.05)
        assert not _group_lives(process.pid)


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


class TestGraph:
    def test_the_picture_is_well_formed_and_names_every_stack_and_region(self) -> None:
        done = run("graph", "stacksets/three-regions.yaml")
        assert done.returncode == Exit.FINE
        picture = ElementTree.fromstring(done.stdout)
        words = " ".join(picture.itertext())
        for word in ("us-east-1", "us-west-2", "eu-west-1", "records-weighted", "global-database"):
            assert word in words
        assert "records-failover" not in words

    def test_mermaid_text_has_a_part_for_each_region_and_dots_what_travels(self) -> None:
        done = run("graph", "stacksets/witness.yaml", "--format", "mermaid")
        assert done.stdout.startswith("flowchart LR\n")
        assert done.stdout.count("subgraph") == 3
        assert '-. "MarkerCheckId" .->' in done.stdout

    def test_it_is_the_same_every_time(self) -> None:
        assert run("graph").stdout == run("graph", PYTHONHASHSEED="7").stdout

    def test_a_file_takes_it(self, tmp_path: Path) -> None:
        assert run("graph", "--out", str(tmp_path / "p.svg")).stdout == ""
        assert (tmp_path / "p.svg").read_text().startswith("<svg")


class TestTheRoot:
    def test_the_version_is_data(self) -> None:
        assert run("--version").stdout == f"{__version__}\n"

    def test_help_lists_the_commands_and_the_exit_codes(self) -> None:
        done = run("--help", COLUMNS="120")
        assert done.returncode == Exit.FINE
        for word in ("build", "lint", "validate", "graph", "explain", "schema", "Exit codes"):
            assert word in done.stdout

    @pytest.mark.parametrize("arguments", [["nothing"], ["build", "--nothing"], ["lint", "--format", "pdf"], []])
    def test_a_wrong_call_ends_in_2_with_a_hint_or_the_help(self, arguments: list[str]) -> None:
        done = run(*arguments)
        assert done.returncode == Exit.USAGE
        assert "hint: " in done.stderr or "Usage" in done.stdout
        assert "Traceback" not in done.stderr

    def test_the_schema_is_what_is_committed(self) -> None:
        assert run("schema").stdout == (folder("stacksets") / "environment.schema.json").read_text()

    def test_a_reader_that_leaves_is_no_error(self) -> None:
        done = subprocess.run(
            f"{sys.executable} -m generator schema | head -1",
            shell=True,
            cwd=ROOT,
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.stderr == ""

    def test_debug_shows_a_traceback_and_nothing_else_does(self) -> None:
        assert "Traceback" in run("--debug", "validate", "nothing.yaml").stderr
        assert "Traceback" not in run("validate", "nothing.yaml").stderr

    def test_a_defect_of_ours_ends_in_a_sentence(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        """An unforeseen exception is made by handing typer a stdout that can't be flushed."""

        class Broken:
            def write(self, text: str) -> int:
                raise ZeroDivisionError("nobody foresaw this")

            def flush(self) -> None: ...

        kept, sys.stdout = sys.stdout, Broken()
        try:
            code = main(["schema"])
        finally:
            sys.stdout = kept
        assert code == Exit.DEFECT
        told = capsys.readouterr().err
        assert "unforeseen ZeroDivisionError: nobody foresaw this" in told
        assert "Traceback" not in told

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_shells_can_complete(self, shell: str) -> None:
        done = run("--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
        assert done.returncode == Exit.FINE
        assert "complet" in done.stdout


class TestColour:
    """On a terminal that is one (a pseudo-terminal), and where it is not wanted."""

    def seen(self, **environment: str) -> str:
        import pty

        master, slave = pty.openpty()
        process = subprocess.Popen(
            [*PYTHON, "validate", "nothing.yaml"],
            cwd=ROOT,
            stdout=slave,
            stderr=slave,
            env={key: value for key, value in os.environ.items() if key != "NO_COLOR"}
            | {"TERM": "xterm"}
            | environment,
        )
        os.close(slave)
        told = b""
        while True:
            try:
                part = os.read(master, 4096)
            except OSError:
                break
            if not part:
                break
            told += part
        process.wait(30)
        os.close(master)
        return told.decode()

    def test_a_terminal_gets_colour(self) -> None:
        assert "\x1b[31merror:\x1b[0m" in self.seen()

    @pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
    def test_nobody_gets_colour_who_does_not_want_it(self, environment: dict[str, str]) -> None:
        assert "\x1b" not in self.seen(**environment)

    def test_a_file_gets_no_colour(self) -> None:
        assert "\x1b" not in run("validate", "nothing.yaml").stderr
