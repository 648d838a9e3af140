"""The region's VPC: two tiers of private subnets, endpoints instead of NAT, and groups that name groups.

Nothing here reaches the internet, and nothing from the internet reaches in: there is no internet gateway
and no NAT gateway (trap B4). A function in these subnets reaches its own region's services that have an
endpoint, its database, and what is peered; nothing else (trap 71). The data tier has a network ACL of its
own, open to PostgreSQL, which a fence closes on the day: closing a security group would leave open
connections alive (trap 49b).
"""

from __future__ import annotations

from typing import Any

from awacs.aws import PolicyDocument
from troposphere import GetAtt, If, Join, NoValue, Ref, Sub, Tags, Template
from troposphere.ec2 import (
    VPC,
    FlowLog,
    NetworkAcl,
    NetworkAclEntry,
    PortRange,
    RouteTable,
    SecurityGroup,
    SecurityGroupEgress,
    SecurityGroupIngress,
    SecurityGroupRule,
    Subnet,
    SubnetNetworkAclAssociation,
    SubnetRouteTableAssociation,
    VPCEndpoint,
)
from troposphere.iam import Policy, Role
from troposphere.logs import LogGroup

from generator import naming
from generator.inputs import (
    AVAILABILITY_ZONES,
    COMPUTE_RANGES,
    DATA_RANGES,
    DYNAMODB_PREFIX_LIST,
    KEY_ARN,
    LOG_DAYS,
    S3_PREFIX_LIST,
    SUFFIX,
    VPC_RANGE,
)
from generator.policies import endpoints, services, trust
from generator.policies.wildcards import reasons
from generator.shape import Shape
from generator.slots import ZONES, Slots
from generator.stacks._template import outputs, template

POSTGRESQL = 5432
_HTTPS = 443
_ZONES = Slots("Zones", ZONES, required=2)
_OWN_SERVICES = ("monitoring", "secretsmanager")
_NO_EGRESS = SecurityGroupRule(
    IpProtocol="-1",
    CidrIp="127.0.0.1/32",
    Description="Nowhere: a group without a rule would be given one to everywhere.",
)


def build(shape: Shape) -> Template:
    """Return the template ``network``."""
    result = template(
        "Private subnets in two tiers, endpoints, security groups and flow logs.",
        (
            SUFFIX, VPC_RANGE, AVAILABILITY_ZONES, COMPUTE_RANGES, DATA_RANGES, S3_PREFIX_LIST, DYNAMODB_PREFIX_LIST,
            KEY_ARN, LOG_DAYS,
        ),
    )  # fmt: skip
    _ZONES.declare(result)
    result.add_resource(_vpc())
    for tier, ranges in (("Compute", COMPUTE_RANGES.name), ("Data", DATA_RANGES.name)):
        result.add_resource(_route_table(tier))
        for index in range(ZONES):
            for resource in _subnet(tier, Slots(ranges, ZONES, required=2), index):
                result.add_resource(resource)
    for resource in (*_data_acl(), *_groups(), *_gateway_endpoints(shape), *_flow_logs()):
        result.add_resource(resource)
    for service in dict.fromkeys((*_OWN_SERVICES, *shape.interface_endpoints)):
        result.add_resource(_interface_endpoint(service))
    _outputs(result)
    return result


def _vpc() -> VPC:
    return VPC(
        "Vpc",
        CidrBlock=VPC_RANGE.ref,
        EnableDnsHostnames=True,
        EnableDnsSupport=True,
        Tags=Tags(Name=Sub("dr-${Suffix}")),
    )


def _route_table(tier: str) -> RouteTable:
    return RouteTable(f"{tier}Routes", VpcId=Ref("Vpc"), Tags=Tags(Name=Sub(f"dr-${{Suffix}}-{tier.lower()}")))


