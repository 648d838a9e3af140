"""What the local cloud does not emulate of the templates, in one table; a test holds it against what is deployed.

``GAPS`` are properties that can't be read back from the service they were given to. ``INERT`` are types whose
properties are all kept and shown, and which then do nothing: what a rehearsal in the local cloud can't prove.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Gap:
    """One property that a deployed template sets and no API of the local cloud shows again.

    path: its place among the type's properties, with dots; members of lists share one path. why: what that means.
    """

    type: str
    path: str
    why: str


@dataclass(frozen=True)
class Inert:
    """A type that is only kept. missing: what AWS would do and the local cloud does not."""

    type: str
    missing: str


GAPS = (
    Gap(
        "AWS::KMS::Key",
        "PendingWindowInDays",
        "as on AWS, the days only count, and only show, once the key is being deleted",
    ),
    Gap(
        "AWS::Lambda::Function",
        "Code.S3Bucket",
        "as on AWS, Lambda copies the package and tells a link to its copy, never where it came from",
    ),
    Gap(
        "AWS::Lambda::Function",
        "Code.S3Key",
        "as on AWS, Lambda copies the package and tells a link to its copy, never where it came from",
    ),
    Gap(
        "AWS::RDS::DBCluster",
        "MasterUserPassword",
        "as on AWS, a password is never told; the emulator keeps it for the PostgreSQL server behind the cluster",
    ),
    Gap(
        "AWS::RDS::DBCluster",
        "SourceRegion",
        "as on AWS, it signs the request of a standby's birth (a wrong one is refused) and is not kept",
    ),
    Gap(
        "AWS::Route53::RecordSetGroup",
        "Comment",
        "as on AWS, it belongs to the change and not to the records",
    ),
)

INERT = (
    Inert("AWS::Backup::BackupPlan", "no backup is taken at its hour, and none is copied to another region"),
    Inert("AWS::Backup::BackupVault", "a lock refuses nothing, since nothing is kept in the vault"),
    Inert("AWS::CloudWatch::Dashboard", "nobody draws it"),
    Inert("AWS::EC2::FlowLog", "no traffic is recorded"),
    Inert("AWS::EC2::NetworkAclEntry", "no packet is stopped: a fence shows in the records, and not on the wire"),
    Inert("AWS::EC2::Route", "there is no network: a missing route is not noticed by a connection"),
    Inert("AWS::EC2::SecurityGroup", "no connection is refused"),
    Inert("AWS::EC2::SecurityGroupEgress", "no connection is refused"),
    Inert("AWS::EC2::SecurityGroupIngress", "no connection is refused"),
    Inert("AWS::EC2::VPCEndpoint", "its policy refuses nothing, and a function needs none to call a service"),
    Inert("AWS::IAM::ManagedPolicy", "nobody is refused anything: rights are checked by the tests of the policies"),
    Inert("AWS::IAM::Policy", "nobody is refused anything: rights are checked by the tests of the policies"),
    Inert("AWS::KMS::Key", "its policy refuses nobody, and topics, logs and databases are not encrypted with it"),
    Inert("AWS::Logs::LogGroup", "nothing is deleted when its days are over"),
    Inert("AWS::RDS::DBClusterParameterGroup", "the PostgreSQL server behind the cluster does not read them"),
    Inert("AWS::RDS::DBParameterGroup", "the PostgreSQL server behind the cluster does not read them"),
    Inert("AWS::RDS::EventSubscription", "no event is published"),
    Inert("AWS::Route53::HostedZone", "no resolver asks it; what its records answer is computed from them"),
    Inert("AWS::SNS::Subscription", "an e-mail is neither sent nor confirmed"),
)
