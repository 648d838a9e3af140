"""How databases, secrets and names are read back over their services' own APIs."""

from __future__ import annotations

from typing import Any

from tests.cloud.resources_reading import Properties, Record, document, named_tags, picked, reader


@reader("AWS::RDS::GlobalCluster")
def _global_cluster(of: Record) -> Properties:
    return dict(of.client("rds").describe_global_clusters(GlobalClusterIdentifier=of.id)["GlobalClusters"][0])


@reader("AWS::RDS::DBCluster")
def _cluster(of: Record) -> Properties:
    found = of.client("rds").describe_db_clusters(DBClusterIdentifier=of.id)["DBClusters"][0]
    groups = of.client("rds").describe_global_clusters()["GlobalClusters"]
    member = [g for g in groups if any(m["DBClusterArn"] == found["DBClusterArn"] for m in g["GlobalClusterMembers"])]
    renamed = {
        "DBClusterParameterGroupName": "DBClusterParameterGroup",
        "DBSubnetGroupName": "DBSubnetGroup",
        "EnableCloudwatchLogsExports": "EnabledCloudwatchLogsExports",
        "EnableIAMDatabaseAuthentication": "IAMDatabaseAuthenticationEnabled",
        "PerformanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
    }
    return {
        **found,
        **picked(found, **renamed),
        "GlobalClusterIdentifier": member[0]["GlobalClusterIdentifier"] if member else None,
        "VpcSecurityGroupIds": [each["VpcSecurityGroupId"] for each in found["VpcSecurityGroups"]],
    }


@reader("AWS::RDS::DBInstance")
def _instance(of: Record) -> Properties:
    found = of.client("rds").describe_db_instances(DBInstanceIdentifier=of.id)["DBInstances"][0]
    return {**found, "DBParameterGroupName": found["DBParameterGroups"][0]["DBParameterGroupName"]}


@reader("AWS::RDS::DBSubnetGroup")
def _subnet_group(of: Record) -> Properties:
    found = of.client("rds").describe_db_subnet_groups(DBSubnetGroupName=of.id)["DBSubnetGroups"][0]
    return {**found, "SubnetIds": [each["SubnetIdentifier"] for each in found["Subnets"]]}


@reader("AWS::RDS::DBParameterGroup")
def _parameters(of: Record) -> Properties:
    rds = of.client("rds")
    found = rds.describe_db_parameter_groups(DBParameterGroupName=of.id)["DBParameterGroups"][0]
    pages = rds.get_paginator("describe_db_parameters").paginate(DBParameterGroupName=of.id, Source="user")
    return {**picked(found, "DBParameterGroupName", "Description", Family="DBParameterGroupFamily"), **_values(pages)}


@reader("AWS::RDS::DBClusterParameterGroup")
def _cluster_parameters(of: Record) -> Properties:
    rds = of.client("rds")
    found = rds.describe_db_cluster_parameter_groups(DBClusterParameterGroupName=of.id)["DBClusterParameterGroups"][0]
    pages = rds.get_paginator("describe_db_cluster_parameters").paginate(
        DBClusterParameterGroupName=of.id, Source="user"
    )
    names = ("DBClusterParameterGroupName", "Description")
    return {**picked(found, *names, Family="DBParameterGroupFamily"), **_values(pages)}


def _values(pages: Any) -> Properties:
    held = [each for page in pages for each in page["Parameters"]]
    return {"Parameters": {each["ParameterName"]: each["ParameterValue"] for each in held if "ParameterValue" in each}}


@reader("AWS::RDS::EventSubscription")
def _subscription(of: Record) -> Properties:
    found = of.client("rds").describe_event_subscriptions(SubscriptionName=of.id)["EventSubscriptionsList"][0]
    renamed = {"SubscriptionName": "CustSubscriptionId", "SourceIds": "SourceIdsList",
               "EventCategories": "EventCategoriesList"}  # fmt: skip
    return {**found, **picked(found, **renamed)}


@reader("AWS::SecretsManager::Secret")
def _secret(of: Record) -> Properties:
    client = of.client("secretsmanager")
    found = client.describe_secret(SecretId=of.id)
    value = document(client.get_secret_value(SecretId=of.id)["SecretString"])
    wanted = of.wanted["GenerateSecretString"]
    password = value.pop(wanted["GenerateStringKey"])
    forbidden = wanted["ExcludeCharacters"]
    generated = {
        "SecretStringTemplate": value,
        "GenerateStringKey": wanted["GenerateStringKey"],
        "PasswordLength": len(password),
        "ExcludeCharacters": "".join(each for each in forbidden if each not in password),
    }
    replicas = [picked(each, "Region", "KmsKeyId") for each in found.get("ReplicationStatus") or ()]
    return {**found, "GenerateSecretString": generated, "ReplicaRegions": replicas}


@reader("AWS::Route53::HostedZone")
def _zone(of: Record) -> Properties:
    found = of.client("route53").get_hosted_zone(Id=of.id)
    zone = found["HostedZone"]
    vpcs = [picked(each, "VPCId", "VPCRegion") for each in found.get("VPCs") or ()]
    return {"Name": zone["Name"].rstrip("."), "HostedZoneConfig": zone.get("Config"), "VPCs": vpcs}


@reader("AWS::Route53::HealthCheck")
def _check(of: Record) -> Properties:
    client = of.client("route53")
    tags = client.list_tags_for_resource(ResourceType="healthcheck", ResourceId=of.id)["ResourceTagSet"]["Tags"]
    found = client.get_health_check(HealthCheckId=of.id)["HealthCheck"]
    return {**found, **named_tags(tags, of.wanted, "HealthCheckTags")}


@reader("AWS::Route53::RecordSetGroup")
def _records(of: Record) -> Properties:
    zone = of.wanted["HostedZoneId"]
    held = of.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    by_key = {(each["Name"].rstrip("."), each["Type"], each.get("SetIdentifier")): each for each in held}
    found = [by_key[each["Name"], each["Type"], each.get("SetIdentifier")] for each in of.wanted["RecordSets"]]
    records = [
        {**each, "Name": each["Name"].rstrip("."), "ResourceRecords": [one["Value"] for one in each["ResourceRecords"]]}
        for each in found
    ]
    return {"HostedZoneId": zone, "RecordSets": records}