def _subnet(tier: str, ranges: Slots, index: int) -> list[Any]:
    """Return one zone's subnet of a tier with its associations; the third zone is there where it is given."""
    title = f"{tier}Subnet{index + 1}"
    optional = {} if index < _ZONES.required else {"Condition": _ZONES.condition(index)}
    parts: list[Any] = [
        Subnet(
            title,
            VpcId=Ref("Vpc"),
            AvailabilityZone=_ZONES.value(index),
            CidrBlock=ranges.value(index),
            MapPublicIpOnLaunch=False,
            Tags=Tags(Name=Sub(f"dr-${{Suffix}}-{tier.lower()}-{index + 1}")),
            **optional,
        ),
        SubnetRouteTableAssociation(
            f"{title}Routes", SubnetId=Ref(title), RouteTableId=Ref(f"{tier}Routes"), **optional
        ),
    ]
    if tier == "Data":
        parts.append(
            SubnetNetworkAclAssociation(f"{title}Acl", SubnetId=Ref(title), NetworkAclId=Ref("DataAcl"), **optional)
        )
    return parts


def _data_acl() -> list[Any]:
    """Return the data tier's network ACL: PostgreSQL in, answers out. Who may is the security group's matter.

    Entry 1 is left free: there the fence puts its refusal, and lower numbers are looked at first (VPC guide,
    "Network ACL rules").
    """
    return [
        NetworkAcl("DataAcl", VpcId=Ref("Vpc"), Tags=Tags(Name=Sub("dr-${Suffix}-data"))),
        NetworkAclEntry(
            "DataAclIn",
            NetworkAclId=Ref("DataAcl"),
            RuleNumber=100,
            RuleAction="allow",
            Protocol=6,
            CidrBlock="0.0.0.0/0",
            PortRange=PortRange(From=POSTGRESQL, To=POSTGRESQL),
        ),
        NetworkAclEntry(
            "DataAclOut",
            NetworkAclId=Ref("DataAcl"),
            RuleNumber=100,
            RuleAction="allow",
            Protocol=6,
            Egress=True,
            CidrBlock="0.0.0.0/0",
            PortRange=PortRange(From=1024, To=65535),
        ),
    ]


def _groups() -> list[Any]:
    """Return the security groups: clients reach the database and the endpoints, each named by group (trap B7)."""
    return [
        SecurityGroup(
            "DatabaseGroup",
            VpcId=Ref("Vpc"),
            GroupDescription="The database: PostgreSQL from clients.",
            SecurityGroupEgress=[_NO_EGRESS],
            Tags=Tags(Name=Sub("dr-${Suffix}-database")),
        ),
        SecurityGroup(
            "EndpointGroup",
            VpcId=Ref("Vpc"),
            GroupDescription="The interface endpoints: HTTPS from clients.",
            SecurityGroupEgress=[_NO_EGRESS],
            Tags=Tags(Name=Sub("dr-${Suffix}-endpoints")),
        ),
        SecurityGroup(
            "ClientGroup",
            VpcId=Ref("Vpc"),
            GroupDescription="What connects to the database: functions and applications.",
            SecurityGroupEgress=[
                _to_prefix_list(S3_PREFIX_LIST.ref, "S3, through its gateway endpoint."),
                _to_prefix_list(DYNAMODB_PREFIX_LIST.ref, "DynamoDB, through its gateway endpoint."),
            ],
            Tags=Tags(Name=Sub("dr-${Suffix}-clients")),
        ),
        *_between("Database", POSTGRESQL),
        *_between("Endpoint", _HTTPS),
    ]


def _to_prefix_list(prefix_list: Any, says: str) -> SecurityGroupRule:
    return SecurityGroupRule(
        IpProtocol="tcp", FromPort=_HTTPS, ToPort=_HTTPS, DestinationPrefixListId=prefix_list, Description=says
    )


def _between(group: str, port: int) -> list[Any]:
    return [
        SecurityGroupIngress(
            f"{group}FromClients",
            GroupId=GetAtt(f"{group}Group", "GroupId"),
            SourceSecurityGroupId=GetAtt("ClientGroup", "GroupId"),
            IpProtocol="tcp",
            FromPort=port,
            ToPort=port,
            Description="From clients.",
        ),
        SecurityGroupEgress(
            f"ClientsTo{group}",
            GroupId=GetAtt("ClientGroup", "GroupId"),
            DestinationSecurityGroupId=GetAtt(f"{group}Group", "GroupId"),
            IpProtocol="tcp",
            FromPort=port,
            ToPort=port,
            Description=f"To the {group.lower()} group.",
        ),
    ]


