"""What the templates promise of their resources, trap by trap."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from generator.catalog import STACKS
from generator.document import text
from generator.shape import Shape
from generator.stacks._alarms import settings_hash
from tests.stacks.conftest import built

Library = dict[str, dict[str, Any]]
FROZEN = Path(__file__).with_name("frozen.json")
HOLDING_DATA = {
    "AWS::Backup::BackupVault", "AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance", "AWS::RDS::GlobalCluster", "AWS::Route53::HostedZone", "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
}  # fmt: skip


def resources(library: Library, *types: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, template in library.items():
        for title, resource in template["Resources"].items():
            if not types or resource["Type"] in types:
                yield f"{name}.{title}", resource


def test_what_holds_data_keeps_its_logical_id_and_name_for_ever(default: Library) -> None:
    now = {
        place: {
            key: value
            for key, value in resource["Properties"].items()
            if key.endswith("Identifier") or key in ("BucketName", "TableName", "Name", "BackupVaultName")
        }
        for place, resource in resources(default, *HOLDING_DATA)
    }
    assert now == json.loads(FROZEN.read_text()), (
        "a resource that holds data was renamed, which replaces it; if a new one was added, add it to frozen.json"
    )


def test_what_holds_data_is_retained_and_says_so() -> None:
    of_the_deployment = {"deployment.DeploymentTable", "deployment.TemplateBucket"}  # nobody's data
    for place, resource in resources(built(Shape()), *HOLDING_DATA):
        if place in of_the_deployment:
            continue
        assert resource["DeletionPolicy"] == "RetainExceptOnCreate", place
        assert resource["UpdateReplacePolicy"] in ("Retain", "Snapshot"), place


def test_a_disposable_environment_is_deleted_whole() -> None:
    for place, resource in resources(built(Shape(disposable=True)), *HOLDING_DATA):
        assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Delete", place


def test_nothing_leads_to_or_from_the_internet(library: Library) -> None:
    forbidden = {"AWS::EC2::InternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::EC2::TransitGateway"}
    assert not [place for place, _ in resources(library, *forbidden)]


def test_security_groups_name_groups_or_single_subnets_and_never_a_vpc(library: Library) -> None:
    kinds = ("AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress")
    for place, resource in resources(library, *kinds):
        body = json.dumps(resource["Properties"])
        assert "0.0.0.0/0" not in body and "VpcRange" not in body and "PartnerRange" not in body, place
        assert "SecurityGroupIngress" not in resource["Properties"], place


def test_every_log_group_has_a_key_and_a_retention(library: Library) -> None:
    found = list(resources(library, "AWS::Logs::LogGroup"))
    assert found
    for place, resource in found:
        assert resource["Properties"]["KmsKeyId"] and resource["Properties"]["RetentionInDays"], place


def test_every_function_has_its_own_log_group_and_no_late_or_second_start(library: Library) -> None:
    for place, resource in resources(library, "AWS::Lambda::Function"):
        stack, title = place.split(".")
        starts = library[stack]["Resources"][f"{title}Starts"]["Properties"]
        assert starts["MaximumRetryAttempts"] == 0 and starts["MaximumEventAgeInSeconds"] <= 60, place
        assert resource["Properties"]["LoggingConfig"] == {"LogGroup": {"Ref": f"{title}Logs"}}


def test_schedules_are_never_made_up_for(library: Library) -> None:
    for place, resource in resources(library, "AWS::Scheduler::Schedule"):
        retry = resource["Properties"]["Target"]["RetryPolicy"]
        assert retry == {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}, place


def test_every_record_carries_a_health_check_and_a_low_ttl(library: Library) -> None:
    for place, resource in resources(library, "AWS::Route53::RecordSetGroup"):
        for record in resource["Properties"]["RecordSets"]:
            plain = record["Fn::If"][1] if "Fn::If" in record else record
            assert plain["HealthCheckId"] and plain["TTL"] == {"Ref": "Ttl"} and plain["Type"] == "CNAME", place


def test_silence_of_a_proof_is_unhealthy_and_of_a_marker_keeps_its_last_status(default: Library) -> None:
    proof = default["health"]["Resources"]["ProofCheck"]["Properties"]["HealthCheckConfig"]
    marker = default["marker"]["Resources"]["MarkerCheck"]["Properties"]["HealthCheckConfig"]
    assert proof["InsufficientDataHealthStatus"] == "Unhealthy"
    assert marker["InsufficientDataHealthStatus"] == "LastKnownStatus"
    assert "Inverted" not in proof and "Inverted" not in marker


def test_an_alarm_that_a_health_check_reads_has_a_name_that_changes_with_its_settings(default: Library) -> None:
    for stack, title in (("health", "ProofAlarm"), ("marker", "MarkerAlarm")):
        properties = default[stack]["Resources"][title]["Properties"]
        settings = {
            key: value
            for key, value in properties.items()
            if key not in ("AlarmName", "AlarmDescription", "Namespace", "Dimensions", "AlarmActions", "OKActions")
        }
        assert properties["AlarmName"]["Fn::Sub"].endswith(settings_hash(settings)), "trap 29"


def test_alarms_and_dashboards_hold_no_literal_id(library: Library) -> None:
    for place, resource in resources(library, "AWS::CloudWatch::Alarm"):
        for dimension in resource["Properties"].get("Dimensions", []):
            assert isinstance(dimension["Value"], dict), place
    for place, resource in resources(library, "AWS::CloudWatch::Dashboard"):
        body = resource["Properties"]["DashboardBody"]
        widgets = json.loads(body["Fn::Sub"])["widgets"]
        assert widgets, place


def test_the_database_is_the_same_in_every_region_but_for_what_differs_at_birth(default: Library) -> None:
    template = default["database"]
    body = json.dumps(template["Resources"])
    assert body.count('"IsOrigin"') == 4  # the secret, the master user, its password, the database
    assert "IsOrigin" not in json.dumps({k: v for k, v in template["Resources"].items() if "Parameters" in k})


def test_no_template_is_larger_than_its_way_of_deployment_takes(library: Library) -> None:
    for stack in STACKS:
        size = len(text(library[stack.name]).encode())
        assert size <= (51_200 if stack.inline else 1_000_000), stack.name


def test_the_state_machine_gets_every_value_that_its_definition_asks_for(default: Library) -> None:
    machine = default["recovery"]["Resources"]["StateMachine"]["Properties"]
    asked = set(re.findall(r"\${(\w+)}", json.dumps(machine["Definition"])))
    assert asked == set(machine["DefinitionSubstitutions"])


def test_the_state_machine_may_do_every_call_of_its_definition(default: Library) -> None:
    recovery = default["recovery"]["Resources"]
    body = json.dumps(recovery["StateMachine"]["Properties"]["Definition"])
    asked = {
        "states:::lambda:invoke": "lambda:InvokeFunction",
        "states:::dynamodb:putItem": "dynamodb:PutItem",
        "states:::dynamodb:getItem": "dynamodb:GetItem",
        "states:::dynamodb:deleteItem": "dynamodb:DeleteItem",
        "states:::dynamodb:updateItem": "dynamodb:UpdateItem",
        "states:::sns:publish": "sns:Publish",
        "states:::aws-sdk:sfn:describeExecution": "states:DescribeExecution",
    }
    role = recovery["StateMachineRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    allowed = {action for statement in role for action in statement["Action"]}
    needed = {action for resource, action in asked.items() if f":{resource}" in body}
    machine_only = {action for action in allowed if action.split(":")[0] in ("lambda", "dynamodb", "sns", "states")}
    assert machine_only == needed
    resources_used = set(re.findall(r'"arn:aws:states:::([\w:-]+)', body))
    known = {key.removeprefix("states:::") for key in asked}
    assert {used.removesuffix(".waitForTaskToken") for used in resources_used} <= known
