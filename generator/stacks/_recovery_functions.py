"""The functions of a recovery, in its order: what each may do, is told, and how long it may take."""

from __future__ import annotations

from awacs import dynamodb
from troposphere import Join, Ref, Sub

from generator import naming
from generator.inputs import (
    APPROVAL_SECONDS,
    DNS_REGION,
    DOMAIN,
    EXTERNAL_ID,
    GLOBAL_CLUSTER,
    MODE,
    NOTICE_SECONDS,
    OTHER_NETWORK_ACLS,
    RPO_SECONDS,
)
from generator.policies import functions as allow
from generator.stacks._functions import Work

PATH = ("assess", "fence", "promote", "confirm_writer", "notice", "preflight")
"""The functions of this stack, in the order of a recovery."""

_DRY_RUN = ("assess", "fence", "promote", "confirm_writer", "notice", "prove_writer", "vote")
"""What the pre-flight runs dry: an idle function in a VPC goes to sleep, and its next call fails (trap 49c)."""

_CLUSTER = {"DR_GLOBAL_CLUSTER": GLOBAL_CLUSTER.ref}
_TOPIC = {"DR_TOPIC": Ref("Topic")}
_MACHINE = {"DR_STATE_MACHINE": allow.arn("states", "stateMachine:" + naming.STATE_MACHINE.text())}


def works() -> list[Work]:
    """Return the functions, in the order of :data:`PATH`."""
    return [_assess(), _fence(), _promote(), _confirm_writer(), _notice(), _preflight()]


def _assess() -> Work:
    return Work(
        name="assess",
        says="Decides whether a recovery may go ahead, from what its own region knows.",
        seconds=30,
        statements=[allow.describe_global_database(), allow.state_table(dynamodb.GetItem, dynamodb.Query)],
        settings={**_CLUSTER, "DR_RPO_SECONDS": RPO_SECONDS.ref, "DR_MODE": MODE.ref},
    )


def _fence() -> Work:
    """Return the one function whose role may assume the partners' fence roles."""
    fence_roles = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/" + naming.FENCE_ROLE.text(region="{region}")
    return Work(
        name="fence",
        says="Closes, or opens again, the lost region's data subnets, as far as it answers.",
        seconds=30,
        statements=[allow.assume_partners_fence()],
        settings={
            "DR_FENCE_ROLES": Sub(fence_roles),
            "DR_NETWORK_ACLS": Join(",", OTHER_NETWORK_ACLS.ref),
            "DR_EXTERNAL_ID": EXTERNAL_ID.ref,
        },
        role_name=naming.RECOVERY_ROLE,
    )


def _promote() -> Work:
    return Work(
        name="promote",
        says="Switches over or fails over, calling the region that the verb wants.",
        seconds=60,
        statements=[allow.describe_global_database(members=False), allow.promote()],
        settings=_CLUSTER,
    )


def _confirm_writer() -> Work:
    return Work(
        name="confirm_writer",
        says="Looks whether this region's writer proof holds since the promotion.",
        seconds=30,
        statements=[
            allow.describe_global_database(members=False),
            allow.state_table(dynamodb.GetItem, dynamodb.Query),
        ],
        settings=_CLUSTER,
    )


def _notice() -> Work:
    return Work(
        name="notice",
        says="Notices a lost region, tells people or starts the recovery, and lifts markers and fences.",
        seconds=55,
        statements=[
            allow.describe_global_database(),
            allow.state_table(dynamodb.DeleteItem, dynamodb.GetItem, dynamodb.PutItem, dynamodb.Query),
            allow.tell_people(),
            allow.use_key(),
            *allow.start_recovery(),
            allow.invoke("fence"),
        ],
        settings={
            **_CLUSTER,
            **_TOPIC,
            **_MACHINE,
            "DR_MODE": MODE.ref,
            "DR_NOTICE_SECONDS": NOTICE_SECONDS.ref,
            "DR_RPO_SECONDS": RPO_SECONDS.ref,
            "DR_APPROVAL_SECONDS": APPROVAL_SECONDS.ref,
        },
    )


def _preflight() -> Work:
    return Work(
        name="preflight",
        says="Runs the whole path dry, and checks what a recovery would need.",
        seconds=300,
        statements=[
            allow.describe_global_database(),
            allow.state_table(dynamodb.GetItem, dynamodb.PutItem),
            allow.tell_people(),
            allow.use_key(),
            allow.look_at_recovery(),
            allow.look_at_secret(),
            allow.list_subscriptions(),
            allow.publish_metrics(),
            allow.invoke(*_DRY_RUN),
            *allow.read_zone(),
        ],
        settings={
            **_CLUSTER,
            **_TOPIC,
            **_MACHINE,
            "DR_FUNCTIONS": Sub(",".join(naming.function(name).text() for name in _DRY_RUN)),
            "DR_DOMAIN": DOMAIN.ref,
            "DR_DNS_REGION": DNS_REGION.ref,
            "DR_ZONE_PARAMETER": naming.ZONE_PARAMETER.sub(),
        },
    )
