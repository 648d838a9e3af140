"""What each function may do: one function here for each intent of the functions in ``lambda/``.

A test holds each function's ``CALLS`` against its role, so that a right that is not used, or a call that is
not allowed, does not get past the build.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from awacs import (
    awslambda,
    cloudwatch,
    dynamodb,
    ec2,
    kms,
    logs,
    rds,
    rds_db,
    route53,
    secretsmanager,
    sns,
    ssm,
    states,
    sts,
)
from awacs.aws import (
    Action,
    Allow,
    ArnEquals,
    Condition,
    Deny,
    ForAllValuesStringEquals,
    Null,
    Statement,
    StringEquals,
)
from troposphere import Ref, Sub

from generator import naming
from generator.inputs import DATA_REGIONS, KEY_ARN
from recovery import signals

_HERE = "${AWS::Region}:${AWS::AccountId}:"


def arn(service: str, resource: str, *, region: str = "${AWS::Region}") -> Sub:
    """Return an ARN in this account as ``Fn::Sub``."""
    return Sub(f"arn:${{AWS::Partition}}:{service}:{region}:${{AWS::AccountId}}:{resource}")


def _allow(sid: str, actions: Sequence[Action], resources: list[Any], *conditions: Any) -> Statement:
    more = {"Condition": Condition(list(conditions))} if conditions else {}
    return Statement(Sid=sid, Effect=Allow, Action=list(actions), Resource=resources, **more)


def _in_this_region() -> StringEquals:
    return StringEquals("aws:RequestedRegion", Ref("AWS::Region"))


def _in_data_regions() -> StringEquals:
    return StringEquals("aws:RequestedRegion", DATA_REGIONS.ref)


def write_logs(function: str) -> Statement:
    """Let a function write its own log group."""
    group = "log-group:/aws/lambda/" + naming.function(function).text() + ":*"
    return _allow("WriteLogs", [logs.CreateLogStream, logs.PutLogEvents], [arn("logs", group)])


def live_in_vpc(function: str) -> list[Statement]:
    """Let Lambda attach the function to the VPC, and deny the same to the function's own code.

    Lambda guide, "Giving Lambda functions access to resources in an Amazon VPC" (the permissions, checked
    without a resource when the function is made) and "Using source function ARN to control function access
    behavior" (the denial).
    """
    interfaces = [
        ec2.AssignPrivateIpAddresses,
        ec2.CreateNetworkInterface,
        ec2.DeleteNetworkInterface,
        ec2.DescribeNetworkInterfaces,
        ec2.DescribeSecurityGroups,
        ec2.DescribeSubnets,
        ec2.DescribeVpcs,
        ec2.UnassignPrivateIpAddresses,
    ]
    deny = Statement(
        Sid="DenyNetworkInterfacesToCode",
        Effect=Deny,
        Action=interfaces,
        Resource=["*"],
        Condition=Condition(
            ArnEquals("lambda:SourceFunctionArn", arn("lambda", "function:" + naming.function(function).text()))
        ),
    )
    return [_allow("ManageNetworkInterfaces", interfaces, ["*"], _in_this_region()), deny]


def use_key() -> Statement:
    """Let an identity decrypt with the region's key and make data keys from it."""
    return _allow("UseKey", [kms.Decrypt, kms.GenerateDataKey], [KEY_ARN.ref])


def publish_metrics() -> Statement:
    """Let a function publish metrics of this environment's namespace alone."""
    return _allow(
        "PublishMetrics",
        [cloudwatch.PutMetricData],
        ["*"],
        StringEquals("cloudwatch:namespace", Sub("DisasterRecovery/${Suffix}")),
    )


def read_metrics(region: str) -> Statement:
    """Let a function read metrics in one region."""
    return _allow("ReadMetrics", [cloudwatch.GetMetricData], ["*"], StringEquals("aws:RequestedRegion", region))


def state_table(*actions: Action) -> Statement:
    """Let a function use this region's state table.

    The table is encrypted with a key that DynamoDB owns: a caller needs the right to use a key of our own
    at every request (DynamoDB guide, "Authorizing use of a customer managed key"), which would put KMS on
    the path of every proof, and another region's KMS on the path of every vote.
    """
    return _allow("StateTable", list(actions), [arn("dynamodb", "table/" + naming.STATE_TABLE.text())])


def push_views() -> Statement:
    """Let a voter write what it saw into the state tables of the data regions, and no other kind of item."""
    return _allow(
        "PushViews",
        [dynamodb.PutItem],
        [arn("dynamodb", "table/" + naming.STATE_TABLE.text(region="*"), region="*")],
        _in_data_regions(),
        ForAllValuesStringEquals("dynamodb:LeadingKeys", [signals.VIEW]),
        Null("dynamodb:LeadingKeys", "false"),
    )


def sign_in_as_probe(users: list[Any]) -> Statement:
    """Let a function sign in to its own region's database as the probe's user, by IAM authentication."""
    return _allow("SignInAsProbe", [rds_db.connect], users)


