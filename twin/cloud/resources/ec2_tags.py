"""Tags of EC2's resources, which have calls of their own."""

from __future__ import annotations

from twin.cloud.resources.services import ask
from twin.cloud.resources.types import Properties, tags


def retag(physical: str, old: Properties, new: Properties) -> None:
    """Bring an EC2 resource's tags from the old properties' to the new ones'."""
    wanted = tags(new)
    gone = {each["Key"] for each in tags(old)} - {each["Key"] for each in wanted}
    if gone:
        ask("ec2", "DeleteTags", Resources=[physical], Tags=[{"Key": key} for key in sorted(gone)])
    if wanted:
        ask("ec2", "CreateTags", Resources=[physical], Tags=wanted)
