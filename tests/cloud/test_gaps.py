"""Every property that the templates deploy is read back over its service's own API, or is in the table of gaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.cloud.resources_readers import READERS
from tests.cloud.resources_reading import Record, differences, leaves
from tests.cloud.resources_server import served
from tests.cloud.resources_stage import EXAMPLES, Stage
from twin.cloud.gaps import GAPS, INERT


@dataclass(frozen=True)
class Deployed:
    """Every resource of every example, and for each type the paths that did not read back, with where."""

    records: tuple[Record, ...]
    unread: dict[tuple[str, str], str]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    records: list[Record] = []
    unread: dict[tuple[str, str], str] = {}
    for file in EXAMPLES:
        with served(tmp_path_factory.mktemp(file.stem)) as url:
            stage = Stage(url, file)
            stage.deploy()
            for record in stage.records():
                records.append(record)
                if record.type in READERS:
                    for path in differences(record.wanted, READERS[record.type](record)):
                        unread.setdefault((record.type, path), f"{record.id} in {record.region} of {file.stem}")
    yield Deployed(tuple(records), unread)


def test_every_type_that_is_deployed_is_read_back_by_its_service(deployed: Deployed) -> None:
    assert {record.type for record in deployed.records} == set(READERS)


def test_every_property_reads_back_or_is_in_the_table(deployed: Deployed) -> None:
    told = {(gap.type, gap.path) for gap in GAPS}
    missing = {key: where for key, where in deployed.unread.items() if key not in told}
    assert not missing


def test_nothing_in_the_table_reads_back(deployed: Deployed) -> None:
    stale = [gap for gap in GAPS if (gap.type, gap.path) not in deployed.unread]
    assert not stale


def test_every_gap_is_a_property_that_some_template_deploys(deployed: Deployed) -> None:
    paths = {(record.type, path) for record in deployed.records for path in leaves(record.wanted)}
    assert not {(gap.type, gap.path) for gap in GAPS} - paths


def test_the_table_says_each_thing_once_and_why() -> None:
    assert max(Counter((gap.type, gap.path) for gap in GAPS).values()) == 1
    assert max(Counter(each.type for each in INERT).values()) == 1
    assert all(gap.why for gap in GAPS) and all(each.missing for each in INERT)


def test_what_is_only_kept_is_deployed_by_some_template(deployed: Deployed) -> None:
    assert not {each.type for each in INERT} - {record.type for record in deployed.records}


def test_no_deployed_property_holds_a_function_that_nobody_resolved(deployed: Deployed) -> None:
    def unresolved(value: object) -> bool:
        if isinstance(value, dict):
            function = any(str(name).startswith("Fn::") or name == "Ref" for name in value)
            return function or any(map(unresolved, value.values()))
        if isinstance(value, list):
            return any(map(unresolved, value))
        return isinstance(value, str) and ("{{resolve:" in value or "AWS::NoValue" in value)

    left = {(record.type, record.id) for record in deployed.records if unresolved(record.wanted)}
    assert deployed.records and not left


@pytest.mark.parametrize(
    ("wanted", "read", "found"),
    [
        ({"A": {"B": 1}}, {"A": {"B": 2}}, ["A.B"]),
        ({"A": [{"B": 1}, {"B": 2}]}, {"A": [{"B": 1}]}, ["A"]),
        ({"A": ["x", "y"]}, {"A": ["y", "x"]}, []),
        ({"A": ["x"]}, {"A": ["x", "y"]}, ["A"]),
        ({"A": "true"}, {"A": True}, []),
        ({"A": "5"}, {"A": 5}, []),
        ({"A": {"B": 1}}, {}, ["A.B"]),
        ({"A": None}, {}, ["A"]),
    ],
)
def test_a_difference_is_seen_where_it_is(wanted: dict[str, object], read: dict[str, object], found: list[str]) -> None:
    assert list(differences(wanted, read)) == found
