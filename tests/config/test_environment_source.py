"""Whatever is given for a file: a clear problem, and never a traceback or a hang."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.config import EnvironmentFileError, Problem, load
from generator.config.source import DEEPEST, LARGEST
from generator.errors import DisasterRecoveryError, Exit

Told = Callable[[dict[str, Any] | str | bytes], tuple[Problem, ...]]


def refusal(path: Path) -> Problem:
    with pytest.raises(EnvironmentFileError) as caught:
        load(path)
    (problem,) = caught.value.problems
    return problem


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nothing.yaml").message == "does not exist"


def test_a_folder_is_told(tmp_path: Path) -> None:
    assert refusal(tmp_path).message == "is a folder"


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path / "pipe").message == "is no regular file"


def test_a_socket_is_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        assert refusal(tmp_path / "s").message == "is no regular file"


def test_a_name_with_a_null_byte_is_told() -> None:
    assert "can't be read" in refusal(Path("a\0b")).message


def test_an_unreadable_file_is_told(tmp_path: Path) -> None:
    if os.geteuid() == 0:  # root reads whatever has a mode; this one nobody can read from its beginning
        assert refusal(Path("/proc/self/mem")).message.startswith("can't be read: ")
        return
    path = tmp_path / "secret.yaml"
    path.write_text("a: 1")
    path.chmod(0)
    assert refusal(path).message == "can't be read: permission denied"


@pytest.mark.parametrize(
    ("content", "message", "line"),
    [
        ("", "is empty", 0),
        ("\n# nothing\n", "is empty", 0),
        ("- a\n- b\n", "is not a mapping of keys", 1),
        ("just words\n", "is not a mapping of keys", 1),
        (b"\x7fELF\x00\x01", "is binary", 0),
        (b"suffix: a\nowner: \xff\n", "is not text in UTF-8", 2),
        ("suffix: [a\nb: c\n", "is not YAML: did not find expected ',' or ']'", 2),
        ("\tsuffix: a\n", "is not YAML: found character that cannot start any token", 1),
        ("a: &x 1\nb: *x\n", "uses the anchor or alias x", 1),
        ("a: 1\n---\nb: 2\n", "holds more than one document", 2),
        ("a: " + "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), f"is nested deeper than {DEEPEST} levels", 1),
        ("[" * 100_000, f"is nested deeper than {DEEPEST} levels", 1),
        (b"#" * (LARGEST + 1), "is larger than 256 KiB", 0),
        ("a: %@\n", "is not YAML: found character that cannot start any token", 1),
    ],
)
def test_a_file_that_is_no_environment_is_told_with_its_line(
    problems: Told, content: Any, message: str, line: int
) -> None:
    (problem,) = problems(content)
    assert (problem.message, problem.line) == (message, line)
    assert problem.hint


def test_an_anchor_bomb_is_refused_at_once(problems: Told) -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30)]
    begun = time.monotonic()
    (problem,) = problems("\n".join(lines))
    assert problem.message == "uses the anchor or alias a0"
    assert time.monotonic() - begun < 1


def test_a_key_that_comes_twice_is_told_with_both_lines(problems: Told) -> None:
    found = problems("suffix: a\ndns:\n  ttl: 5\n  ttl: 6\n")
    (twice,) = (problem for problem in found if "twice" in problem.message)
    assert (twice.key, twice.line, twice.message) == ("dns.ttl", 4, "comes twice, first in line 3")


def test_a_key_that_is_no_word_is_told(problems: Told) -> None:
    assert any("a key that is no word" in problem.message for problem in problems("? [a, b]\n: c\n"))


def test_a_tag_that_asks_for_an_object_makes_none(problems: Told) -> None:
    found = problems("suffix: !!python/object/apply:os.system [true]\n")
    assert any(problem.key == "suffix" and problem.message == "must be text" for problem in found)


def test_a_date_or_an_endless_number_is_told_and_not_computed(problems: Told) -> None:
    found = problems(f"suffix: 2024-99-99\nlog_days: {'9' * 5000}\n")
    assert {problem.key for problem in found} >= {"suffix", "log_days"}
    assert max(len(problem.message) for problem in found) < 300


def test_control_characters_do_not_reach_the_terminal(problems: Told) -> None:
    for problem in problems('"\\e[31m": 1\nsuffix: "\\e]0;x\\a"\n'):
        assert str(problem).isprintable()


def test_an_unknown_key_gets_the_nearest_one(problems: Told) -> None:
    found = {problem.key: problem.hint for problem in problems("sufix: a\ndns: {domian: x}\n")}
    assert found["sufix"] == "did you mean suffix?"
    assert found["dns.domian"] == "did you mean domain?"


def test_an_unknown_key_that_is_near_nothing_gets_the_list(problems: Told) -> None:
    found = {problem.key: problem.hint for problem in problems("dns: {xyz: 1}\n")}
    assert found["dns.xyz"] == "known: domain, zone_id, visibility, region, home, ttl"


def test_the_name_of_a_region_is_its_key_and_nothing_else(values: dict[str, Any], problems: Told) -> None:
    values["regions"]["eu-west-1"]["name"] = "other"
    (problem,) = problems(values)
    assert (problem.key, problem.message) == ("regions.eu-west-1.name", "is an unknown key")


def test_the_error_ends_in_its_exit_code_and_carries_every_problem_in_its_text(tmp_path: Path) -> None:
    error = EnvironmentFileError(
        [Problem("b.yaml", 3, "k", "is wrong", "mend it"), Problem("b.yaml", 0, "", "is empty")]
    )
    assert isinstance(error, DisasterRecoveryError)
    assert error.exit == Exit.ENVIRONMENT
    assert str(error) == "b.yaml: is empty\nb.yaml:3: k: is wrong\nhint: mend it"
