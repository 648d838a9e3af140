"""Looking when not everybody answers, or not everybody says the same."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError, SSLError

from generator.aws import clients, databases
from generator.aws.clients import LOOKING, RENEWING, Clouds, Keys
from generator.aws.looking import DarkError, ask
from generator.errors import CloudError
from tests.aws.deploy_world import environment

WEST, CENTRAL = "arn:aws:rds:eu-west-1:1:cluster:west", "arn:aws:rds:eu-central-1:1:cluster:central"
WHERE = "https://rds.eu-west-1.amazonaws.com"
SILENT = [
    ConnectTimeoutError(endpoint_url=WHERE),
    EndpointConnectionError(endpoint_url=WHERE),
    SSLError(endpoint_url=WHERE, error=OSError("the handshake was cut off")),
    ReadTimeoutError(endpoint_url=WHERE),
]


@pytest.mark.parametrize("error", SILENT, ids=lambda each: type(each).__name__)
def test_a_region_that_can_not_be_connected_to_is_dark(error: Exception) -> None:
    def question() -> None:
        raise error

    with pytest.raises(DarkError):
        ask("eu-west-1", "asking", question)


class Tokens:
    """STS in every region; those in ``silent`` can't be connected to."""

    def __init__(self, *silent: str) -> None:
        self.silent = silent

    def client(self, _service: str, *, region_name: str, config: Any) -> Any:
        assert config.connect_timeout < 5
        silent = self.silent

        class Client:
            def assume_role(self, **_given: Any) -> Any:
                if region_name in silent:
                    raise ConnectTimeoutError(endpoint_url=f"https://sts.{region_name}.amazonaws.com")
                return {"Credentials": f"given by {region_name}"}

        return Client()


def test_another_regions_sts_is_asked_when_the_first_can_not_be_connected_to() -> None:
    session: Any = Tokens("eu-central-1")
    assert clients._assume(session, "arn:role", ("eu-central-1", "eu-west-1")) == "given by eu-west-1"


def test_when_no_sts_answers_that_is_told_with_what_was_tried() -> None:
    session: Any = Tokens("eu-central-1", "eu-west-1")
    with pytest.raises(CloudError, match="assuming arn:role in eu-central-1"):
        clients._assume(session, "arn:role", ("eu-central-1", "eu-west-1"))


def test_clients_of_any_patience_share_their_credentials() -> None:
    clouds = Clouds(environment("shared"), local=Keys("http://127.0.0.1:9"))
    hasty = clouds.looking()
    assert hasty.patience == LOOKING
    assert hasty is clouds.having(LOOKING) is clouds.having(RENEWING).looking()
    assert hasty.having(clouds.patience) is clouds
    first = clouds.client("sts", "eu-west-1")
    assert hasty.client("sts", "eu-west-1")._request_signer._credentials is first._request_signer._credentials


def _view(writer: str, *members: str) -> dict[str, Any]:
    return {"GlobalClusterMembers": [{"DBClusterArn": each, "IsWriter": each == writer} for each in members]}


@pytest.mark.parametrize(
    ("views", "writers"),
    [
        ([_view(WEST, WEST, CENTRAL), _view(WEST, WEST, CENTRAL)], {WEST}),
        ([_view(WEST, WEST, CENTRAL), _view(CENTRAL, WEST, CENTRAL)], {WEST, CENTRAL}),
        ([_view("", WEST, CENTRAL), _view(CENTRAL, WEST, CENTRAL)], set()),
        ([_view(CENTRAL, CENTRAL), _view(CENTRAL, WEST, CENTRAL)], {CENTRAL}),
    ],
    ids=["they agree", "both are said to write", "one says that nobody does", "one has forgotten a member"],
)
def test_who_writes_is_what_all_regions_say(views: list[dict[str, Any]], writers: set[str]) -> None:
    said = databases.agreed(views)["GlobalClusterMembers"]
    assert {each["DBClusterArn"] for each in said if each["IsWriter"]} == writers
    assert {each["DBClusterArn"] for each in said} == {
        each["DBClusterArn"] for view in views for each in view["GlobalClusterMembers"]
    }


def test_a_failover_that_one_region_knows_of_is_under_way() -> None:
    under_way = {"Status": "failing-over", "ToDbClusterArn": CENTRAL, "IsDataLossAllowed": True}
    views = [_view(WEST, WEST), {**_view(WEST, WEST), "FailoverState": under_way}]
    assert databases.agreed(views)["FailoverState"] == under_way
