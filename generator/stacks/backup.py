"""Backups of the database in a locked vault, copied to another region.

Replication copies a ``DROP TABLE`` as faithfully as any row, so a second region is no backup. The plan takes
one backup a day of this region's cluster, and copies it to the vault of another region where one is named.
"""

from __future__ import annotations

from typing import Any

from troposphere import Equals, GetAtt, If, Not, NoValue, Ref, Sub, Template
from troposphere.backup import (
    BackupPlan,
    BackupPlanResourceType,
    BackupRuleResourceType,
    BackupSelection,
    BackupSelectionResourceType,
    BackupVault,
    CopyActionResourceType,
    LifecycleResourceType,
    LockConfigurationType,
)
from troposphere.cloudwatch import Alarm, MetricDimension
from troposphere.iam import Role

from generator import naming
from generator.inputs import COPY_REGION, KEY_ARN, LOCK_DAYS, SUFFIX, TOPIC_ARN, VAULT_DAYS
from generator.policies import functions as allow
from generator.policies import trust
from generator.shape import Shape
from generator.slots import NONE
from generator.stacks._template import outputs, template


def build(shape: Shape) -> Template:
    """Return the template ``backup``."""
    result = template(
        "Daily backups of the database in a vault, copied to another region.",
        (SUFFIX, KEY_ARN, TOPIC_ARN, VAULT_DAYS, LOCK_DAYS, COPY_REGION),
    )
    result.add_condition("HasCopy", Not(Equals(COPY_REGION.ref, NONE)))
    result.add_condition("HasLock", Not(Equals(LOCK_DAYS.ref, "0")))
    for resource in (_vault(shape), _role(), _plan(), _selection(), *_alarms()):
        result.add_resource(resource)
    outputs(
        result,
        VaultArn=(GetAtt("Vault", "BackupVaultArn"), "The region's vault."),
        PlanId=(Ref("Plan"), "The plan."),
    )
    return result


def _vault(shape: Shape) -> BackupVault:
    """Return the vault. Locked in governance mode: nobody shortens what is kept without the right to unlock.

    AWS Backup guide, "AWS Backup Vault Lock": without ``ChangeableForDays`` the lock can be taken off by
    who may, and with it never again, so that is left to a person.
    """
    return BackupVault(
        "Vault",
        BackupVaultName=naming.VAULT.sub(),
        EncryptionKeyArn=KEY_ARN.ref,
        LockConfiguration=If("HasLock", LockConfigurationType(MinRetentionDays=LOCK_DAYS.ref), NoValue),
        DeletionPolicy=shape.retain_policy,
        UpdateReplacePolicy=shape.data_policy,
    )


def _role() -> Role:
    """Return the role that takes and copies backups, with AWS's own policy for it.

    AWS Backup guide, "IAM service roles".
    """
    return Role(
        "BackupRole",
        RoleName=naming.role("backup").sub(),
        Description="Takes and copies the database's backups.",
        AssumeRolePolicyDocument=trust.service("backup.amazonaws.com"),
        ManagedPolicyArns=[
            Sub("arn:${AWS::Partition}:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup")
        ],
    )


def _plan() -> BackupPlan:
    copy = CopyActionResourceType(
        DestinationBackupVaultArn=allow.arn(
            "backup", "backup-vault:" + naming.VAULT.text(region="${CopyRegion}"), region="${CopyRegion}"
        ),
        Lifecycle=_lifecycle(),
    )
    return BackupPlan(
        "Plan",
        BackupPlan=BackupPlanResourceType(
            BackupPlanName=naming.VAULT.sub(),
            BackupPlanRule=[
                BackupRuleResourceType(
                    RuleName="daily",
                    TargetBackupVault=Ref("Vault"),
                    ScheduleExpression="cron(0 3 * * ? *)",
                    StartWindowMinutes=60,
                    CompletionWindowMinutes=480,
                    Lifecycle=_lifecycle(),
                    CopyActions=If("HasCopy", [copy], NoValue),
                )
            ],
        ),
    )


def _lifecycle() -> LifecycleResourceType:
    return LifecycleResourceType(DeleteAfterDays=VAULT_DAYS.ref)


def _selection() -> BackupSelection:
    cluster: Any = allow.arn("rds", "cluster:" + naming.CLUSTER.text())
    return BackupSelection(
        "Selection",
        BackupPlanId=Ref("Plan"),
        BackupSelection=BackupSelectionResourceType(
            SelectionName="database", IamRoleArn=GetAtt("BackupRole", "Arn"), Resources=[cluster]
        ),
    )


def _alarms() -> list[Alarm]:
    """Return the alarms of failed backups and copies, and of a day without a backup that was completed.

    The last is for an account in which AWS Backup was never switched on for Aurora: the plan is made, and
    nothing is ever backed up (AWS Backup guide, "Service Opt-in", and "Monitoring with CloudWatch").
    """
    return [
        _alarm("BackupsFail", "backups-fail", "A backup failed.", "NumberOfBackupJobsFailed", failed=True),
        _alarm("CopiesFail", "copies-fail", "A copy to another region failed.", "NumberOfCopyJobsFailed", failed=True),
        _alarm(
            "NoBackups",
            "no-backups",
            "No backup was completed for a day. Is Aurora switched on in AWS Backup, in this account and region?",
            "NumberOfBackupJobsCompleted",
            failed=False,
        ),
    ]


def _alarm(title: str, name: str, says: str, metric: str, *, failed: bool) -> Alarm:
    return Alarm(
        title,
        AlarmName=Sub("dr-${Suffix}-${AWS::Region}-" + name),
        AlarmDescription=says,
        Namespace="AWS/Backup",
        MetricName=metric,
        Dimensions=[MetricDimension(Name="BackupVaultName", Value=Ref("Vault"))],
        Statistic="Sum",
        Period=3600 if failed else 86400,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold" if failed else "LessThanThreshold",
        TreatMissingData="notBreaching" if failed else "breaching",
        AlarmActions=[TOPIC_ARN.ref],
    )
