"""``destroy`` asks before it does what can't be undone, and twice where data goes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from generator.cli.destroy import Wishes, confirm
from generator.config import Environment, load
from generator.errors import UsageError
from generator.resources import folder


def made(tmp_path: Path, *, disposable: bool) -> Environment:
    told = yaml.safe_load((folder("stacksets") / "example.yaml").read_text())
    if disposable:
        told["disposable"] = True
        told["database"]["deletion_protection"] = False
    path = tmp_path / "env.yaml"
    path.write_text(yaml.safe_dump(told, sort_keys=False))
    return load(path)


class Person:
    """Types these lines, one for each question."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)
        self.asked: list[str] = []

    def __call__(self, question: str) -> str:
        self.asked.append(question)
        return self.lines.pop(0)


@pytest.mark.parametrize("disposable", [True, False])
def test_the_suffix_has_to_be_typed(tmp_path: Path, disposable: bool) -> None:
    environment = made(tmp_path, disposable=disposable)
    confirm(environment, Wishes(), ask=Person("example"))
    for wrong in ("", "yes", "exampl", "Example"):
        with pytest.raises(UsageError, match="nothing was done"):
            confirm(environment, Wishes(), ask=Person(wrong))


def test_without_a_terminal_it_needs_to_be_told_yes(tmp_path: Path) -> None:
    environment = made(tmp_path, disposable=False)
    with pytest.raises(UsageError, match="no terminal") as caught:
        confirm(environment, Wishes(), ask=None)
    assert "--yes" in caught.value.hint
    confirm(environment, Wishes(yes=True), ask=None)


def test_data_that_is_not_disposable_needs_the_suffix_a_second_time(tmp_path: Path) -> None:
    environment = made(tmp_path, disposable=False)
    person = Person("example", "example")
    confirm(environment, Wishes(data=True), ask=person)
    assert len(person.asked) == 2
    with pytest.raises(UsageError, match="nothing was done"):
        confirm(environment, Wishes(data=True), ask=Person("example", "no"))
    for wishes in (Wishes(yes=True, data=True), Wishes(yes=True, data=True, yes_data="other")):
        with pytest.raises(UsageError):
            confirm(environment, wishes, ask=None)
    confirm(environment, Wishes(yes=True, data=True, yes_data="example"), ask=None)


def test_yes_alone_never_stands_for_the_second_time_not_even_at_a_terminal(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a second time") as caught:
        confirm(made(tmp_path, disposable=False), Wishes(yes=True, data=True), ask=Person("example"))
    assert "--yes-delete-data example" in caught.value.hint


def test_a_disposable_environment_is_asked_for_once_data_or_not(tmp_path: Path) -> None:
    person = Person("example")
    confirm(made(tmp_path, disposable=True), Wishes(data=True), ask=person)
    assert len(person.asked) == 1