def sign_in_elsewhere(users: Any) -> Statement:
    """Let a function sign in to the other data regions' databases as the probe's user; a list parameter."""
    return _allow("SignInElsewhere", [rds_db.connect], users)


def read_secret() -> Statement:
    """Let a function read the master credentials; the six characters are Secrets Manager's (trap 75)."""
    return _allow(
        "ReadSecret",
        [secretsmanager.GetSecretValue],
        [arn("secretsmanager", "secret:" + naming.DATABASE_SECRET.text() + "-??????")],
    )


def look_at_secret() -> Statement:
    """Let a function see whether the master credentials' replica is in sync, but not read them."""
    return _allow(
        "LookAtSecret",
        [secretsmanager.DescribeSecret],
        [arn("secretsmanager", "secret:" + naming.DATABASE_SECRET.text() + "-??????")],
    )


def tell_people() -> Statement:
    """Let a function publish to the region's topic."""
    return _allow("TellPeople", [sns.Publish], [arn("sns", naming.TOPIC.text())])


def read_health_parameter() -> Statement:
    """Let a function read which health check is this region's."""
    return _allow("ReadHealthParameter", [ssm.GetParameter], [arn("ssm", "parameter" + naming.HEALTH_PARAMETER.text())])


def describe_global_database(*, members: bool = True) -> Statement:
    """Let a function see the global cluster, and its members where asked, in the data regions.

    On ``*``, as AWS's own policy does (Application Recovery Controller guide, "Aurora Global Database
    execution block", and trap 103); bound to the regions of the environment.
    """
    calls = [rds.DescribeDBClusters, rds.DescribeGlobalClusters] if members else [rds.DescribeGlobalClusters]
    return _allow("DescribeGlobalDatabase", calls, ["*"], _in_data_regions())


def promote() -> Statement:
    """Let a function switch over and fail over this environment's global cluster.

    Both verbs are checked against the global cluster (whose ARN has no region) and the members (trap 103).
    """
    return _allow(
        "Promote",
        [rds.FailoverGlobalCluster, rds.SwitchoverGlobalCluster],
        [
            Sub("arn:${AWS::Partition}:rds::${AWS::AccountId}:global-cluster:" + naming.GLOBAL_CLUSTER.text()),
            arn("rds", "cluster:" + naming.CLUSTER.text(region="*"), region="*"),
        ],
    )


def assume_partners_fence() -> Statement:
    """Let the recovery role assume the fence roles of the environment's regions, and nothing else.

    The other end (:func:`generator.policies.trust.fence`) checks who asks.
    """
    return _allow(
        "AssumePartnersFence",
        [sts.AssumeRole],
        [Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/" + naming.FENCE_ROLE.text(region="*"))],
        StringEquals("aws:ResourceAccount", Ref("AWS::AccountId")),
    )


def close_data_subnets(network_acl: Any) -> list[Statement]:
    """Let the fence role close the data subnets' network ACL, and open it again.

    Revoking a security group's rule would leave open connections alive; a network ACL keeps no state
    (trap 49b).
    """
    acl = Sub("arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:network-acl/${Acl}", Acl=network_acl)
    return [_allow("CloseDataSubnets", [ec2.CreateNetworkAclEntry, ec2.DeleteNetworkAclEntry], [acl])]


def start_recovery() -> list[Statement]:
    """Let a function start the region's state machine, and see what became of an execution."""
    machine = naming.STATE_MACHINE.text()
    return [
        _allow("StartRecovery", [states.StartExecution], [arn("states", f"stateMachine:{machine}")]),
        _allow("LookAtExecutions", [states.DescribeExecution], [arn("states", f"execution:{machine}:*")]),
    ]


def look_at_recovery() -> Statement:
    """Let a function read the state machine's definition."""
    return _allow(
        "LookAtRecovery", [states.DescribeStateMachine], [arn("states", "stateMachine:" + naming.STATE_MACHINE.text())]
    )


def invoke(*functions: str) -> Statement:
    """Let an identity invoke these functions, by name or through any version."""
    arns = [arn("lambda", "function:" + naming.function(name).text()) for name in functions]
    return _allow("Invoke", [awslambda.InvokeFunction], [*arns])


def list_subscriptions() -> Statement:
    """Let a function see whether everybody has confirmed the topic (trap 49f)."""
    return _allow("ListSubscriptions", [sns.ListSubscriptionsByTopic], [arn("sns", naming.TOPIC.text())])


def read_zone() -> list[Statement]:
    """Let a function see that the zone's records carry health checks and that these are on."""
    zone_parameter = arn("ssm", "parameter" + naming.ZONE_PARAMETER.text(), region="${DnsRegion}")
    return [
        _allow("ReadZoneParameter", [ssm.GetParameter], [zone_parameter]),
        _allow(
            "ReadHealthChecks",
            [route53.GetHealthCheck, route53.ListResourceRecordSets],
            ["*"],
            StringEquals("aws:PrincipalAccount", Ref("AWS::AccountId")),
        ),
    ]
