"""Trap 36a: an alarm is told to start a state machine."""

from __future__ import annotations

from collections.abc import Iterator

from generator.rules._finding import CLOUDWATCH, Finding, TrapRule, within
from generator.rules._reading import Reading
from generator.rules._values import listed, target, text


class AlarmAction(TrapRule):
    """Finds where an alarm is told to start a state machine."""

    id = "E9036"
    shortdesc = "An alarm is told to start a state machine"
    description = (
        "CloudWatch has no such action. Let the alarm call a function (principal "
        "lambda.alarms.cloudwatch.amazonaws.com) and let a schedule look again, because actions fire "
        "on a change alone."
    )
    source_url = CLOUDWATCH + "alarm-actions.html"
    tags = ("trap 36a", "cloudwatch", "stepfunctions")

    def findings(self, template: Reading) -> Iterator[Finding]:
        """Return alarm actions that are state machines."""
        for resource in template.resources("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
            for properties in resource.variants:
                for key in ("AlarmActions", "OKActions", "InsufficientDataActions"):
                    for index, action in enumerate(listed(properties.get(key))):
                        machine = template.resource(target(action), "AWS::StepFunctions::StateMachine")
                        if machine or ":states:" in text(action):
                            message = "an alarm can't start a state machine; call a function that does"
                            yield within(resource, message, key, index)
