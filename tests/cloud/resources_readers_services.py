"""How roles, keys, functions, topics, alarms are read back over their services' own APIs."""

from __future__ import annotations

from typing import Any

from tests.cloud.resources_reading import Properties, Record, document, picked, reader, upper


@reader("AWS::IAM::Role")
def _role(of: Record) -> Properties:
    iam = of.client("iam")
    found = iam.get_role(RoleName=of.id)["Role"]
    wanted = [each["PolicyName"] for each in of.wanted.get("Policies") or ()]
    held = iam.list_role_policies(RoleName=of.id)["PolicyNames"]
    policies = [picked(iam.get_role_policy(RoleName=of.id, PolicyName=name), "PolicyName", "PolicyDocument")
                for name in wanted if name in held]  # fmt: skip
    attached = iam.list_attached_role_policies(RoleName=of.id)["AttachedPolicies"]
    return {**found, "Policies": policies, "ManagedPolicyArns": [each["PolicyArn"] for each in attached]}


@reader("AWS::IAM::Policy")
def _inline(of: Record) -> Properties:
    name, roles = of.wanted["PolicyName"], of.wanted["Roles"]
    held = [of.client("iam").get_role_policy(RoleName=role, PolicyName=name) for role in roles]
    return {**held[0], "Roles": [each["RoleName"] for each in held]}


@reader("AWS::IAM::ManagedPolicy")
def _managed(of: Record) -> Properties:
    iam = of.client("iam")
    found = iam.get_policy(PolicyArn=of.id)["Policy"]
    version = iam.get_policy_version(PolicyArn=of.id, VersionId=found["DefaultVersionId"])["PolicyVersion"]
    said = picked(found, "Description", ManagedPolicyName="PolicyName")
    return {**said, "PolicyDocument": version["Document"]}


@reader("AWS::KMS::Key")
def _key(of: Record) -> Properties:
    kms = of.client("kms")
    return {
        **kms.describe_key(KeyId=of.id)["KeyMetadata"],
        "EnableKeyRotation": kms.get_key_rotation_status(KeyId=of.id)["KeyRotationEnabled"],
        "KeyPolicy": document(kms.get_key_policy(KeyId=of.id, PolicyName="default")["Policy"]),
    }


@reader("AWS::KMS::Alias")
def _alias(of: Record) -> Properties:
    held = of.client("kms").list_aliases()["Aliases"]
    return dict(next(each for each in held if each["AliasName"] == of.id))


@reader("AWS::SSM::Parameter")
def _parameter(of: Record) -> Properties:
    ssm = of.client("ssm")
    filters = [{"Key": "Name", "Values": [of.id]}]
    described = ssm.describe_parameters(ParameterFilters=filters)["Parameters"][0]
    return {**described, **ssm.get_parameter(Name=of.id)["Parameter"]}


@reader("AWS::DynamoDB::Table")
def _table(of: Record) -> Properties:
    client = of.client("dynamodb")
    found = client.describe_table(TableName=of.id)["Table"]
    ttl = client.describe_time_to_live(TableName=of.id)["TimeToLiveDescription"]
    recovery = client.describe_continuous_backups(TableName=of.id)["ContinuousBackupsDescription"]
    status = recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    sse = found.get("SSEDescription") or {}
    return {
        **found,
        "BillingMode": (found.get("BillingModeSummary") or {}).get("BillingMode"),
        "TimeToLiveSpecification": {**picked(ttl, "AttributeName"), "Enabled": ttl["TimeToLiveStatus"] == "ENABLED"},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": status == "ENABLED"},
        "SSESpecification": {
            "SSEEnabled": sse.get("Status") == "ENABLED",
            **picked(sse, "SSEType", KMSMasterKeyId="KMSMasterKeyArn"),
        },
    }


@reader("AWS::Logs::LogGroup")
def _log_group(of: Record) -> Properties:
    held = of.client("logs").describe_log_groups(logGroupNamePrefix=of.id)["logGroups"]
    found = next(each for each in held if each["logGroupName"] == of.id)
    return upper(found)  # type: ignore[no-any-return]


@reader("AWS::SNS::Topic")
def _topic(of: Record) -> Properties:
    found = of.client("sns").get_topic_attributes(TopicArn=of.id)["Attributes"]
    return {**found, "TopicName": found["TopicArn"].rpartition(":")[2]}