def _gateway_endpoints(shape: Shape) -> list[VPCEndpoint]:
    return [
        _gateway_endpoint("S3Endpoint", "s3", endpoints.data_bucket(shape.interface_endpoints)),
        _gateway_endpoint("DynamoDbEndpoint", "dynamodb", endpoints.state_table()),
    ]


def _gateway_endpoint(title: str, service: str, policy: PolicyDocument) -> VPCEndpoint:
    return VPCEndpoint(
        title,
        VpcId=Ref("Vpc"),
        VpcEndpointType="Gateway",
        ServiceName=Sub(f"com.amazonaws.${{AWS::Region}}.{service}"),
        RouteTableIds=[Ref("ComputeRoutes")],
        PolicyDocument=policy,
        Metadata=reasons(policy),
    )


def _interface_endpoint(service: str) -> VPCEndpoint:
    policy = endpoints.monitoring() if service == "monitoring" else endpoints.service(service)
    title = "".join(part.capitalize() for part in service.split(".")) + "Endpoint"
    return VPCEndpoint(
        title,
        VpcId=Ref("Vpc"),
        VpcEndpointType="Interface",
        ServiceName=Sub(f"com.amazonaws.${{AWS::Region}}.{service}"),
        PrivateDnsEnabled=True,
        SecurityGroupIds=[GetAtt("EndpointGroup", "GroupId")],
        SubnetIds=_subnet_list("Compute"),
        PolicyDocument=policy,
        Metadata=reasons(policy),
    )


def _flow_logs() -> list[Any]:
    """Return the flow logs: what was refused, and what still got through, is known after the event."""
    write = services.write_flow_logs(GetAtt("FlowLogGroup", "Arn"))
    return [
        LogGroup(
            "FlowLogGroup",
            LogGroupName=Sub("/dr-${Suffix}-${AWS::Region}/flow"),
            KmsKeyId=KEY_ARN.ref,
            RetentionInDays=LOG_DAYS.ref,
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
        ),
        Role(
            "FlowLogRole",
            RoleName=naming.role("flow-logs").sub(),
            Description="Writes the VPC's flow logs.",
            AssumeRolePolicyDocument=trust.service(
                "vpc-flow-logs.amazonaws.com",
                source_arn="arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:vpc-flow-log/*",
            ),
            Policies=[
                Policy(
                    PolicyName="write",
                    PolicyDocument=PolicyDocument(Version="2012-10-17", Statement=[write]),
                )
            ],
        ),
        FlowLog(
            "FlowLog",
            ResourceType="VPC",
            ResourceId=Ref("Vpc"),
            TrafficType="ALL",
            LogDestinationType="cloud-watch-logs",
            LogGroupName=Ref("FlowLogGroup"),
            DeliverLogsPermissionArn=GetAtt("FlowLogRole", "Arn"),
            MaxAggregationInterval=60,
        ),
    ]


def _subnet_list(tier: str) -> list[Any]:
    first, second = Ref(f"{tier}Subnet1"), Ref(f"{tier}Subnet2")
    return [first, second, If(_ZONES.condition(2), Ref(f"{tier}Subnet3"), NoValue)]


def _outputs(result: Template) -> None:
    outputs(
        result,
        VpcId=(Ref("Vpc"), "The region's VPC."),
        ComputeSubnetIds=(Join(",", _subnet_list("Compute")), "The subnets that functions and applications run in."),
        DataSubnetIds=(Join(",", _subnet_list("Data")), "The subnets that the database lives in."),
        ComputeRouteTableId=(Ref("ComputeRoutes"), "The route table of the compute subnets."),
        DataRouteTableId=(Ref("DataRoutes"), "The route table of the data subnets."),
        DatabaseGroupId=(GetAtt("DatabaseGroup", "GroupId"), "The database's security group."),
        ClientGroupId=(GetAtt("ClientGroup", "GroupId"), "The group an application joins to reach the database."),
        EndpointGroupId=(GetAtt("EndpointGroup", "GroupId"), "The interface endpoints' security group."),
        DataNetworkAclId=(Ref("DataAcl"), "The network ACL that a fence closes."),
    )
