"""cfn-lint as a library: whatever the template is, findings come back, and any number of processes agrees."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.errors import UsageError
from generator.lint import Finding, Job, lint
from generator.lint.files import collect
from generator.lint.formats import as_annotations, as_junit, as_text
from generator.lint.worker import MOST_NODES

HERE = ("eu-west-1", "eu-central-1")
GOOD = "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n"


def found(text: str, *regions: str) -> tuple[Finding, ...]:
    return lint([Job("t.yaml", text, regions or HERE)], processes=1)


BOMB = "\n".join(["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30)])


@pytest.mark.parametrize(
    ("text", "rule", "message"),
    [
        ("", "E0000", "is empty"),
        ("# nothing\n", "E0000", "is empty"),
        ("a: [", "E0000", "did not find expected node content"),
        ("- 1\n", "E0000", "needs to be an object"),
        ("Resources:\n  A: {Type: *b}\n", "E0000", "undefined alias"),
        ("Resources:\n\tA: 1\n", "E0000", "cannot start any token"),
        ("\0", "E0000", "is binary"),
        ("[" * 100_000, "E0000", "nested deeper"),
        (BOMB, "E0000", "multiply beyond measure"),
        ("Resources: &a\n  A: *a\n", "E0000", "multiply beyond measure"),
        ("x" * 1_000_001, "E0000", "larger than"),
        ("Resources: !!python/object/apply:os.system [true]\n", "E0000", "could not determine a constructor"),
        ("Resources:\n  A:\n    Type: AWS::S3::Nothing\n", "E3006", "does not exist"),
    ],
)
def test_a_broken_template_is_a_finding(text: str, rule: str, message: str) -> None:
    findings = found(text)
    assert [each for each in findings if each.rule == rule and message in each.message], findings
    assert MOST_NODES > 0


def test_a_good_template_has_no_finding() -> None:
    assert found(GOOD) == ()


def test_a_type_that_one_of_the_regions_lacks_is_found() -> None:
    text = (
        "Resources:\n  Cluster:\n    Type: AWS::RDS::GlobalCluster\n"
        "    DeletionPolicy: Retain\n    UpdateReplacePolicy: Retain\n"
    )
    assert not [each for each in found(text, "eu-west-1") if each.rule == "E3006"]
    assert [each for each in found(text, "eu-west-1", "us-gov-west-1") if each.rule == "E3006"]


def test_any_number_of_processes_finds_the_same() -> None:
    jobs = [Job(f"{index}.yaml", f"Resources:\n  A{index}:\n    Type: AWS::S3::Nothing\n", HERE) for index in range(5)]
    assert lint(jobs, processes=2) == lint(jobs, processes=1)
    assert len(lint(jobs, processes=1)) >= 5


def test_every_template_is_told_as_done() -> None:
    done: list[None] = []
    lint([Job("a", GOOD, HERE), Job("b", GOOD, HERE)], 1, lambda: done.append(None))
    assert len(done) == 2


def test_a_folder_is_walked_without_following_links_or_looking_into_hidden_places(tmp_path: Path) -> None:
    for place in ("a", ".git", "node_modules"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "t.yaml").write_text(GOOD)
    (tmp_path / "a" / "again").symlink_to(tmp_path)
    (tmp_path / "a" / "t.json").write_text('{"Resources": {}}')
    (tmp_path / "a" / "other.json").write_text("[]")
    (tmp_path / "a" / "binary.yaml").write_bytes(b"\xff\xfe\0")
    collected = collect([tmp_path], HERE)
    assert [Path(job.file).relative_to(tmp_path).as_posix() for job in collected.jobs] == [
        "a/t.json",
        "a/t.yaml",
    ]
    assert collected.skipped == 2


def test_a_path_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't read"):
        collect([tmp_path / "nothing"], HERE)


ODD = Finding("a,b:c.yaml", 3, 1, "E1", "error", "100 %\nsecond \x1b line <&>")


def test_a_message_of_several_lines_stays_one_line_where_lines_count() -> None:
    assert as_text([ODD]).count("\n") == 1
    assert as_annotations([ODD]) == (
        "::error file=a%2Cb%3Ac.yaml,line=3,col=1,title=E1::100 %25%0Asecond \x1b line <&>\n"
    )


def test_a_document_for_machines_can_always_be_read() -> None:
    from xml.etree import ElementTree

    assert ElementTree.fromstring(as_junit([ODD], [ODD.file, "good.yaml"])).get("tests") == "2"
