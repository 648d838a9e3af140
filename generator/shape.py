"""The few choices that are made when a template is built, and not when it is deployed.

Templates are free of the environment: sizes, ranges and names are parameters. What a parameter can't
carry is a choice of the build: a ``DeletionPolicy`` takes no function without a transform (and
service-managed StackSets refuse transforms, trap 79), and many conditions make a linter and a reader
lose their way (trap 55). ``templates/`` holds the shape of ``stacksets/example.yaml``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ProbeKind = Literal["metric", "endpoint"]
Visibility = Literal["public", "private"]

INTERFACE_SERVICES = (
    "ecr.api", "ecr.dkr", "events", "kms", "logs", "secretsmanager", "sns", "sqs", "ssm", "states", "sts",
)  # fmt: skip
"""Services that an environment may name for its application: those that an endpoint policy is written for."""

GATEWAY_SERVICES = ("dynamodb", "s3")
"""Services that every region has a gateway endpoint for."""


@dataclass(frozen=True)
class Shape:
    """What differs between two builds of the library.

    disposable: data may be deleted with its stack; otherwise it is retained or snapshotted.
    probe: how the writer proof reaches Route 53, by metric or by HTTPS endpoint.
    zone_made: the hosted zone is made by the ``zone`` stack (otherwise a given one is used).
    visibility: whether the zone is public or private.
    checker_ranges: with the endpoint, the address ranges that Route 53's checkers ask from.
    interface_endpoints: services (``logs``, ``sts`` …) that the application needs from inside the VPC.
    """

    disposable: bool = False
    probe: ProbeKind = "metric"
    zone_made: bool = True
    visibility: Visibility = "public"
    checker_ranges: tuple[str, ...] = ()
    interface_endpoints: tuple[str, ...] = ("logs", "secretsmanager", "sns", "sts")

    @property
    def data_policy(self) -> Literal["Delete", "Retain"]:
        """Return the update-replace policy of a resource that holds data and can't be snapshotted."""
        return "Delete" if self.disposable else "Retain"

    @property
    def retain_policy(self) -> Literal["Delete", "RetainExceptOnCreate"]:
        """Return the deletion policy of such a resource.

        Retained, but not when its very creation is rolled back: what a failed first deploy leaves behind
        would hold its name, and the second could not be made (CloudFormation guide, "DeletionPolicy
        attribute").
        """
        return "Delete" if self.disposable else "RetainExceptOnCreate"

    @property
    def snapshot_policy(self) -> Literal["Delete", "Snapshot"]:
        """Return the update-replace policy of a database cluster."""
        return "Delete" if self.disposable else "Snapshot"
