"""What StackSets says when an answer was lost or a moment too early, told by a client that says it on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from generator.aws.access import automatic, ownership
from generator.aws.clients import Clouds, Keys
from generator.aws.control import Control
from generator.aws.paces import Pace, Paces
from generator.aws.perform import perform
from generator.aws.stacksets import begin
from generator.errors import CloudError
from generator.plan.model import DeleteStackSet
from tests.aws.deploy_world import environment

SOON = Paces(settling=Pace(0.001, 1.0, 0.001, 0.003), busy=Pace(0.001, 1.0, 0.001, 0.01))
NAME = "dr-said-keys"


def _said(code: str, action: str = "StackSet") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"{code}, it says"}}, action)


class Service:
    """A client of CloudFormation that refuses with these codes, one after the other, and then accepts."""

    def __init__(self, *codes: str, listed: bool = False) -> None:
        self.codes, self.listed = list(codes), listed
        self.asked: list[str] = []

    def delete_stack_set(self, **_given: Any) -> Mapping[str, Any]:
        self.asked.append("delete")
        if self.codes:
            raise _said(self.codes.pop(0))
        return {}

    def update(self, OperationId: str) -> Mapping[str, Any]:
        self.asked.append(OperationId)
        if self.codes:
            raise _said(self.codes.pop(0))
        return {"OperationId": OperationId}

    def describe_stack_set_operation(self, **given: Any) -> Mapping[str, Any]:
        if not self.listed:
            raise _said("OperationNotFoundException")
        return {"StackSetOperation": {"OperationId": given["OperationId"], "Status": "RUNNING"}}


class Around(Clouds):
    """Clouds whose StackSets are that service."""

    def __init__(self, service: Service, model: str = "self-managed") -> None:
        wanted = environment("said").model_copy(update={"permission_model": model})
        super().__init__(wanted, local=Keys("http://127.0.0.1:9"))
        self._service = service

    def stacksets(self) -> Any:
        return self._service


def _control(service: Service) -> Control:
    return Control(Around(service), paces=SOON)


def test_a_stale_request_whose_operation_is_listed_was_accepted_before() -> None:
    service = Service(*["StaleRequestException"] * 50, listed=True)
    operation = begin(_control(service), NAME, "UPDATE", ("eu-west-1",), service.update)
    assert service.asked == [operation.id]


def test_a_stale_request_that_nobody_knows_is_sent_again_as_it_was() -> None:
    service = Service("StaleRequestException", "StaleRequestException")
    operation = begin(_control(service), NAME, "UPDATE", ("eu-west-1",), service.update)
    assert service.asked == [operation.id] * 3


@pytest.mark.parametrize("code", ["OperationInProgressException", "StackSetNotEmptyException"])
def test_a_stackset_that_can_not_be_deleted_yet_is_deleted_a_moment_later(code: str) -> None:
    service = Service(code, code)
    perform(DeleteStackSet("", NAME), _control(service))
    assert len(service.asked) == 3


def test_a_stackset_that_stays_full_is_told_within_a_bound() -> None:
    service = Service(*["StackSetNotEmptyException"] * 50)
    with pytest.raises(CloudError, match=f"deleting the StackSet {NAME} in .*: StackSetNotEmptyException"):
        perform(DeleteStackSet("", NAME), _control(service))
    assert 2 < len(service.asked) < 10


def test_what_is_refused_for_good_is_not_asked_for_again() -> None:
    service = Service("AccessDenied")
    with pytest.raises(CloudError, match="AccessDenied"):
        perform(DeleteStackSet("", NAME), _control(service))
    assert service.asked == ["delete"]


def test_automatic_deployment_is_settled_when_a_stackset_is_created_and_never_after() -> None:
    managed, own = Around(Service(), "service-managed"), Around(Service())
    assert automatic(managed) == {"AutoDeployment": {"Enabled": False}}
    assert automatic(own) == {}
    assert "AutoDeployment" not in ownership(managed)
