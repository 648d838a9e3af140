"""Which resources hold data: what is lost, or can't be had back as it was, when one of them goes.

One list for whoever asks: the rule that wants their deletion policies written (trap 48), the planner that refuses
to replace or remove one, and the teardown that keeps what holds them.

- Databases, tables, buckets, file systems and vaults hold what people put in.
- Instances of a cluster hold none, but one of them is the writer (trap 14).
- A key is what all the rest can be read with; a secret is what it can be opened with.
- A hosted zone's name servers are delegated to by its parent: a new zone has others. It has no deletion policy
  of a kind that a rule could ask of everyone, so it is not among the rule's.
- Log groups are not among them: what happened is kept as long as the environment is, and no longer.
"""

from __future__ import annotations

TYPES = (
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::RDS::GlobalCluster",
    "AWS::DynamoDB::Table",
    "AWS::DynamoDB::GlobalTable",
    "AWS::S3::Bucket",
    "AWS::KMS::Key",
    "AWS::SecretsManager::Secret",
    "AWS::Backup::BackupVault",
    "AWS::EFS::FileSystem",
)
"""Types whose deletion policy has to be written."""

WITH_ZONES = (*TYPES, "AWS::Route53::HostedZone")
"""The same, and what the rest of the world refers to."""
