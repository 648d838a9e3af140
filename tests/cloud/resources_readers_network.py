"""How the types of a network are read back over its service's own API."""

from __future__ import annotations

from tests.cloud.resources_reading import Properties, Record, named_tags, picked, reader


@reader("AWS::EC2::VPC")
def _vpc(of: Record) -> Properties:
    ec2 = of.client("ec2")
    found = ec2.describe_vpcs(VpcIds=[of.id])["Vpcs"][0]
    said = {
        name: ec2.describe_vpc_attribute(VpcId=of.id, Attribute=api)[name]["Value"]
        for name, api in (("EnableDnsHostnames", "enableDnsHostnames"), ("EnableDnsSupport", "enableDnsSupport"))
    }
    return {**picked(found, "CidrBlock"), **said, **named_tags(found.get("Tags"), of.wanted)}


@reader("AWS::EC2::Subnet")
def _subnet(of: Record) -> Properties:
    found = of.client("ec2").describe_subnets(SubnetIds=[of.id])["Subnets"][0]
    names = ("VpcId", "AvailabilityZone", "CidrBlock", "MapPublicIpOnLaunch")
    return {**picked(found, *names), **named_tags(found.get("Tags"), of.wanted)}


@reader("AWS::EC2::RouteTable")
def _route_table(of: Record) -> Properties:
    found = of.client("ec2").describe_route_tables(RouteTableIds=[of.id])["RouteTables"][0]
    return {**picked(found, "VpcId"), **named_tags(found.get("Tags"), of.wanted)}


@reader("AWS::EC2::Route")
def _route(of: Record) -> Properties:
    table = of.client("ec2").describe_route_tables(RouteTableIds=[of.wanted["RouteTableId"]])["RouteTables"][0]
    wanted = of.wanted["DestinationCidrBlock"]
    found = next(each for each in table["Routes"] if each.get("DestinationCidrBlock") == wanted)
    return picked({**found, **table}, "RouteTableId", "DestinationCidrBlock", "VpcPeeringConnectionId")


@reader("AWS::EC2::SubnetRouteTableAssociation")
def _route_association(of: Record) -> Properties:
    tables = of.client("ec2").describe_route_tables()["RouteTables"]
    held = [each for table in tables for each in table["Associations"]]
    return picked(next(each for each in held if each["RouteTableAssociationId"] == of.id), "SubnetId", "RouteTableId")


@reader("AWS::EC2::NetworkAcl")
def _acl(of: Record) -> Properties:
    found = of.client("ec2").describe_network_acls(NetworkAclIds=[of.id])["NetworkAcls"][0]
    return {**picked(found, "VpcId"), **named_tags(found.get("Tags"), of.wanted)}


@reader("AWS::EC2::NetworkAclEntry")
def _acl_entry(of: Record) -> Properties:
    acl = of.client("ec2").describe_network_acls(NetworkAclIds=[of.wanted["NetworkAclId"]])["NetworkAcls"][0]
    key = (of.wanted["RuleNumber"], bool(of.wanted.get("Egress", False)))
    return {**acl, **next(each for each in acl["Entries"] if (each["RuleNumber"], each["Egress"]) == key)}


@reader("AWS::EC2::SubnetNetworkAclAssociation")
def _acl_association(of: Record) -> Properties:
    acls = of.client("ec2").describe_network_acls()["NetworkAcls"]
    held = [each for acl in acls for each in acl["Associations"]]
    return dict(next(each for each in held if each["NetworkAclAssociationId"] == of.id))


@reader("AWS::EC2::SecurityGroup")
def _group(of: Record) -> Properties:
    found = of.client("ec2").describe_security_groups(GroupIds=[of.id])["SecurityGroups"][0]
    wanted = of.wanted.get("SecurityGroupEgress") or []
    rules = [_rule(each) for each in found["IpPermissionsEgress"]]
    chosen = [next((rule for rule in rules if _same_target(rule, each)), {}) for each in wanted]
    said = picked(found, "VpcId", GroupDescription="Description")
    return {**said, "SecurityGroupEgress": chosen, **named_tags(found.get("Tags"), of.wanted)}


def _rule(permission: Properties) -> Properties:
    lists = (("IpRanges", "CidrIp", "CidrIp"), ("PrefixListIds", "PrefixListId", "DestinationPrefixListId"))
    rule = picked(permission, "IpProtocol", "FromPort", "ToPort")
    for name, field, prop in lists:
        for each in permission.get(name) or ():
            rule |= {prop: each[field], **picked(each, "Description")}
    return rule


def _same_target(rule: Properties, wanted: Properties) -> bool:
    names = ("CidrIp", "DestinationPrefixListId")
    return any(name in wanted and rule.get(name) == wanted[name] for name in names)


@reader("AWS::EC2::SecurityGroupIngress")
def _ingress(of: Record) -> Properties:
    return _rule_alone(of, "SourceSecurityGroupId")


@reader("AWS::EC2::SecurityGroupEgress")
def _egress(of: Record) -> Properties:
    return _rule_alone(of, "DestinationSecurityGroupId")


def _rule_alone(of: Record, group: str) -> Properties:
    found = of.client("ec2").describe_security_group_rules(SecurityGroupRuleIds=[of.id])["SecurityGroupRules"][0]
    assert found["IsEgress"] == (of.type == "AWS::EC2::SecurityGroupEgress")
    other = (found.get("ReferencedGroupInfo") or {}).get("GroupId")
    names = ("GroupId", "IpProtocol", "FromPort", "ToPort", "Description")
    return {**picked(found, *names, CidrIp="CidrIpv4"), **({group: other} if other else {})}


@reader("AWS::EC2::VPCEndpoint")
def _endpoint(of: Record) -> Properties:
    found = of.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[of.id])["VpcEndpoints"][0]
    names = ("VpcId", "VpcEndpointType", "ServiceName", "PrivateDnsEnabled", "SubnetIds", "RouteTableIds")
    groups = {"SecurityGroupIds": [each["GroupId"] for each in found.get("Groups") or ()]}
    return {**picked(found, *names, PolicyDocument="PolicyDocument"), **groups}


@reader("AWS::EC2::VPCPeeringConnection")
def _peering(of: Record) -> Properties:
    found = of.client("ec2").describe_vpc_peering_connections(VpcPeeringConnectionIds=[of.id])
    one = found["VpcPeeringConnections"][0]
    assert one["Status"]["Code"] == "active"
    return {
        "VpcId": one["RequesterVpcInfo"]["VpcId"],
        "PeerVpcId": one["AccepterVpcInfo"]["VpcId"],
        "PeerRegion": one["AccepterVpcInfo"]["Region"],
        **named_tags(one.get("Tags"), of.wanted),
    }


@reader("AWS::EC2::FlowLog")
def _flow_log(of: Record) -> Properties:
    found = of.client("ec2").describe_flow_logs(FlowLogIds=[of.id])["FlowLogs"][0]
    kinds = {"vpc": "VPC", "subnet": "Subnet", "eni": "NetworkInterface"}
    return {**found, "ResourceType": kinds[found["ResourceId"].partition("-")[0]]}
