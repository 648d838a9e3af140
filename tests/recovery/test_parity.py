"""Which versions can take over from each other (Aurora User Guide's table of patch levels)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.parity import compare, patches_may_differ


@pytest.mark.parametrize(
    ("one", "other", "compatible"),
    [
        ("16.8", "16.8", True),
        ("16.8", "16.6", False),
        ("16.8", "17.8", False),
        ("15.2.1", "15.2.4", True),
        ("14.5.1", "14.5.3", True),
        ("14.4.1", "14.4.3", False),
        ("13.8.0", "13.8.1", True),
        ("13.7.0", "13.7.1", False),
        ("12.12.0", "12.12.1", True),
        ("12.11.0", "12.11.1", False),
        ("11.17.0", "11.17.1", True),
        ("11.16.0", "11.16.1", False),
        ("10.21.0", "10.21.1", False),
        ("16.8", "", False),
        ("sixteen", "16.8", False),
        ("16.8-limitless", "16.8", True),
    ],
)
def test_versions_are_compatible_as_the_user_guide_says(one: str, other: str, compatible: bool) -> None:
    found = compare(one, other)
    assert found.compatible is compatible and found.reason


VERSION = st.builds(
    lambda major, minor, patch: f"{major}.{minor}" + ("" if patch is None else f".{patch}"),
    st.integers(10, 18), st.integers(0, 20), st.none() | st.integers(0, 3),
)  # fmt: skip


@given(VERSION, VERSION)
def test_compatibility_has_no_direction_and_a_version_is_compatible_with_itself(one: str, other: str) -> None:
    assert compare(one, other).compatible == compare(other, one).compatible
    assert compare(one, one).compatible


@given(st.integers(0, 30), st.integers(0, 40))
def test_a_later_minor_is_never_stricter_than_an_earlier_one(major: int, minor: int) -> None:
    assert not patches_may_differ(major, minor) or patches_may_differ(major, minor + 1)
