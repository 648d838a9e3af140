"""The shipped examples, the schema, and the tables that were copied from elsewhere, held to their sources."""

from __future__ import annotations

import ipaddress
import json
import re
from pathlib import Path
from typing import Any

import cfnlint
import cfnlint.helpers as helpers
import jsonschema
import pytest
import yaml

from generator import inputs
from generator.config import Environment, load, warnings
from generator.config.engines import MAJORS
from generator.config.parts import CHECKER_RANGES
from generator.config.regions import REGIONS
from generator.config.schema import FILE, schema
from generator.inputs import FUNCTIONS
from generator.links import Setting
from generator.resources import folder

EXAMPLES = ("example", "three-regions", "witness")


def example(name: str) -> Path:
    return folder("stacksets") / f"{name}.yaml"


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_shipped_example_loads_without_a_doubt(name: str) -> None:
    environment = load(example(name))
    assert warnings(environment, example(name)) == ()
    assert environment.accounts.workload == "111122223333"


def test_the_examples_show_each_mode_and_each_probe() -> None:
    loaded = [load(example(name)) for name in EXAMPLES]
    assert {each.recovery.mode for each in loaded} == {"manual", "approval", "automatic"}
    assert {each.probe.kind for each in loaded} == {"metric", "endpoint"}
    assert [len(each.data_regions) for each in loaded] == [2, 3, 2]
    assert [each.dns_region for each in loaded] == ["eu-central-1", "us-west-2", "eu-north-1"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_names_its_schema_in_the_first_line(name: str) -> None:
    first = example(name).read_text().splitlines()[0]
    assert first == f"# yaml-language-server: $schema={FILE}"


def test_the_committed_schema_is_current() -> None:
    assert (folder("stacksets") / FILE).read_text() == schema(), "python -m generator schema --out stacksets/" + FILE


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_schema_accepts_the_examples(name: str) -> None:
    jsonschema.Draft202012Validator(json.loads(schema())).validate(yaml.safe_load(example(name).read_text()))


def test_the_schema_refuses_what_the_model_refuses() -> None:
    values = yaml.safe_load(example("example").read_text())
    validator = jsonschema.Draft202012Validator(json.loads(schema()))
    changes: tuple[dict[str, Any], ...] = (
        {"sufix": "a"},
        {"suffix": "A"},
        {"people": []},
        {"regions": {"eu-west-9": values["regions"]["eu-west-1"]}},
    )
    for change in changes:
        assert not validator.is_valid(values | change), change


def test_every_field_of_the_schema_is_described() -> None:
    made = json.loads(schema())
    sections = {"": made, **made["$defs"]}
    for name, section in sections.items():
        assert section["description"], name
        for key, field in section["properties"].items():
            assert field.get("description") or _resolved(made, field).get("description"), f"{name}.{key}"


def test_the_table_of_regions_agrees_with_cfn_lint() -> None:
    for name, region in REGIONS.items():
        assert region.zones == tuple(helpers.AVAILABILITY_ZONES[name])
    commercial = {name for name in helpers.AVAILABILITY_ZONES if not re.match("cn-|us-gov|us-iso|eu-iso|eusc", name)}
    assert commercial == set(REGIONS)


def test_the_first_offered_engine_versions_agree_with_cfn_lint() -> None:
    place = Path(cfnlint.__path__[0]) / "data/schemas/extensions/aws_rds_dbcluster"
    offered, retired = (_versions(place / name) for name in ("engine_version.json", "engine_version_deprecated.json"))
    for major, line in MAJORS.items():
        assert f"{major}.{line.first_offered}" in offered - retired
        ours = re.compile(rf"{major}\.(\d+)")
        gone = [int(found[1]) for found in map(ours.fullmatch, retired) if found]
        assert max(gone, default=0) < line.first_offered, major


def _versions(file: Path) -> set[str]:
    for rule in json.loads(file.read_text())["allOf"]:
        properties = rule["if"]["properties"]
        if properties["Engine"].get("const") == "aurora-postgresql":
            named = rule["then"]["properties"] if rule["then"] else properties
            return set(named["EngineVersion"]["enum"])
    raise AssertionError(file)


def test_the_health_checkers_ranges_are_apart_and_public() -> None:
    ranges = [ipaddress.IPv4Network(text) for text in CHECKER_RANGES]
    assert all(each.is_global for each in ranges)
    assert not any(one.overlaps(other) for one in ranges for other in ranges if one is not other)


def test_the_functions_whose_names_are_measured_are_those_that_exist() -> None:
    from generator.imports import handlers

    assert set(handlers()) == set(FUNCTIONS)


def settings() -> list[inputs.Input]:
    found = [value for value in vars(inputs).values() if isinstance(value, inputs.Input)]
    return [each for each in found if isinstance(each.source, Setting)]


@pytest.mark.parametrize("each", settings(), ids=lambda each: str(each.name))
def test_every_setting_that_a_parameter_takes_is_a_key_of_the_file(each: inputs.Input) -> None:
    assert isinstance(each.source, Setting)
    made = json.loads(schema())
    place: Any = made
    for part in each.source.key.split("."):
        place = _resolved(made, place)
        place = place["additionalProperties"] if part == "*" else place["properties"][part]
    limits = _resolved(made, place)
    for mine, theirs in (("minimum", "MinValue"), ("maximum", "MaxValue")):
        if theirs in each.rules and mine in limits and each.name != "ApprovalSeconds":
            inside = limits[mine] >= each.rules[theirs] if mine == "minimum" else limits[mine] <= each.rules[theirs]
            assert inside, f"{each.source.key}: the file allows {limits[mine]}, the parameter {each.rules[theirs]}"


def _resolved(made: dict[str, Any], place: dict[str, Any]) -> dict[str, Any]:
    options = [option for option in place.get("anyOf", []) if option.get("type") != "null"]
    place = options[0] if options else place
    name = place.get("$ref", "").removeprefix("#/$defs/")
    return made["$defs"][name] if name else place


def test_a_pair_is_requested_by_the_region_that_the_file_names_first() -> None:
    environment = load(example("witness"))
    assert [(one.name, other.name) for one, other in environment.pairs] == [
        ("eu-west-1", "eu-west-3"),
        ("eu-west-1", "eu-north-1"),
        ("eu-west-3", "eu-north-1"),
    ]


def test_an_environment_can_not_be_changed() -> None:
    environment: Environment = load(example("example"))
    with pytest.raises(ValueError, match="frozen"):
        environment.suffix = "other"  # type: ignore[misc]
