"""What a rule finds, and the frame that all our rules share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

from generator.rules._reading import Reading, Resource

AURORA = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
CLOUDFORMATION = "https://docs.aws.amazon.com/AWSCloudFormation/latest/"
CLOUDWATCH = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/"
IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
KMS = "https://docs.aws.amazon.com/kms/latest/developerguide/"
LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/"
LOGS = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/"
RESOURCE = CLOUDFORMATION + "TemplateReference/"
ROUTE53 = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/"
ROUTE53_API = "https://docs.aws.amazon.com/Route53/latest/APIReference/"
S3 = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"
SECRETS = "https://docs.aws.amazon.com/secretsmanager/latest/userguide/"
SNS = "https://docs.aws.amazon.com/sns/latest/dg/"


@dataclass(frozen=True)
class Finding:
    """One thing wrong: a path in the template, and a sentence that says what and what to do."""

    path: tuple[str | int, ...]
    message: str


class TrapRule(CloudFormationLintRule):  # type: ignore[misc]
    """A rule that looks for one trap; subclasses give ``findings``.

    It has no id itself, and cfn-lint leaves rules without one out.
    """

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return what is wrong in the template; the same finding may come more than once."""
        raise NotImplementedError(f"{self.id} looks for nothing in {template}")

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Return each finding once, at the nearest place that the template's text has."""
        reading = Reading(cfn.template, cfn.regions)
        found = dict.fromkeys(self.findings(reading))
        return [RuleMatch(reading.locate(list(each.path)), each.message) for each in found]


def within(resource: Resource, message: str, *path: str | int) -> Finding:
    """Return a finding at ``path`` below the resource's properties."""
    return Finding((*resource.place, "Properties", *path), message)


def beside(resource: Resource, message: str, *path: str | int) -> Finding:
    """Return a finding at ``path`` below the resource itself."""
    return Finding((*resource.place, *path), message)
