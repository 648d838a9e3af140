"""Each rule finds its trap, finds nothing else, and never falls over a template."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from cfnlint.rules import Rules

import generator.rules
from tests.rules.conftest import Linter

FILES = sorted(generator.rules.folder().glob("trap_*.py"))
NAMES = [file.stem for file in FILES]
COMPANIONS = {"trap_035_disabled_check": {"E3002"}}
"""Findings of cfn-lint's own that can't be kept out of a bad template: CloudFormation has no ``Disabled``."""


def rule_id(name: str) -> str:
    """Return the id that the rule's file says."""
    text = (generator.rules.folder() / f"{name}.py").read_text()
    found = re.search(r'^    id = "([EW]9\d{3})"$', text, re.MULTILINE)
    assert found, f"{name} has no id"
    return found[1]


@pytest.mark.parametrize("name", NAMES)
def test_the_bad_template_fails_with_exactly_its_rule(name: str, lint: Linter, templates: Path) -> None:
    found = {match.rule.id for match in lint((templates / "bad" / f"{name}.yaml").read_text())}
    assert found == {rule_id(name)} | COMPANIONS.get(name, set())


@pytest.mark.parametrize("name", [name for name in NAMES if name not in COMPANIONS])
def test_the_good_template_has_no_finding_at_all(name: str, lint: Linter, templates: Path) -> None:
    assert lint((templates / "good" / f"{name}.yaml").read_text()) == []


@pytest.mark.parametrize("name", NAMES)
def test_json_is_read_like_yaml(name: str, lint: Linter, templates: Path, own_rules: Rules) -> None:
    as_json = json.dumps(yaml.safe_load((templates / "bad" / f"{name}.yaml").read_text()))
    assert rule_id(name) in {match.rule.id for match in lint(as_json, rules=own_rules)}


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_named_for_its_trap_and_says_where_the_fact_comes_from(name: str, own_rules: Rules) -> None:
    rule = own_rules[rule_id(name)]
    trap = re.match(r"trap_(b?)0*(\d+)([a-z]?)_", name)
    assert trap
    assert rule.id[1:] == (f"92{trap[2]:0>2}" if trap[1] else f"9{int(trap[2]):03}")
    assert f"trap {trap[1].upper()}{trap[2]}{trap[3]}" in rule.tags
    assert rule.source_url.startswith("https://")
    assert rule.shortdesc and rule.description and not rule.shortdesc.endswith(".")


def test_no_two_rules_share_an_id(own_rules: Rules) -> None:
    assert len(own_rules) == len({rule_id(name) for name in NAMES}) == len(FILES)


def test_no_template_is_left_without_its_rule(templates: Path) -> None:
    for kind in ("bad", "good"):
        assert {file.stem for file in (templates / kind).glob("*.yaml")} == set(NAMES)


def test_a_reviewed_design_that_pleases_the_linter_is_caught_in_all_its_traps(
    lint: Linter, templates: Path, own_rules: Rules
) -> None:
    found = {match.rule.id for match in lint((templates / "reviewed_design.yaml").read_text())}
    assert found == {rule_id(name) for name in NAMES} - {"E9035"}, "E9035: no valid template can say it"


def test_a_finding_points_at_the_line_that_is_wrong(lint: Linter, templates: Path) -> None:
    text = (templates / "bad" / "trap_006_commit_pause.yaml").read_text()
    (match,) = lint(text)
    assert "rds.global_db_rpo" in text.splitlines()[match.linenumber - 1]


def test_a_finding_can_be_ignored_on_the_one_resource(lint: Linter, templates: Path) -> None:
    template = yaml.safe_load((templates / "bad" / "trap_044_global_names.yaml").read_text())
    template["Resources"]["Role"]["Metadata"] = {"cfn-lint": {"config": {"ignore_checks": ["E9044"]}}}
    assert lint(json.dumps(template)) == []


def test_route53_metrics_are_fine_in_the_one_region_that_has_them(lint: Linter, templates: Path) -> None:
    text = (templates / "bad" / "trap_036_metrics_elsewhere.yaml").read_text()
    assert lint(text, regions=("us-east-1",)) == []


def test_short_forms_are_read_like_long_ones(lint: Linter, own_rules: Rules) -> None:
    text = """
Resources:
  Database:
    Type: AWS::RDS::DBCluster
    Properties: {Engine: aurora-postgresql, GlobalClusterIdentifier: !Ref Whole}
Outputs:
  Writer: {Value: !GetAtt Database.Endpoint.Address}
  Host: {Value: !Sub "${Database.Endpoint.Address}:5432"}
"""
    found = [match for match in lint(text, rules=own_rules) if match.rule.id == "E9070"]
    assert {str(match.path[1]) for match in found} == {"Writer", "Host"}


def test_the_folder_holds_the_rules_whatever_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(Rules.create_from_directory(str(generator.rules.folder()))) == len(FILES)
