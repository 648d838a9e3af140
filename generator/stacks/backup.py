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
from troposphere.iam import Role

from generator import naming
from generator.inputs import COPY_REGION, KEY_ARN, LOCK_DAYS, SUFFIX, VAULT_DAYS
from generator.policies import functions as allow
from generator.policies import trust
from generator.shape import Shape
from generator.slots import NONE
from generator.stacks._template import outputs, template


def build(shape: Shape) -> Template:
    """Return the template ``backup``."""
    result = template(
        "Daily backups of the database in a vault, copied to another region.",
        (SUFFIX, KEY_ARN, VAULT_DAYS, LOCK_DAYS, COPY_REGION),
    )
    result.add_condition("HasCopy", Not(Equals(COPY_REGION.ref, NONE)))
    result.add_condition("HasLock", Not(Equals(LOCK_DAYS.ref, "0")))
    for resource in (_vault(shape), _role(), _plan(), _selection()):
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
