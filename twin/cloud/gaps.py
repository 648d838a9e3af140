"""What the local cloud does not emulate of the templates, in one table; a test holds it against what is deployed.

``GAPS`` are properties that can't be read back from the service they were given to. ``INERT`` are types whose
properties are all kept and shown, and which then do nothing: what a rehearsal in the local cloud can't prove.
``UNCHECKED`` are calls that no policy is asked about.
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
class Unchecked:
    """Calls that no policy is asked about. why: what stands in for it."""

    calls: str
    why: str


@dataclass(frozen=True)
class Inert:
    """A type that is only kept. missing: what AWS would do and the local cloud does not."""

    type: str
    missing: str


@dataclass(frozen=True)
class Unpublished:
    """A metric of AWS's that a built alarm reads and nobody publishes here. why: what that means."""

    namespace: str
    name: str
    why: str


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
    Inert("AWS::IAM::ManagedPolicy", "it is the StackSets' execution role's, and stacks are made by an administrator"),
    Inert(
        "AWS::KMS::Key", "nothing is encrypted with it; its policy binds callers of topics, secrets and buckets only"
    ),
    Inert("AWS::Logs::LogGroup", "nothing is deleted when its days are over"),
    Inert("AWS::RDS::DBClusterParameterGroup", "what a plain PostgreSQL knows is set at its first start; rds.* is not"),
    Inert("AWS::RDS::DBParameterGroup", "what a plain PostgreSQL knows is set at its first start; rds.* is not"),
    Inert("AWS::RDS::EventSubscription", "no event is published"),
)

UNCHECKED = (
    Unchecked(
        "what CloudFormation does to make, change and delete resources",
        "it is done inside the emulator, as an administrator; that StackSets may use their roles is checked, and the "
        "execution role's rights are compared with the resource types' own handlers by the tests of the policies",
    ),
    Unchecked(
        "what an administrator does (a key of twelve digits)",
        "everything is allowed, but for roles that do not trust it; what the commands need is in docs/rights.md, and "
        "is compared with the calls that they make",
    ),
    Unchecked(
        "what Lambda does for a function: its network interfaces and its log streams",
        "there are no interfaces, and logs are kept in any case; the tests of the policies hold that both are allowed",
    ),
    Unchecked(
        "flow logs, enhanced monitoring, backups, delivery of a state machine's logs and traces",
        "none of them happens",
    ),
    Unchecked(
        "what RDS, DynamoDB and CloudWatch Logs ask of a key",
        "nothing is encrypted; topics, secrets and replicas do ask for the key",
    ),
    Unchecked(
        "whether a call came by TLS, and which version",
        "the local cloud is asked without it; every call counts as made by TLS 1.3",
    ),
)

UNPUBLISHED = (
    Unpublished("AWS/Backup", "NumberOfBackupJobsCompleted", "no backup is taken, so its alarm goes off after a day"),
    Unpublished("AWS/Backup", "NumberOfBackupJobsFailed", "no backup is taken, so none fails"),
    Unpublished("AWS/Backup", "NumberOfCopyJobsFailed", "no backup is copied, so no copy fails"),
)