@reader("AWS::SNS::TopicPolicy")
def _topic_policy(of: Record) -> Properties:
    held = [of.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"] for arn in of.wanted["Topics"]]
    return {"Topics": [each["TopicArn"] for each in held], "PolicyDocument": document(held[0]["Policy"])}


@reader("AWS::SNS::Subscription")
def _topic_subscription(of: Record) -> Properties:
    sns, topic = of.client("sns"), of.wanted["TopicArn"]
    held = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    wanted = (of.wanted["Protocol"], of.wanted["Endpoint"])
    return dict(next(each for each in held if (each["Protocol"], each["Endpoint"]) == wanted))


@reader("AWS::Lambda::Function")
def _function(of: Record) -> Properties:
    client = of.client("lambda")
    found = client.get_function(FunctionName=of.id)
    place = found["Code"]["Location"]
    return {**found["Configuration"], "Code": {"Location": place}}


@reader("AWS::Lambda::EventInvokeConfig")
def _invoke_config(of: Record) -> Properties:
    name, qualifier = of.wanted["FunctionName"], of.wanted["Qualifier"]
    found = of.client("lambda").get_function_event_invoke_config(FunctionName=name, Qualifier=qualifier)
    parts = found["FunctionArn"].split(":")
    return {
        **picked(found, "MaximumRetryAttempts", MaximumEventAgeInSeconds="MaximumEventAgeInSeconds"),
        "FunctionName": parts[6],
        "Qualifier": parts[7] if len(parts) > 7 else "$LATEST",
    }


@reader("AWS::Lambda::Permission")
def _permission(of: Record) -> Properties:
    function = of.wanted["FunctionName"]
    policy = document(of.client("lambda").get_policy(FunctionName=function)["Policy"])
    wanted = of.wanted["Principal"]
    found = next(
        each for each in policy["Statement"] if wanted in (each["Principal"], each["Principal"].get("Service"))
    )
    condition = found.get("Condition") or {}
    return {
        "Action": found["Action"],
        "FunctionName": found["Resource"],
        "Principal": wanted,
        "SourceAccount": (condition.get("StringEquals") or {}).get("AWS:SourceAccount"),
        "SourceArn": (condition.get("ArnLike") or {}).get("AWS:SourceArn"),
    }


@reader("AWS::StepFunctions::StateMachine")
def _machine(of: Record) -> Properties:
    found = of.client("stepfunctions").describe_state_machine(stateMachineArn=of.id)
    said = picked(found, RoleArn="roleArn", StateMachineName="name", StateMachineType="type")
    definition = document(found["definition"])
    substitutions = {
        name: value for name, value in of.wanted["DefinitionSubstitutions"].items() if value in found["definition"]
    }
    return {
        **said,
        "Definition": _as_wanted(definition, of.wanted["Definition"], substitutions),
        "DefinitionSubstitutions": substitutions,
        "LoggingConfiguration": upper(found.get("loggingConfiguration") or {}),
        "TracingConfiguration": upper(found.get("tracingConfiguration") or {}),
    }


def _as_wanted(found: Any, wanted: Any, substitutions: dict[str, str]) -> Any:
    """Return the definition in the template's words wherever it is what these come to."""
    if isinstance(found, dict):
        known = wanted if isinstance(wanted, dict) else {}
        return {name: _as_wanted(each, known.get(name), substitutions) for name, each in found.items()}
    if isinstance(found, list):
        beside = wanted if isinstance(wanted, list) and len(wanted) == len(found) else [None] * len(found)
        return [_as_wanted(each, one, substitutions) for each, one in zip(found, beside, strict=True)]
    if not isinstance(wanted, str):
        return found
    filled = wanted
    for name, value in substitutions.items():
        filled = filled.replace(f"${{{name}}}", value)
    return wanted if filled == found else found


@reader("AWS::Scheduler::Schedule")
def _schedule(of: Record) -> Properties:
    return dict(of.client("scheduler").get_schedule(Name=of.wanted["Name"]))


@reader("AWS::CloudWatch::Alarm")
def _alarm(of: Record) -> Properties:
    return dict(of.client("cloudwatch").describe_alarms(AlarmNames=[of.id])["MetricAlarms"][0])


@reader("AWS::CloudWatch::CompositeAlarm")
def _composite(of: Record) -> Properties:
    found = of.client("cloudwatch").describe_alarms(AlarmNames=[of.id], AlarmTypes=["CompositeAlarm"])
    return dict(found["CompositeAlarms"][0])


@reader("AWS::CloudWatch::Dashboard")
def _dashboard(of: Record) -> Properties:
    found = of.client("cloudwatch").get_dashboard(DashboardName=of.id)
    return {**found, "DashboardBody": document(found["DashboardBody"])}
