"""An empty global cluster, which regional clusters join by its identifier.

It is born empty on purpose: with ``SourceDBClusterIdentifier`` it would drift after the first swap, and
correcting that would replace the global cluster (trap 12). It is deleted only when no member is left, and
``destroy`` asserts that: the handler would otherwise remove some other cluster of the region (trap 96).
"""

from __future__ import annotations

from troposphere import Ref, Template
from troposphere.rds import GlobalCluster

from generator import naming
from generator.inputs import DELETION_PROTECTION, ENGINE_VERSION, SUFFIX
from generator.shape import Shape
from generator.stacks._template import outputs, template

ENGINE = "aurora-postgresql"


def build(shape: Shape) -> Template:
    """Return the template ``global-database``."""
    result = template(
        "An empty Aurora global cluster; regional clusters join it by its identifier.",
        (SUFFIX, ENGINE_VERSION, DELETION_PROTECTION),
    )
    result.add_resource(_cluster(shape))
    outputs(result, GlobalCluster=(Ref("GlobalCluster"), "The identifier that members join by."))
    return result


def _cluster(shape: Shape) -> GlobalCluster:
    """Return the global cluster; engine and version only, since everything else comes from its members."""
    return GlobalCluster(
        "GlobalCluster",
        GlobalClusterIdentifier=naming.GLOBAL_CLUSTER.sub(),
        Engine=ENGINE,
        EngineVersion=ENGINE_VERSION.ref,
        StorageEncrypted=True,
        DeletionProtection=DELETION_PROTECTION.ref,
        DeletionPolicy=shape.retain_policy,
        UpdateReplacePolicy=shape.data_policy,
    )
