"""The endpoint that tells Route 53 of the newest proof: a regional REST API over DynamoDB, and no function.

DynamoDB does the arithmetic: the query asks for this region's own proof that says "writer" and is valid
longer than the request's time, so that what comes back is one item or none, and a stale proof is no proof
(trap 33). Anything but one item is 503. Only Route 53's checkers may ask.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from awacs import execute_api
from awacs.aws import (
    Allow,
    Condition,
    IpAddress,
    PolicyDocument,
    Principal,
    Statement,
)
from troposphere import GetAtt, Ref, Sub, encode_to_dict
from troposphere.apigateway import (
    Deployment,
    EndpointConfiguration,
    Integration,
    IntegrationResponse,
    Method,
    MethodResponse,
    MethodSetting,
    Resource,
    RestApi,
    Stage,
)
from troposphere.iam import Policy, Role

from generator import naming
from generator.policies import services, trust

STAGE = "live"
PATH = f"/{STAGE}/proof"

_QUERY = """\
{
  "TableName": "%TABLE%",
  "ConsistentRead": true,
  "Limit": 1,
  "KeyConditionExpression": "#kind = :view and #name = :own",
  "FilterExpression": "#writer = :yes and #until > :now",
  "ExpressionAttributeNames": {
    "#kind": "kind", "#name": "name", "#writer": "writer", "#until": "valid_until_ms"
  },
  "ExpressionAttributeValues": {
    ":view": {"S": "view"},
    ":own": {"S": "${AWS::Region}#${AWS::Region}"},
    ":yes": {"BOOL": true},
    ":now": {"N": "$context.requestTimeEpoch"}
  }
}
"""

_ANSWER = """\
#if($input.path('$.Count') == 1)
{"writer": true}
#else
#set($context.responseOverride.status = 503)
{"writer": false}
#end
"""

_FAILURE = """\
#set($context.responseOverride.status = 503)
{"writer": false}
"""


def resources(ranges: tuple[str, ...]) -> list[Any]:
    """Return the API and what it needs; ``ranges`` are those of Route 53's checkers. Raises ValueError without any."""
    if not ranges:
        raise ValueError("nobody could ask the endpoint: no range of Route 53's checkers is given")
    api, method = _api(ranges), _method()
    deployment = _deployment(api, method)
    return [api, _role(), _resource(), method, deployment, _stage(deployment)]


def host() -> Sub:
    """Return the endpoint's host name."""
    return Sub("${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}")


def url() -> Sub:
    """Return the endpoint's address."""
    return Sub("https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}" + PATH)


def _api(ranges: tuple[str, ...]) -> RestApi:
    """Return the API; its policy lets nobody in but the published ranges of Route 53's checkers."""
    policy = PolicyDocument(
        Version="2012-10-17",
        Statement=[
            Statement(
                Sid="CheckersMayAsk",
                Effect=Allow,
                Principal=Principal("*"),
                Action=[execute_api.Invoke],
                Resource=[f"execute-api:/{STAGE}/GET/proof"],
                Condition=Condition(IpAddress("aws:SourceIp", list(ranges))),
            )
        ],
    )
    return RestApi(
        "Api",
        Name=Sub("dr-${Suffix}-${AWS::Region}-proof"),
        Description="Tells Route 53 whether this region's newest writer proof holds.",
        EndpointConfiguration=EndpointConfiguration(Types=["REGIONAL"]),
        Policy=encode_to_dict(policy),
    )


def _role() -> Role:
    return Role(
        "ApiRole",
        RoleName=naming.role("proof-endpoint").sub(),
        Description="Reads the newest proof for the endpoint.",
        AssumeRolePolicyDocument=trust.service("apigateway.amazonaws.com"),
        Policies=[
            Policy(
                PolicyName="read",
                PolicyDocument=PolicyDocument(Version="2012-10-17", Statement=[services.read_newest_proof()]),
            )
        ],
    )


def _resource() -> Resource:
    return Resource("ApiProof", RestApiId=Ref("Api"), ParentId=GetAtt("Api", "RootResourceId"), PathPart="proof")


def _method() -> Method:
    """Return the method. Its timeout is under the two seconds in which a checker wants an answer (trap 33)."""
    query = _QUERY.replace("%TABLE%", naming.STATE_TABLE.text())
    return Method(
        "ApiMethod",
        RestApiId=Ref("Api"),
        ResourceId=Ref("ApiProof"),
        HttpMethod="GET",
        AuthorizationType="NONE",
        Integration=Integration(
            Type="AWS",
            IntegrationHttpMethod="POST",
            Uri=Sub("arn:${AWS::Partition}:apigateway:${AWS::Region}:dynamodb:action/Query"),
            Credentials=GetAtt("ApiRole", "Arn"),
            PassthroughBehavior="NEVER",
            TimeoutInMillis=1500,
            RequestTemplates={"application/json": Sub(query)},
            IntegrationResponses=[
                IntegrationResponse(StatusCode="200", ResponseTemplates={"application/json": _ANSWER}),
                IntegrationResponse(
                    StatusCode="503",
                    SelectionPattern=r"[45]\d{2}",
                    ResponseTemplates={"application/json": _FAILURE},
                ),
            ],
        ),
        MethodResponses=[MethodResponse(StatusCode="200"), MethodResponse(StatusCode="503")],
        Metadata={
            "checkov": {
                "skip": [
                    {
                        "id": "CKV_AWS_59",
                        "comment": "Route 53's checkers can't sign a request; the API's policy lets nobody else in",
                    }
                ]
            }
        },
    )


def _deployment(api: RestApi, method: Method) -> Deployment:
    """Return the deployment. It is a snapshot, so its title changes with what it is a snapshot of.

    Otherwise a stage goes on serving methods, and the policy of who may ask, as they were at the first
    deployment (API Gateway guide, "Deploy REST APIs in API Gateway"). That is why the checkers' ranges are a
    choice of the build: a parameter can't change a title.
    """
    snapshot = json.dumps([encode_to_dict(api), encode_to_dict(method)], sort_keys=True)
    digest = hashlib.sha256(snapshot.encode()).hexdigest()[:8]
    return Deployment(f"ApiDeployment{digest}", RestApiId=Ref("Api"), DependsOn=["ApiMethod"])


def _stage(deployment: Deployment) -> Stage:
    return Stage(
        "ApiStage",
        RestApiId=Ref("Api"),
        DeploymentId=Ref(deployment),
        StageName=STAGE,
        TracingEnabled=True,
        MethodSettings=[
            MethodSetting(ResourcePath="/*", HttpMethod="*", ThrottlingRateLimit=100, ThrottlingBurstLimit=200)
        ],
        Metadata={
            "checkov": {
                "skip": [
                    {
                        "id": "CKV_AWS_76",
                        "comment": "access logs need a setting of the whole account and region, over which"
                        " environments would collide (as in trap 93); the checkers' own status is the log",
                    },
                    {
                        "id": "CKV_AWS_120",
                        "comment": "a cached answer would be a stale proof",
                    },
                ]
            }
        },
    )
