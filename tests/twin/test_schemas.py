"""Resource types' schemas, read as files: those that cfn-lint itself would use, without importing it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from generator import intrinsics
from twin.cloud.resources.schemas import schema

ROOT = Path(__file__).parents[2]


def kinds() -> list[str]:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "templates").glob("*.yaml")]
    return sorted({each["Type"] for text in texts for each in intrinsics.read(text)["Resources"].values()})


@pytest.mark.parametrize("kind", kinds())
def test_a_deployed_type_has_the_schema_that_cfn_lint_has(kind: str) -> None:
    assert schema(kind) == PROVIDER_SCHEMA_MANAGER.get_resource_schema("eu-west-1", kind).schema


def test_a_type_that_nobody_knows_has_an_empty_schema() -> None:
    assert schema("AWS::Nothing::Here") == {}


def test_asking_for_a_schema_does_not_import_cfn_lint() -> None:
    code = (
        "import sys; from twin.cloud.resources.schemas import schema;"
        " sys.exit('cfnlint' in sys.modules or not schema('AWS::S3::Bucket'))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
