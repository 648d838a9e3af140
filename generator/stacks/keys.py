"""The region's own customer-managed key.

One key a region and no multi-Region key: S3 treats a multi-Region key as a single-Region one, and the
policies of replica keys are not synchronised, so a key that worked in one region could fail in the other
on the day (trap 42). It comes before everything that is encrypted; a replicated secret needs the key in
the replica's region first (trap 75).
"""

from __future__ import annotations

from troposphere import GetAtt, Ref, Template
from troposphere.kms import Alias, Key

from generator import naming
from generator.inputs import SUFFIX
from generator.policies import keys
from generator.policies.wildcards import reasons
from generator.shape import Shape
from generator.stacks._template import outputs, template


def build(shape: Shape) -> Template:
    """Return the template ``keys``."""
    result = template("One customer-managed key for the region, with its own policy.", (SUFFIX,))
    result.add_resource(_key(shape))
    result.add_resource(_alias())
    outputs(
        result,
        KeyArn=(GetAtt("Key", "Arn"), "The region's key."),
        KeyAlias=(Ref("KeyAlias"), "The name under which people find the key."),
    )
    return result


def _key(shape: Shape) -> Key:
    """Return the key. It is retained: what it encrypted outlives the stack, in backups and replicas."""
    policy = keys.key()
    return Key(
        "Key",
        Description="Encrypts this region's part of the disaster-recovery environment.",
        EnableKeyRotation=True,
        KeyPolicy=policy,
        PendingWindowInDays=30,
        DeletionPolicy=shape.retain_policy,
        UpdateReplacePolicy=shape.data_policy,
        Metadata=reasons(policy),
    )


def _alias() -> Alias:
    return Alias("KeyAlias", AliasName=naming.KEY_ALIAS.sub(), TargetKeyId=Ref("Key"))
