"""Values travel between stacks by links: both ends exist, and nothing travels in a circle."""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import Any

import pytest

from generator.catalog import NAMES, STACKS, Stack
from generator.inputs import BY_NAME
from generator.links import Form, Output, Where
from tests.stacks.conftest import SHAPES, built

Library = dict[str, dict[str, Any]]

FOR_PEOPLE = {
    ("keys", "KeyAlias"), ("network", "EndpointGroupId"), ("peering-accept", "PartnerRegion"),
    ("global-database", "GlobalCluster"), ("recovery", "StateMachineArn"), ("recovery", "FenceRoleArn"),
    ("recovery", "RecoveryRoleArn"), ("database", "ClusterArn"), ("database", "ClusterIdentifier"),
    ("database", "WriterHost"), ("database", "Port"), ("database", "SecretName"), ("storage", "DataBucket"),
    ("storage", "DataBucketArn"), ("storage", "ReplicationRoleArn"), ("probe", "StateTable"),
    ("probe", "BootstrapName"), ("probe", "ProveWriterName"), ("marker", "MarkerAlarmName"), ("zone", "NameServers"),
    ("zone", "Domain"), ("health", "ProofCheckId"), ("health", "ProofUrl"), ("records-failover", "WriterName"),
    ("records-failover", "ReaderName"), ("records-failover", "Home"), ("records-weighted", "WriterName"),
    ("records-weighted", "ReaderName"), ("records-weighted", "Home"), ("observability", "DashboardName"),
    ("observability", "BehindAlarmName"), ("backup", "VaultArn"), ("backup", "PlanId"),
    ("health", "ProofAlarmName"), ("stackset-roles", "AdministrationRoleName"), ("stackset-roles", "ExecutionRoleName"),
    ("deployment", "DeploymentTable"), ("deployment", "TemplateBucket"),
}  # fmt: skip
"""Outputs that no stack takes in: a person or the command line reads them."""


def links() -> list[tuple[Stack, str, Output]]:
    return [
        (stack, name, source)
        for shape in SHAPES
        for stack in STACKS
        for name in built(shape)[stack.name].get("Parameters", {})
        if isinstance(source := BY_NAME[name].source, Output)
    ]


def test_every_link_comes_from_an_output_that_is_there(library: Library) -> None:
    for stack, parameter, source in links():
        assert source.output in library[source.stack]["Outputs"], f"{stack.name}.{parameter}: {source}"


def test_every_output_is_taken_in_by_a_stack_or_meant_for_people(library: Library) -> None:
    taken = {(source.stack, source.output) for _, _, source in links()}
    produced = {(name, output) for name, template in library.items() for output in template.get("Outputs", {})}
    assert produced - taken <= FOR_PEOPLE
    assert not taken & FOR_PEOPLE


def test_no_stack_waits_for_itself_and_the_catalogue_lists_them_in_order() -> None:
    graph: dict[str, set[str]] = {stack.name: set(stack.after) for stack in STACKS}
    for stack, _, source in links():
        graph[stack.name].add(source.stack)
    tuple(TopologicalSorter(graph).static_order())  # raises CycleError
    for name, befores in graph.items():
        assert all(NAMES.index(before) < NAMES.index(name) for before in befores), (name, befores)


def test_a_value_from_several_regions_goes_to_a_list(library: Library) -> None:
    for stack, parameter, source in links():
        of_several = source.where in (Where.OTHERS, Where.DATA, Where.OTHERS_ABOUT_SAME)
        assert of_several == (source.form is not Form.ONE), (stack.name, parameter)
        if source.form is not Form.ONE:
            assert BY_NAME[parameter].type == "CommaDelimitedList", parameter


@pytest.mark.parametrize("name", NAMES)
def test_no_template_exports_a_value(name: str, library: Library) -> None:
    assert not any("Export" in output for output in library[name].get("Outputs", {}).values()), "trap 45"
