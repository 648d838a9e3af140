"""Trap 72: a topic is encrypted with the service's own key."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import SNS, Finding, TrapRule, within
from generator.rules._reading import Reading
from generator.rules._values import text


class TopicKey(TrapRule):
    """Finds where a topic is encrypted with the service's own key."""

    id = "E9072"
    shortdesc = "A topic is encrypted with the service's own key"
    description = (
        "The policy of alias/aws/sns can't be changed and lets neither CloudWatch nor EventBridge nor "
        "RDS use it, so their messages are dropped without a trace. Use a key whose policy names "
        "them."
    )
    source_url = SNS + "sns-key-management.html"
    tags = ("trap 72", "sns", "kms")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return topics encrypted with ``alias/aws/sns``."""
        for resource in template.resources("AWS::SNS::Topic"):
            for properties in resource.variants:
                if text(properties.get("KmsMasterKeyId")).endswith("alias/aws/sns"):
                    message = "alarms and events can't use that key; use your own, which names the services"
                    yield within(resource, message, "KmsMasterKeyId")
