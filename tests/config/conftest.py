"""A small valid environment to change, and a way to load what it becomes."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.config import EnvironmentFileError, Problem, load

Values = dict[str, Any]

VALUES: Values = {
    "suffix": "test",
    "accounts": {"workload": "111122223333"},
    "regions": {
        "eu-west-1": {"role": "origin", "range": "10.20.0.0/16"},
        "eu-central-1": {"role": "standby", "range": "10.21.0.0/16"},
    },
    "dns": {"domain": "db.example.com"},
    "database": {"engine_version": "16.8"},
    "people": ["oncall@example.com"],
}


@pytest.fixture
def values() -> Values:
    return copy.deepcopy(VALUES)


@pytest.fixture
def file(tmp_path: Path) -> Callable[[Values | str | bytes], Path]:
    def made(content: Values | str | bytes) -> Path:
        path = tmp_path / "environment.yaml"
        raw = content if isinstance(content, bytes) else content.encode() if isinstance(content, str) else b""
        path.write_bytes(raw or (json.dumps(content, indent=1).encode() if isinstance(content, dict) else b""))
        return path

    return made


@pytest.fixture
def problems(
    file: Callable[[Values | str | bytes], Path],
) -> Callable[[Values | str | bytes], tuple[Problem, ...]]:
    def told(content: Values | str | bytes) -> tuple[Problem, ...]:
        with pytest.raises(EnvironmentFileError) as caught:
            load(file(content))
        return caught.value.problems

    return told
