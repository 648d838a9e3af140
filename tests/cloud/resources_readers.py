"""How backups, an endpoint and buckets are read back; with it come the readers of all other types."""

from __future__ import annotations

from urllib.parse import unquote

from tests.cloud import resources_readers_data, resources_readers_network, resources_readers_services
from tests.cloud.resources_reading import READERS, Properties, Record, document, picked, reader, upper

OTHERS = (resources_readers_data, resources_readers_network, resources_readers_services)
"""They fill ``READERS`` when they are imported."""

__all__ = ["OTHERS", "READERS"]


@reader("AWS::Backup::BackupVault")
def _vault(of: Record) -> Properties:
    found = of.client("backup").describe_backup_vault(BackupVaultName=of.id)
    lock = picked(found, "MinRetentionDays", "MaxRetentionDays") if found.get("Locked") else {}
    return {**found, "LockConfiguration": lock}


@reader("AWS::Backup::BackupPlan")
def _plan(of: Record) -> Properties:
    found = of.client("backup").get_backup_plan(BackupPlanId=of.id)["BackupPlan"]
    rules = [{**each, **picked(each, TargetBackupVault="TargetBackupVaultName")} for each in found["Rules"]]
    return {"BackupPlan": {**found, "BackupPlanRule": rules}}


@reader("AWS::Backup::BackupSelection")
def _selection(of: Record) -> Properties:
    return dict(of.client("backup").get_backup_selection(BackupPlanId=of.wanted["BackupPlanId"], SelectionId=of.id))


@reader("AWS::ApiGateway::RestApi")
def _api(of: Record) -> Properties:
    found = of.client("apigateway").get_rest_api(restApiId=of.id)
    said = upper(picked(found, "name", "description", "endpointConfiguration"))
    policy = found.get("policy")
    return (
        {**said, **({"Policy": document(policy.replace("\\", "")) if isinstance(policy, str) else policy})}
        if policy
        else said
    )


@reader("AWS::ApiGateway::Resource")
def _api_resource(of: Record) -> Properties:
    api = of.wanted["RestApiId"]
    return {"RestApiId": api, **upper(of.client("apigateway").get_resource(restApiId=api, resourceId=of.id))}


@reader("AWS::ApiGateway::Method")
def _api_method(of: Record) -> Properties:
    keys = {"restApiId": of.wanted["RestApiId"], "resourceId": of.wanted["ResourceId"]}
    found = of.client("apigateway").get_method(**keys, httpMethod=of.wanted["HttpMethod"])
    integration = upper(found["methodIntegration"])
    integration["IntegrationHttpMethod"] = integration.get("HttpMethod")
    integration["RequestTemplates"] = found["methodIntegration"].get("requestTemplates")
    integration["IntegrationResponses"] = [
        {**upper(each), "ResponseTemplates": each.get("responseTemplates")}
        for each in found["methodIntegration"].get("integrationResponses", {}).values()
    ]
    return {
        **picked(of.wanted, "RestApiId", "ResourceId"),
        **upper(picked(found, "httpMethod", "authorizationType")),
        "Integration": integration,
        "MethodResponses": [upper(each) for each in found.get("methodResponses", {}).values()],
    }


@reader("AWS::ApiGateway::Deployment")
def _api_deployment(of: Record) -> Properties:
    api = of.wanted["RestApiId"]
    of.client("apigateway").get_deployment(restApiId=api, deploymentId=of.id)
    return {"RestApiId": api}


@reader("AWS::ApiGateway::Stage")
def _api_stage(of: Record) -> Properties:
    api, name = of.wanted["RestApiId"], of.wanted["StageName"]
    found = of.client("apigateway").get_stage(restApiId=api, stageName=name)
    settings = [
        {"ResourcePath": "/" + path.rpartition("/")[0].lstrip("/"), "HttpMethod": path.rpartition("/")[2],
         **picked(each, ThrottlingRateLimit="throttlingRateLimit", ThrottlingBurstLimit="throttlingBurstLimit")}
        for path, each in found.get("methodSettings", {}).items()
    ]  # fmt: skip
    return {
        "RestApiId": api,
        **upper(picked(found, "deploymentId", "stageName", "tracingEnabled")),
        "MethodSettings": settings,
    }


@reader("AWS::S3::Bucket")
def _bucket(of: Record) -> Properties:
    s3 = of.client("s3")
    said: Properties = {"BucketName": of.id}
    encryption = s3.get_bucket_encryption(Bucket=of.id)["ServerSideEncryptionConfiguration"]["Rules"]
    said["BucketEncryption"] = {
        "ServerSideEncryptionConfiguration": [
            {**each, "ServerSideEncryptionByDefault": each["ApplyServerSideEncryptionByDefault"]} for each in encryption
        ]
    }
    said["VersioningConfiguration"] = s3.get_bucket_versioning(Bucket=of.id)
    said["PublicAccessBlockConfiguration"] = s3.get_public_access_block(Bucket=of.id)["PublicAccessBlockConfiguration"]
    said["OwnershipControls"] = s3.get_bucket_ownership_controls(Bucket=of.id)["OwnershipControls"]
    rules = s3.get_bucket_lifecycle_configuration(Bucket=of.id)["Rules"]
    said["LifecycleConfiguration"] = {
        "Rules": [{**each, **picked(each, Id="ID"), **picked(each.get("Expiration") or {}, ExpirationInDays="Days")}
                  for each in rules]
    }  # fmt: skip
    logging = s3.get_bucket_logging(Bucket=of.id).get("LoggingEnabled")
    if logging:
        said["LoggingConfiguration"] = picked(
            logging, DestinationBucketName="TargetBucket", LogFilePrefix="TargetPrefix"
        )
    if "ReplicationConfiguration" in of.wanted:
        replication = s3.get_bucket_replication(Bucket=of.id)["ReplicationConfiguration"]
        replicated = [{**each, **picked(each, Id="ID")} for each in replication["Rules"]]
        said["ReplicationConfiguration"] = {**replication, "Rules": replicated}
    return said


@reader("AWS::S3::BucketPolicy")
def _bucket_policy(of: Record) -> Properties:
    bucket = of.wanted["Bucket"]
    text = of.client("s3").get_bucket_policy(Bucket=bucket)["Policy"]
    return {"Bucket": bucket, "PolicyDocument": document(unquote(text) if text.startswith("%") else text)}
