"""Parameters of the environment, a region, its partner and its network."""

from __future__ import annotations

from generator.inputs.kinds import (
    ARN,
    ENVIRONMENT,
    LIST,
    NETWORK,
    NONE_OR,
    PARTNER,
    RANGE,
    REGION,
    REGION_PATTERN,
    Input,
    optional,
    pattern,
)
from generator.links import Computed, Form, Observed, Output, Setting, Where
from generator.slots import NONE, PEOPLE, REGIONS_OPTED_IN, pad

# The environment
SUFFIX = Input(
    "Suffix", "Suffix", "The environment's suffix, part of every name.", ENVIRONMENT, Setting("suffix"),
    rules=pattern(r"^[a-z][a-z0-9]*$", "lower-case letters and digits, a letter first",
                   MinLength=1, MaxLength=24),
)  # fmt: skip
DATA_REGIONS = Input(
    "DataRegions", "Data regions", "The regions that hold data, in the order in which they are tried as a target.",
    ENVIRONMENT, Setting("regions"), LIST,
    pattern(REGION_PATTERN, "regions"),
)  # fmt: skip
WITNESS_REGIONS = Input(
    "WitnessRegions", "Witness regions", "The regions that only probe and vote, or none.",
    ENVIRONMENT, Setting("regions"), LIST,
    pattern(NONE_OR.format(REGION_PATTERN.strip("^$")), "regions, or none", Default=NONE),
)  # fmt: skip
ORGANIZATION = Input(
    "Organization", "Organization", "The organization that a principal must belong to, or none.",
    ENVIRONMENT, Setting("organization"), rules=optional("o-[a-z0-9]{10,32}", "an organization's id"),
)  # fmt: skip
EXTERNAL_ID = Input(
    "ExternalId", "External id", "What the caller of a fence role must say beside its name, or none.",
    ENVIRONMENT, Setting("external_id"), rules=optional(r"[\w+=,.@:/-]{2,224}", "an external id"),
)  # fmt: skip
ADMINISTRATION_ACCOUNT = Input(
    "AdministrationAccount", "Administration account", "The account that holds the StackSets.",
    ENVIRONMENT, Setting("accounts.administration"), rules=pattern(r"^\d{12}$", "an account number"),
)  # fmt: skip
WORKLOAD_ACCOUNT = Input(
    "WorkloadAccount", "Workload account", "The account that holds the stacks.",
    ENVIRONMENT, Setting("accounts.workload"), rules=pattern(r"^\d{12}$", "an account number"),
)  # fmt: skip
REGIONS = Input(
    "Regions", "Regions", "Every region of the environment: the execution role works in no other.",
    ENVIRONMENT, Setting("regions"), LIST,
    pattern(REGION_PATTERN, "regions"),
)  # fmt: skip
OPTED_IN = Input(
    "OptedIn", "Opt-in regions", f"The regions that the accounts have opted in to, filled up with {NONE}.",
    ENVIRONMENT, Setting("opted_in"), LIST,
    pattern(NONE_OR.format(REGION_PATTERN.strip("^$")), "regions, or none", Default=pad((), REGIONS_OPTED_IN)),
)  # fmt: skip
PEOPLE_TO_TELL = Input(
    "People", "People to tell", f"Up to {PEOPLE} e-mail addresses, filled up with {NONE}.",
    ENVIRONMENT, Setting("people"), LIST,
    pattern(NONE_OR.format(r"[^@\s,]+@[^@\s,]+"), "e-mail addresses, or none", Default=pad((), PEOPLE)),
)  # fmt: skip
LOG_DAYS = Input(
    "LogDays", "Days of logs", "How long log groups keep what they hold, in days.", ENVIRONMENT, Setting("log_days"),
    "Number", {"AllowedValues": [7, 14, 30, 60, 90, 180, 365, 400, 731, 1096, 1827], "Default": 400},
)  # fmt: skip

# This region
KEY_ARN = Input(
    "KeyArn", "Key", "The region's own customer-managed key.", REGION, Output("keys", "KeyArn"),
    rules=pattern(ARN, "an ARN"),
)  # fmt: skip
TOPIC_ARN = Input(
    "TopicArn", "Topic", "The region's topic that tells people.", REGION, Output("recovery", "TopicArn"),
    rules=pattern(ARN, "an ARN"),
)  # fmt: skip
NOTICE_ARN = Input(
    "NoticeArn", "Notice function", "The function that looks when an alarm changes.", REGION,
    Output("recovery", "NoticeArn"), rules=pattern(ARN, "an ARN"),
)  # fmt: skip

# Partner
PARTNER_REGION = Input(
    "PartnerRegion", "Partner region", "The other region of the pair.", PARTNER, Setting("regions"),
    rules=pattern(REGION_PATTERN, "a region"),
)  # fmt: skip
PARTNER_VPC_ID = Input(
    "PartnerVpcId", "Partner's VPC", "The VPC of the other region.", PARTNER,
    Output("network", "VpcId", Where.PARTNER), rules=pattern("^vpc-[0-9a-f]+$", "a VPC's id"),
)  # fmt: skip
PARTNER_RANGE = Input(
    "PartnerRange", "Partner's range", "The address range of the other region's VPC.", PARTNER,
    Setting("regions.*.range"), rules=pattern(f"^{RANGE}$", "an address range"),
)  # fmt: skip
PARTNER_COMPUTE_RANGES = Input(
    "PartnerComputeRanges", "Partner's compute subnets",
    f"The ranges of the partner's compute subnets, filled up with {NONE}.", PARTNER,
    Computed("addresses.subnets of the partner"), LIST,
    pattern(NONE_OR.format(RANGE), "address ranges, or none"),
)  # fmt: skip
PARTNER_DATA_RANGES = Input(
    "PartnerDataRanges", "Partner's data subnets",
    f"The ranges of the partner's data subnets, filled up with {NONE}.", PARTNER,
    Computed("addresses.subnets of the partner"), LIST,
    pattern(NONE_OR.format(RANGE), "address ranges, or none"),
)  # fmt: skip
PEERING_CONNECTION_ID = Input(
    "PeeringConnectionId", "Peering connection", "The connection that the other side has requested.", PARTNER,
    Output("peering-request", "PeeringConnectionId", Where.PAIR), rules=pattern("^pcx-[0-9a-f]+$", "a peering's id"),
)  # fmt: skip
SUPERSEDED_REGION = Input(
    "SupersededRegion", "Region in question", "The region that this region watches and may supersede.", PARTNER,
    Setting("regions"), rules=pattern(REGION_PATTERN, "a region"),
)  # fmt: skip

