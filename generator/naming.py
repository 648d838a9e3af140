"""Every physical name and tag, once, for templates and for Python.

A :class:`Name` is a pattern with the holes ``{suffix}``, ``{region}`` and ``{account}``. A template takes
it as ``Fn::Sub`` (:meth:`Name.sub`), Python fills it in (:meth:`Name.of`), and both say the same.

A suffix has no hyphen: policies name ``dr-SUFFIX-*``, and with one the environment ``a`` could touch what belongs
to ``a-b``.

Names carry the region, never the role: roles swap, names do not. Names that are global within an account
(IAM roles, buckets) or must be unique across regions (Aurora clusters, trap 16) carry it for that reason
too.
"""

from __future__ import annotations

from dataclasses import dataclass

from troposphere import Sub

LONGEST = {"bucket": 63, "cluster": 63, "role": 64, "function": 64, "topic": 256, "stackset": 128}
"""Longest name of a kind, in characters.

S3 User Guide "General purpose bucket naming rules"; Aurora User Guide "Creating an Amazon Aurora DB
cluster"; IAM User Guide "IAM and AWS STS quotas"; Lambda API ``CreateFunction``; SNS API ``CreateTopic``;
CloudFormation API ``CreateStackSet``.
"""


@dataclass(frozen=True)
class Name:
    """A physical name as a pattern; ``kind`` says which limit of :data:`LONGEST` applies."""

    pattern: str
    kind: str = ""

    def of(self, *, suffix: str, region: str = "", account: str = "") -> str:
        """Return the name in one environment, region and account."""
        return self.pattern.format(suffix=suffix, region=region, account=account)

    def sub(self, region: str = "${AWS::Region}") -> Sub:
        """Return the name as a template says it; ``region`` may be another ``${...}`` or a pattern."""
        return Sub(self.text(region))

    def text(self, region: str = "${AWS::Region}") -> str:
        """Return the name as text for a longer ``Fn::Sub``, an ARN for example."""
        return self.pattern.format(suffix="${Suffix}", region=region, account="${AWS::AccountId}")


STACKSET = Name("dr-{suffix}", "stackset")  # and -TEMPLATE[-PLACE]

GLOBAL_CLUSTER = Name("dr-{suffix}", "cluster")
CLUSTER = Name("dr-{suffix}-{region}", "cluster")
DATABASE_SECRET = Name("dr-{suffix}-database")
KEY_ALIAS = Name("alias/dr-{suffix}")
DATA_BUCKET = Name("dr-{suffix}-{region}-{account}-data", "bucket")
LOG_BUCKET = Name("dr-{suffix}-{region}-{account}-logs", "bucket")
CODE_BUCKET = Name("dr-{suffix}-{region}-{account}-code", "bucket")
TEMPLATE_BUCKET = Name("dr-{suffix}-{region}-{account}-bodies", "bucket")
DEPLOYMENT_TABLE = Name("dr-{suffix}-deployment")
STATE_TABLE = Name("dr-{suffix}-{region}-state")
TOPIC = Name("dr-{suffix}-{region}-notices", "topic")
STATE_MACHINE = Name("dr-{suffix}-{region}-recovery")
VAULT = Name("dr-{suffix}-{region}")
ZONE_PARAMETER = Name("/dr/{suffix}/zone")
HEALTH_PARAMETER = Name("/dr/{suffix}/health")

ADMINISTRATION_ROLE = Name("dr-{suffix}-stackset-administration", "role")
EXECUTION_ROLE = Name("dr-{suffix}-stackset-execution", "role")
FENCE_ROLE = Name("dr-{suffix}-{region}-fence", "role")
RECOVERY_ROLE = Name("dr-{suffix}-{region}-recovery", "role")


def function(name: str) -> Name:
    """Return the name of the function in ``lambda/NAME.py``."""
    return Name("dr-{suffix}-{region}-" + name.replace("_", "-"), "function")


def role(purpose: str) -> Name:
    """Return the name of the role for ``purpose``; a function's role is named after the function."""
    return Name("dr-{suffix}-{region}-" + purpose.replace("_", "-"), "role")


def tags(suffix: str, extra: dict[str, str] | None = None) -> dict[str, str]:
    """Return the tags that every stack of an environment carries (CloudFormation hands them on)."""
    return {"disaster-recovery:environment": suffix, **(extra or {})}
