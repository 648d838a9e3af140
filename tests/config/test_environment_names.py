"""The longest suffix that the file may have makes no name of any template too long, in any region."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from generator.catalog import STACKS, Stack
from generator.config.parts import Part
from generator.config.regions import REGIONS
from generator.config.schema import schema
from generator.shape import Shape

LIMITS = {
    "AWS::ApiGateway::RestApi": ("Name", 255),
    "AWS::Backup::BackupVault": ("BackupVaultName", 50),
    "AWS::CloudWatch::Alarm": ("AlarmName", 255),
    "AWS::DynamoDB::Table": ("TableName", 255),
    "AWS::Events::Rule": ("Name", 64),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName", 128),
    "AWS::IAM::Role": ("RoleName", 64),
    "AWS::KMS::Alias": ("AliasName", 256),
    "AWS::Lambda::Function": ("FunctionName", 64),
    "AWS::RDS::DBCluster": ("DBClusterIdentifier", 63),
    "AWS::RDS::DBClusterParameterGroup": ("DBClusterParameterGroupName", 255),
    "AWS::RDS::DBInstance": ("DBInstanceIdentifier", 63),
    "AWS::RDS::DBSubnetGroup": ("DBSubnetGroupName", 255),
    "AWS::RDS::EventSubscription": ("SubscriptionName", 255),
    "AWS::RDS::GlobalCluster": ("GlobalClusterIdentifier", 63),
    "AWS::S3::Bucket": ("BucketName", 63),
    "AWS::SNS::Topic": ("TopicName", 256),
    "AWS::Scheduler::Schedule": ("Name", 64),
    "AWS::StepFunctions::StateMachine": ("StateMachineName", 80),
}
"""Longest names, from each type's page of the CloudFormation template reference."""

REGION = max(REGIONS, key=len)
LONGEST = json.loads(schema())["properties"]["suffix"]["maxLength"]
VALUES = {
    "Suffix": "s" * LONGEST,
    "AWS::Region": REGION,
    "AWS::AccountId": "1" * 12,
    "PartnerRegion": REGION,
    "SupersededRegion": REGION,
}


def names(stack: Stack, shape: Shape) -> list[tuple[str, str, int]]:
    """Return each named resource's title, its name with the longest values, and the limit."""
    found = []
    for title, resource in json.loads(stack.build(shape).to_json())["Resources"].items():
        key, limit = LIMITS.get(resource["Type"], ("", 0))
        given: Any = resource.get("Properties", {}).get(key)
        text = given.get("Fn::Sub") if isinstance(given, dict) else given
        if isinstance(text, str):
            found.append((title, re.sub(r"\$\{([^}]+)\}", lambda hole: VALUES.get(hole[1], "x" * 20), text), limit))
    return found


ENDPOINT = Shape(probe="endpoint", visibility="private", checker_ranges=("192.0.2.0/24",))


@pytest.mark.parametrize("shape", [Shape(), ENDPOINT], ids=["metric", "endpoint"])
@pytest.mark.parametrize("stack", STACKS, ids=lambda stack: str(stack.name))
def test_every_name_fits_with_the_longest_suffix_in_the_longest_region(stack: Stack, shape: Shape) -> None:
    for title, name, limit in names(stack, shape):
        assert len(name) <= limit, f"{title}: {name} has {len(name)} characters of {limit}"


@pytest.mark.parametrize("stack", STACKS, ids=lambda stack: str(stack.name))
def test_names_of_databases_and_buckets_are_in_the_form_that_aws_takes(stack: Stack) -> None:
    for title, name, limit in names(stack, Shape()):
        if limit == 63:  # RDS identifiers and buckets
            assert re.fullmatch(r"[a-z]([a-z0-9]|-(?!-))*[a-z0-9]", name), f"{title}: {name}"


def test_sections_of_the_file_are_frozen_strict_and_closed() -> None:
    for section in Part.__subclasses__():
        assert section.model_config["frozen"]
        assert section.model_config["strict"]
        assert section.model_config["extra"] == "forbid"
