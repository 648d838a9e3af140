"""What stands before the databases is told when a way changes, once, in words that it knows."""

from __future__ import annotations

from unittest.mock import create_autospec

from twin.cloud.databases.attach import Databases
from twin.cloud.network.paths import Line, Paths
from twin.cloud.network.reach import Path
from twin.passage import Faults

LINE = Line("eu-central-1", "functions", "eu-west-1")
OTHER = Line("eu-west-1", "application", "eu-west-1")


def test_a_way_that_changes_is_told_and_one_that_does_not_is_not() -> None:
    ways: dict[Line, Path] = {LINE: Path(), OTHER: Path()}
    doors = create_autospec(Databases, instance=True)
    paths = Paths(doors, lambda: dict(ways))
    told: list[Faults | None] = []
    for now in (
        Path(),
        Path(refused="no rule"),
        Path(refused="another rule"),
        Path(closed="rule 1 denies", refused="no rule"),
        Path(closed="no route"),
        Path(),
    ):
        ways[LINE] = now
        doors.break_.reset_mock()
        paths.look()
        told.append(doors.break_.call_args.args[3] if doors.break_.called else None)
        assert all(call.args[:3] == ("eu-central-1", "functions", "eu-west-1") for call in doors.break_.call_args_list)
    assert told == [None, Faults(closed=True), None, Faults(silent=True), None, Faults()]


def test_a_way_that_is_gone_leaves_nothing_broken() -> None:
    ways = {LINE: Path(closed="no route")}
    doors = create_autospec(Databases, instance=True)
    paths = Paths(doors, lambda: dict(ways))
    paths.look()
    ways.clear()
    paths.look()
    assert doors.break_.call_args.args == ("eu-central-1", "functions", "eu-west-1", Faults(), "network")
