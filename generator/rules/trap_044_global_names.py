"""Trap 44: a name that is global has no region in it."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import IAM, Finding, TrapRule, within
from generator.rules._reading import Reading
from generator.rules._values import target, text

NAMED = {
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::Group": "GroupName",
    "AWS::S3::Bucket": "BucketName",
}


class GlobalNames(TrapRule):
    """Finds where a name that is global has no region in it."""

    id = "E9044"
    shortdesc = "A name that is global has no region in it"
    description = (
        "Names of IAM roles and buckets are shared by all regions of an account, or by all accounts. "
        "A template sent to a second region with the same name is refused there."
    )
    source_url = IAM + "reference_iam-quotas.html"
    tags = ("trap 44", "iam", "s3")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return roles, policies, profiles and buckets whose name is the same in every region."""
        for resource in template.resources(*NAMED):
            for properties in resource.variants:
                key = NAMED[resource.type]
                name = properties.get(key)
                if name is None or target(name):
                    continue
                written = text(name)
                if "${AWS::Region}" not in written and "${Fn::" not in written:
                    yield within(resource, f"{written} exists once for all regions; put AWS::Region in", key)
