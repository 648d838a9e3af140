"""The roles of self-managed StackSets: one that administers, and one that makes the stacks.

The one template that is deployed as a plain stack, once in each account and before everything else; the
names carry no region because a role of StackSets belongs to the account. The execution role may do what the
library's own resource types need, on this environment's names and in its regions: not AdministratorAccess.
With service-managed StackSets neither is needed.
"""

from __future__ import annotations

from awacs.aws import PolicyDocument, Statement
from troposphere import Equals, Ref, Sub, Template
from troposphere.iam import ManagedPolicy, Policy, Role

from generator import naming
from generator.inputs import ADMINISTRATION_ACCOUNT, OPTED_IN, REGIONS, SUFFIX, WORKLOAD_ACCOUNT
from generator.policies import stacksets, trust
from generator.policies.wildcards import reasons
from generator.shape import Shape
from generator.slots import REGIONS_OPTED_IN, Slots
from generator.stacks._template import outputs, template

_OPTED_IN = Slots("OptedIn", REGIONS_OPTED_IN)
_ONCE = {
    "cfn-lint": {
        "config": {"ignore_checks": ["E9044"]},
        "reasons": {
            "E9044": "made once in an account, by a plain stack in one region; the roles of StackSets are the account's"
        },
    },
}


def build(shape: Shape) -> Template:
    """Return the template ``stackset-roles``."""
    result = template(
        "The administration and execution roles of self-managed StackSets.",
        (SUFFIX, ADMINISTRATION_ACCOUNT, WORKLOAD_ACCOUNT, REGIONS, OPTED_IN),
    )
    _OPTED_IN.declare(result)
    result.add_condition("IsAdministration", Equals(Ref("AWS::AccountId"), ADMINISTRATION_ACCOUNT.ref))
    result.add_condition("IsWorkload", Equals(Ref("AWS::AccountId"), WORKLOAD_ACCOUNT.ref))
    result.add_resource(_administration_role())
    policies = [_policy(name, statements) for name, statements in stacksets.execute(REGIONS.ref).items()]
    for policy in policies:
        result.add_resource(policy)
    result.add_resource(_execution_role(policies))
    outputs(
        result,
        AdministrationRoleName=(
            naming.ADMINISTRATION_ROLE.sub(),
            "The role that CreateStackSet names as administration.",
        ),
        ExecutionRoleName=(naming.EXECUTION_ROLE.sub(), "The role that CreateStackSet names as execution."),
    )
    return result


def _administration_role() -> Role:
    """Return the role that CloudFormation assumes in the administration account."""
    return Role(
        "AdministrationRole",
        Condition="IsAdministration",
        RoleName=naming.ADMINISTRATION_ROLE.sub(),
        Metadata=_ONCE,
        Description="Lets CloudFormation administer the environment's StackSets.",
        AssumeRolePolicyDocument=trust.administration(_OPTED_IN),
        Policies=[
            Policy(
                PolicyName="assume-execution",
                PolicyDocument=PolicyDocument(Version="2012-10-17", Statement=[stacksets.administer()]),
            )
        ],
    )


def _policy(name: str, statements: list[Statement]) -> ManagedPolicy:
    """Return one part of the execution role's rights; a role's inline policies could not hold them all.

    IAM User Guide, "IAM and AWS STS quotas": 10,240 characters inline, 6,144 in each managed policy.
    """
    return ManagedPolicy(
        f"Execution{name.capitalize()}",
        Condition="IsWorkload",
        ManagedPolicyName=Sub("dr-${Suffix}-stackset-" + name),
        Description="What StackSets may do for the disaster-recovery environment.",
        PolicyDocument=PolicyDocument(Version="2012-10-17", Statement=statements),
        Metadata={**reasons(statements), **_ONCE},
    )


def _execution_role(policies: list[ManagedPolicy]) -> Role:
    """Return the role that makes the stacks in the workload account."""
    return Role(
        "ExecutionRole",
        Condition="IsWorkload",
        RoleName=naming.EXECUTION_ROLE.sub(),
        Metadata=_ONCE,
        Description="Makes the environment's stacks.",
        AssumeRolePolicyDocument=trust.execution(ADMINISTRATION_ACCOUNT.ref),
        ManagedPolicyArns=[Ref(policy) for policy in policies],
    )
