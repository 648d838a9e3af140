"""What AWS refuses, the local cloud refuses: the traps that deploy green elsewhere and fail on the day."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.cloud.resources_server import served
from tests.cloud.resources_small import ACCOUNT, HERE, THERE, Cloud, Resources, code


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with served(tmp_path_factory.mktemp("cloud")) as url:
        yield Cloud(url)


def alarm(name: str, **more: Any) -> Resources:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": name, "Namespace": "N", "MetricName": "M", "Statistic": "Sum", "Period": 60,
            "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold", **more,
        },
    }  # fmt: skip


def check(name: str, region: str = HERE) -> Resources:
    config = {"Type": "CLOUDWATCH_METRIC", "AlarmIdentifier": {"Name": name, "Region": region}}
    return {"Type": "AWS::Route53::HealthCheck", "Properties": {"HealthCheckConfig": config}}


def test_a_property_that_the_type_does_not_have_is_refused(cloud: Cloud) -> None:
    reason = cloud.refused({"A": {"Type": "AWS::SNS::Topic", "Properties": {"Colour": "red"}}})
    assert "extraneous key [Colour]" in reason


def test_a_nested_property_that_the_type_does_not_have_is_refused(cloud: Cloud) -> None:
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"VersioningConfiguration": {"Status": "Enabled", "Colour": 1}}}
    assert "extraneous key [Colour]" in cloud.refused({"A": bucket})


def test_a_missing_property_is_refused(cloud: Cloud) -> None:
    assert "required key [AlarmRule]" in cloud.refused({"A": {"Type": "AWS::CloudWatch::CompositeAlarm"}})


def test_a_type_that_is_not_known_is_refused(cloud: Cloud) -> None:
    assert code(lambda: cloud.stack({"A": {"Type": "AWS::Nowhere::Thing"}})) == "ValidationError"


def test_a_health_check_on_an_alarm_that_is_not_there_is_refused(cloud: Cloud) -> None:
    cloud.made({"A": alarm("only-there")}, THERE)
    assert "does not exist in eu-west-1" in cloud.refused({"C": check("only-there", HERE)})
    cloud.made({"C": check("only-there", THERE)})


@pytest.mark.parametrize("more", [{"DatapointsToAlarm": 1, "EvaluationPeriods": 3}, {"Period": 10}])
def test_an_alarm_that_route_53_cannot_follow_is_refused(cloud: Cloud, more: Resources) -> None:
    name = f"a{uuid4().hex[:8]}"
    cloud.made({"A": alarm(name, **more)})
    assert "Route 53 does not support" in cloud.refused({"C": check(name)})


def test_a_calculated_check_needs_children_that_are_there(cloud: Cloud) -> None:
    config = {"Type": "CALCULATED", "HealthThreshold": 1, "ChildHealthChecks": ["nobody"]}
    reason = cloud.refused({"C": {"Type": "AWS::Route53::HealthCheck", "Properties": {"HealthCheckConfig": config}}})
    assert "child health check nobody does not exist" in reason


def test_an_alarm_action_of_another_region_is_refused(cloud: Cloud) -> None:
    reason = cloud.refused({"A": alarm("x", AlarmActions=[f"arn:aws:sns:{THERE}:{ACCOUNT}:t"])})
    assert f"Only {HERE} is supported" in reason


@pytest.mark.parametrize(
    "kind, properties",
    [
        ("AWS::IAM::Role", {"RoleName": "twice", "AssumeRolePolicyDocument": {"Statement": []}}),
        ("AWS::Logs::LogGroup", {"LogGroupName": "/twice"}),
        ("AWS::SNS::Topic", {"TopicName": "twice"}),
        ("AWS::SSM::Parameter", {"Name": "/twice", "Type": "String", "Value": "x"}),
        ("AWS::Backup::BackupVault", {"BackupVaultName": "twice"}),
        ("AWS::RDS::GlobalCluster", {"GlobalClusterIdentifier": "twice", "Engine": "aurora-postgresql"}),
        ("AWS::CloudWatch::Dashboard", {"DashboardName": "twice", "DashboardBody": '{"widgets": []}'}),
        ("AWS::SecretsManager::Secret", {"Name": "twice", "SecretString": "x"}),
    ],
)  # fmt: skip
def test_a_name_that_is_taken_is_refused(cloud: Cloud, kind: str, properties: Resources) -> None:
    cloud.made({"A": {"Type": kind, "Properties": properties}})
    assert "exist" in cloud.refused({"A": {"Type": kind, "Properties": properties}})


def zone(cloud: Cloud) -> str:
    made = cloud.client("route53").create_hosted_zone(Name="z.example", CallerReference=uuid4().hex)
    return str(made["HostedZone"]["Id"].rpartition("/")[2])


def records(zone: str, *sets: Resources) -> Resources:
    properties = {"HostedZoneId": zone, "RecordSets": list(sets)}
    return {"R": {"Type": "AWS::Route53::RecordSetGroup", "Properties": properties}}


def record(**more: Any) -> Resources:
    return {"Name": "n.z.example", "Type": "CNAME", "TTL": "5", "ResourceRecords": ["a.example"], **more}


@pytest.mark.parametrize(
    "sets, said",
    [
        ([record(Failover="PRIMARY", SetIdentifier="1")], "needs a health check"),
        ([record(Failover="SECONDARY", SetIdentifier="1"), record(Failover="SECONDARY", SetIdentifier="2")],
         "more than one SECONDARY"),
        ([record(Failover="SECONDARY", SetIdentifier="1"), record(Weight=1, SetIdentifier="2")],
         "different routing policies"),
        ([record(Name="z.example")], "not permitted"),
        ([record(Name="n.other.example")], "not permitted in zone"),
        ([record(Weight=1)], "SetIdentifier"),
        ([record(Weight=1, SetIdentifier="1", HealthCheckId="nobody")], "no health check exists"),
        ([{"Name": "n.z.example", "Type": "A", "TTL": "5",
           "AliasTarget": {"DNSName": "x.example", "HostedZoneId": "Z1"}}], "an alias has neither"),
    ],
)  # fmt: skip
def test_records_that_cannot_stand_together_are_refused(cloud: Cloud, sets: list[Resources], said: str) -> None:
    held = zone(cloud)
    assert said in cloud.refused(records(held, *sets))
    left = cloud.client("route53").list_resource_record_sets(HostedZoneId=held)["ResourceRecordSets"]
    assert {each["Type"] for each in left} == {"NS", "SOA"}, "a batch is all or nothing"


def test_a_zone_with_records_left_is_not_deleted(cloud: Cloud) -> None:
    held = zone(cloud)
    cloud.made(records(held, record()))
    assert code(lambda: cloud.client("route53").delete_hosted_zone(Id=held)) == "HostedZoneNotEmpty"


def secret(cloud: Cloud, key: str) -> tuple[Any, str]:
    client = cloud.client("secretsmanager")
    replicas = [{"Region": THERE, "KmsKeyId": key}]
    properties = {"Name": uuid4().hex, "SecretString": "s", "ReplicaRegions": replicas}
    name = cloud.made({"S": {"Type": "AWS::SecretsManager::Secret", "Properties": properties}})
    resources = cloud.client("cloudformation").describe_stack_resources(StackName=name)["StackResources"]
    return client, str(resources[0]["PhysicalResourceId"])


def test_a_secret_with_replicas_is_not_deleted_by_its_api(cloud: Cloud) -> None:
    client, arn = secret(cloud, cloud.key(THERE))
    there = cloud.client("secretsmanager", THERE)
    assert there.get_secret_value(SecretId=arn.replace(HERE, THERE))["SecretString"] == "s"
    assert code(lambda: client.delete_secret(SecretId=arn)) == "InvalidParameterException"
    client.remove_regions_from_replication(SecretId=arn, RemoveReplicaRegions=[THERE])
    assert code(lambda: there.describe_secret(SecretId=arn.replace(HERE, THERE))) == "ResourceNotFoundException"
    client.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)


def test_a_replica_whose_key_is_wrong_is_not_in_sync_and_the_stack_is_complete(cloud: Cloud) -> None:
    client, arn = secret(cloud, f"arn:aws:kms:{THERE}:{ACCOUNT}:key/nobody")
    assert [each["Status"] for each in client.describe_secret(SecretId=arn)["ReplicationStatus"]] == ["Failed"]
    there = cloud.client("secretsmanager", THERE)
    assert code(lambda: there.get_secret_value(SecretId=arn.replace(HERE, THERE))) == "ResourceNotFoundException"


def bucket_with_replication(destination: str) -> Resources:
    rule = {"Id": "r", "Status": "Enabled", "Priority": 1, "Filter": {"Prefix": ""},
            "DeleteMarkerReplication": {"Status": "Disabled"},
            "Destination": {"Bucket": f"arn:aws:s3:::{destination}"}}  # fmt: skip
    properties = {
        "VersioningConfiguration": {"Status": "Enabled"},
        "ReplicationConfiguration": {"Role": f"arn:aws:iam::{ACCOUNT}:role/r", "Rules": [rule]},
    }
    return {"B": {"Type": "AWS::S3::Bucket", "Properties": properties}}


def test_replication_waits_for_a_destination_that_keeps_versions(cloud: Cloud) -> None:
    name = f"to-{uuid4().hex[:8]}"
    assert "Destination bucket must exist" in cloud.refused(bucket_with_replication(name))
    cloud.made({"D": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}}, THERE)
    assert "must have versioning enabled" in cloud.refused(bucket_with_replication(name))


def test_a_parameter_that_names_no_vpc_of_the_region_is_refused(cloud: Cloud) -> None:
    there = cloud.client("ec2", THERE).create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    parameters = {"V": {"Type": "AWS::EC2::VPC::Id", "Default": there}}
    table = {"T": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": {"Ref": "V"}}}}
    assert code(lambda: cloud.stack(table, Parameters=parameters)) == "ValidationError"
    assert cloud.made(table, THERE, Parameters=parameters)


def test_a_peering_shows_in_both_regions_and_needs_the_others_region(cloud: Cloud) -> None:
    own = cloud.client("ec2").create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    other = cloud.client("ec2", THERE).create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    properties = {"VpcId": own, "PeerVpcId": other}
    kind = "AWS::EC2::VPCPeeringConnection"
    assert "does not exist in eu-west-1" in cloud.refused({"P": {"Type": kind, "Properties": properties}})
    cloud.made({"P": {"Type": kind, "Properties": {**properties, "PeerRegion": THERE}}})
    for region in (HERE, THERE):
        held = cloud.client("ec2", region).describe_vpc_peering_connections(
            Filters=[{"Name": "accepter-vpc-info.vpc-id", "Values": [other]}]
        )["VpcPeeringConnections"]
        assert [each["Status"]["Code"] for each in held] == ["active"]
        assert held[0]["AccepterVpcInfo"]["CidrBlock"] == "10.2.0.0/16"


def test_a_rule_that_is_there_already_is_refused(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.3.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName=uuid4().hex, Description="d", VpcId=vpc)["GroupId"]
    properties = {"GroupId": group, "IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "CidrIp": "10.0.0.0/8"}
    rule = {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": properties}
    cloud.made({"R": rule})
    assert "already exists" in cloud.refused({"R": rule})


def test_a_function_needs_a_role_that_lambda_may_assume_and_a_package_in_its_own_region(cloud: Cloud) -> None:
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
             "Principal": {"Service": "lambda.amazonaws.com"}}]}  # fmt: skip
    cloud.client("iam").create_role(RoleName="functions", AssumeRolePolicyDocument=json.dumps(trust))
    s3, bucket = cloud.client("s3", THERE), f"code-{uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": THERE})
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")

    def function(role: str, key: str = "k") -> Resources:
        properties = {"Role": f"arn:aws:iam::{ACCOUNT}:role/{role}", "Handler": "a.b", "Runtime": "python3.13",
                      "Code": {"S3Bucket": bucket, "S3Key": key}}  # fmt: skip
        return {"F": {"Type": "AWS::Lambda::Function", "Properties": properties}}

    assert "cannot be assumed by Lambda" in cloud.refused(function("nobody"), THERE)
    assert "NoSuchKey" in cloud.refused(function("functions", "other"), THERE)
    assert "PermanentRedirect" in cloud.refused(function("functions"))
    cloud.made(function("functions"), THERE)


def test_a_subscription_needs_a_topic_that_rds_may_publish_to(cloud: Cloud) -> None:
    topic = cloud.client("sns").create_topic(Name=uuid4().hex)["TopicArn"]
    events = {"E": {"Type": "AWS::RDS::EventSubscription", "Properties": {"SnsTopicArn": topic}}}
    assert "SNSNoAuthorization" in cloud.refused(events)
    policy = {"Statement": [{"Effect": "Allow", "Action": "sns:Publish", "Resource": topic,
              "Principal": {"Service": "events.rds.amazonaws.com"}}]}  # fmt: skip
    cloud.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(policy))
    cloud.made(events)