# Network
VPC_RANGE = Input(
    "VpcRange", "Address range", "The VPC's address range.", NETWORK, Setting("regions.*.range"),
    rules=pattern(f"^{RANGE}$", "an address range"),
)  # fmt: skip
AVAILABILITY_ZONES = Input(
    "Zones", "Zones", f"Two or three availability zones, filled up with {NONE}.", NETWORK,
    Setting("regions.*.zones"), LIST,
    pattern(NONE_OR.format(r"[a-z]{2}(-[a-z]+)+-\d[a-z]"), "zones, or none"),
)  # fmt: skip
COMPUTE_RANGES = Input(
    "ComputeRanges", "Compute subnets", f"The ranges of the compute subnets, filled up with {NONE}.", NETWORK,
    Computed("addresses.subnets"), LIST,
    pattern(NONE_OR.format(RANGE), "address ranges, or none"),
)  # fmt: skip
DATA_RANGES = Input(
    "DataRanges", "Data subnets", f"The ranges of the data subnets, filled up with {NONE}.", NETWORK,
    Computed("addresses.subnets"), LIST,
    pattern(NONE_OR.format(RANGE), "address ranges, or none"),
)  # fmt: skip
S3_PREFIX_LIST = Input(
    "S3PrefixListId", "S3 prefix list", "The region's managed prefix list com.amazonaws.REGION.s3.", NETWORK,
    Observed("ec2:DescribeManagedPrefixLists com.amazonaws.REGION.s3"),
    rules=pattern("^pl-[0-9a-f]+$", "a prefix list's id"),
)  # fmt: skip
DYNAMODB_PREFIX_LIST = Input(
    "DynamoDbPrefixListId", "DynamoDB prefix list", "The region's managed prefix list com.amazonaws.REGION.dynamodb.",
    NETWORK, Observed("ec2:DescribeManagedPrefixLists com.amazonaws.REGION.dynamodb"),
    rules=pattern("^pl-[0-9a-f]+$", "a prefix list's id"),
)  # fmt: skip
VPC_ID = Input(
    "VpcId", "VPC", "The region's VPC.", NETWORK, Output("network", "VpcId"), "AWS::EC2::VPC::Id",
)  # fmt: skip
COMPUTE_SUBNET_IDS = Input(
    "ComputeSubnetIds", "Compute subnets", "The subnets that functions run in.", NETWORK,
    Output("network", "ComputeSubnetIds"), "List<AWS::EC2::Subnet::Id>",
)  # fmt: skip
DATA_SUBNET_IDS = Input(
    "DataSubnetIds", "Data subnets", "The subnets that the database lives in.", NETWORK,
    Output("network", "DataSubnetIds"), "List<AWS::EC2::Subnet::Id>",
)  # fmt: skip
COMPUTE_ROUTE_TABLE_ID = Input(
    "ComputeRouteTableId", "Compute route table", "The route table of the compute subnets.", NETWORK,
    Output("network", "ComputeRouteTableId"), rules=pattern("^rtb-[0-9a-f]+$", "a route table's id"),
)  # fmt: skip
DATA_ROUTE_TABLE_ID = Input(
    "DataRouteTableId", "Data route table", "The route table of the data subnets.", NETWORK,
    Output("network", "DataRouteTableId"), rules=pattern("^rtb-[0-9a-f]+$", "a route table's id"),
)  # fmt: skip
DATABASE_GROUP_ID = Input(
    "DatabaseGroupId", "Database security group", "The security group of the database.", NETWORK,
    Output("network", "DatabaseGroupId"), "AWS::EC2::SecurityGroup::Id",
)  # fmt: skip
CLIENT_GROUP_ID = Input(
    "ClientGroupId", "Client security group", "The security group of whatever connects to the database.", NETWORK,
    Output("network", "ClientGroupId"), "AWS::EC2::SecurityGroup::Id",
)  # fmt: skip
DATA_NETWORK_ACL_ID = Input(
    "DataNetworkAclId", "Data network ACL", "The network ACL of the data subnets, which a fence closes.", NETWORK,
    Output("network", "DataNetworkAclId"), rules=pattern("^acl-[0-9a-f]+$", "a network ACL's id"),
)  # fmt: skip
OTHER_NETWORK_ACLS = Input(
    "OtherNetworkAcls", "Other regions' network ACLs", "region=id of the other data regions' data network ACLs.",
    NETWORK, Output("network", "DataNetworkAclId", Where.OTHERS, Form.PAIRS), LIST,
    pattern(r"^[a-z0-9-]+=acl-[0-9a-f]+$", "region=id"),
)  # fmt: skip
