"""What is behind the clients: each region's services, as doubles that carry botocore's own model of the service.

Requests and answers are validated where ``world.strict`` says so (it costs half of a run's time, so a part of the
seeds does); an operation that the service does not have is refused always.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from recovery_world import Body, Double, client_error

from .tables import Table

if TYPE_CHECKING:
    from .world import World


@dataclass(frozen=True)
class Message:
    """What people were sent. topic: the region of the topic. token: of a question."""

    at_ms: int
    topic: str
    subject: str
    text: str
    token: str = ""


class Plain:
    """Operations without the validation."""

    def __init__(self, operations: dict[str, Callable[..., Any]]) -> None:
        self.__dict__.update(operations)


@dataclass
class Cloud:
    """The services of all regions. tables: the state tables. messages: what SNS took."""

    world: World
    messages: list[Message] = field(default_factory=list)
    open_rules: dict[str, int] = field(default_factory=dict)
    _doubles: dict[tuple[str, str], Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tables = {region: Table() for region in (*self.world.data_regions, *self.world.witnesses)}

    def double(self, service: str, region: str) -> Any:
        """Return the service in a region."""
        if (service, region) not in self._doubles:
            operations = self._operations(service, region)
            self._doubles[service, region] = Double(service, operations) if self.world.strict else Plain(operations)
        return self._doubles[service, region]

    def _operations(self, service: str, region: str) -> dict[str, Callable[..., Any]]:
        world = self.world
        if service == "dynamodb":
            return self.tables[region].operations()
        if service == "rds":
            return world.service.operations(region)
        if service == "cloudwatch":
            return {"put_metric_data": lambda **request: world.watch.take(region, request)}
        if service == "sns":
            return {"publish": lambda **request: self._publish(region, **request)}
        if service == "sts":
            return {"assume_role": self._assume}
        if service == "ec2":
            return {
                "create_network_acl_entry": lambda **request: self._fence(region, request),
                "delete_network_acl_entry": lambda **request: self._unfence(region, request),
            }
        if service == "stepfunctions":
            return world.machines[region].operations()
        if service == "lambda":
            return {"invoke": lambda **request: self._invoke(region, **request)}
        raise AssertionError(f"{service} in {region} is not in the path of a recovery")

    def _publish(self, region: str, TopicArn: str, Subject: str, Message: str) -> dict[str, Any]:
        self.tell(region, TopicArn, Subject, Message)
        return {"MessageId": "m"}

    def tell(self, region: str, topic: str, subject: str, text: str, token: str = "") -> None:
        """Send people a message."""
        assert topic.split(":")[3] == region and len(subject) < 100 and "\n" not in subject
        message = Message(self.world.clock.now, region, subject, text, token)
        self.messages.append(message)
        self.world.say("people", region, subject, text.split("\n", maxsplit=1)[0][:200])
        self.world.people.hear(message)

    def _assume(self, **request: Any) -> dict[str, Any]:
        return {
            "Credentials": {
                "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
                "SecretAccessKey": "s",
                "SessionToken": request["RoleArn"],
                "Expiration": "2030-01-01T00:00:00Z",
            }
        }

    def _fences(self) -> dict[str, int]:
        return self.open_rules if self.world.mutant.fence_is_a_rule else self.world.network.fenced

    def _fence(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        fenced = self._fences()
        if region in fenced:
            raise client_error("NetworkAclEntryAlreadyExists")
        fenced[region] = self.world.clock.now
        self.world.say("service", region, "is fenced: its network ACL keeps everybody out")
        return {}

    def _unfence(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        fenced = self._fences()
        if region not in fenced:
            raise client_error("InvalidNetworkAclEntry.NotFound")
        del fenced[region]
        self.world.say("service", region, "is not fenced any more")
        return {}

    def _invoke(self, region: str, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        from interpreter import TaskError

        name = FunctionName.removeprefix(f"dr-example-{region}-").replace("-", "_")
        try:
            answer = self.world.functions.invoke(region, name, json.loads(Payload), 60)
        except TaskError as error:
            return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": Body({"errorMessage": str(error)})}
        return {"StatusCode": 200, "Payload": Body(answer)}
