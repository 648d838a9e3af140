"""What proves, every ten seconds, that this region can take a write, and what tells the others.

The writer proof signs in by IAM, writes to the region's own database and reads the row back; it publishes 1
or an explicit 0 as a metric of its own region, and keeps the newest in the region's state table. In a
witness it has no database and only looks at the others. ``vote`` is outside the VPC and carries what was
seen to the other regions' tables, so that deciding reads only what is local.
"""

from __future__ import annotations

from awacs import dynamodb
from troposphere import Equals, If, Join, Not, NoValue, Ref, Sub, Template
from troposphere.cloudwatch import Alarm, MetricDimension
from troposphere.dynamodb import (
    AttributeDefinition,
    KeySchema,
    PointInTimeRecoverySpecification,
    Table,
)

from generator import naming
from generator.inputs import (
    CLIENT_GROUP_ID,
    CODE_BUCKET,
    COMPUTE_SUBNET_IDS,
    DATA_REGIONS,
    DATABASE_NAME,
    INTERVAL_SECONDS,
    KEY_ARN,
    LOG_DAYS,
    NOTICE_ARN,
    PARTNER_READER_HOSTS,
    PARTNER_USER_ARNS,
    PROBE_USER_ARN,
    READER_HOST,
    STEP_SECONDS,
    SUFFIX,
    TOPIC_ARN,
    WITNESS_REGIONS,
    code_key,
)
from generator.policies import functions as allow
from generator.shape import Shape
from generator.slots import NONE
from generator.stacks import _functions
from generator.stacks._alarms import error_alarm
from generator.stacks._functions import Work
from generator.stacks._template import outputs, template
from generator.stacks.network import POSTGRESQL
from recovery import signals

FUNCTIONS = ("prove_writer", "vote", "bootstrap_database")
_MINUTE = 60
_WINDOW_SECONDS = _MINUTE
"""How often the functions that do rounds are started, and so for how long each goes on with them."""

_EVERY_WINDOW = f"rate({_WINDOW_SECONDS // _MINUTE} minute)"
_ROUNDS_SECONDS = _WINDOW_SECONDS + 15
"""A minute of rounds and the end of the last: with less, the last round of every minute would not be begun."""


def build(shape: Shape) -> Template:
    """Return the template ``probe``."""
    prove, vote, _ = works = _works()
    result = template(
        "The writer proof, the votes, the state table and their alarms.",
        (
            SUFFIX, DATA_REGIONS, WITNESS_REGIONS, LOG_DAYS, KEY_ARN, TOPIC_ARN, NOTICE_ARN, COMPUTE_SUBNET_IDS,
            CLIENT_GROUP_ID, DATABASE_NAME, READER_HOST, PROBE_USER_ARN, PARTNER_READER_HOSTS, PARTNER_USER_ARNS,
            CODE_BUCKET, *(code_key(name) for name in FUNCTIONS), INTERVAL_SECONDS, STEP_SECONDS,
        ),
    )  # fmt: skip
    result.add_condition("HasDatabase", Not(Equals(READER_HOST.ref, NONE)))
    result.add_resource(_state_table(shape))
    for work in works:
        for resource in (
            _functions.log_group(work), _functions.role(work), _functions.function(work), _functions.no_retries(work),
        ):  # fmt: skip
            result.add_resource(resource)
    for resource in (
        _functions.schedule_role("probe-schedules", [prove, vote]),
        _functions.schedule(prove, _EVERY_WINDOW),
        _functions.schedule(vote, _EVERY_WINDOW),
        _change_alarm(),
        _silence_alarm(),
        error_alarm(prove, TOPIC_ARN.ref),
        error_alarm(vote, TOPIC_ARN.ref),
    ):
        result.add_resource(resource)
    outputs(
        result,
        StateTable=(Ref("StateTable"), "The region's state table."),
        BootstrapName=(Ref("BootstrapDatabase"), "The function that deploy calls in the active region."),
        ProveWriterName=(Ref("ProveWriter"), "The function that makes the writer proof."),
    )
    return result


def _works() -> tuple[Work, Work, Work]:
    database = {
        "DR_READER_HOST": READER_HOST.ref,
        "DR_PORT": str(POSTGRESQL),
        "DR_DATABASE": DATABASE_NAME.ref,
    }
    nobody = allow.arn("rds-db", f"dbuser:none/{signals.PROBE_USER}")
    users = [If("HasDatabase", PROBE_USER_ARN.ref, nobody)]
    return (
        Work(
            "prove_writer", "Proves that this region can take a write, and looks at the others.", _ROUNDS_SECONDS,
            [
                allow.sign_in_as_probe(users), allow.sign_in_elsewhere(PARTNER_USER_ARNS.ref), allow.publish_metrics(),
                allow.state_table(dynamodb.PutItem, dynamodb.Query),
            ],
            {
                **database, "DR_PARTNER_READER_HOSTS": Join(",", PARTNER_READER_HOSTS.ref),
                "DR_INTERVAL_SECONDS": INTERVAL_SECONDS.ref, "DR_WINDOW_SECONDS": str(_WINDOW_SECONDS),
                "DR_STEP_SECONDS": STEP_SECONDS.ref,
            },
            memory=512, in_vpc=True,
        ),
        Work(
            "vote", "Carries what this region saw to the other regions' state tables.", _ROUNDS_SECONDS,
            [
                allow.state_table(dynamodb.Query), allow.push_views(), allow.read_health_parameter(),
                allow.read_metrics("us-east-1"), allow.publish_metrics(),
            ],
            {
                "DR_HEALTH_PARAMETER": If("HasDatabase", naming.HEALTH_PARAMETER.sub(), NONE),
                "DR_INTERVAL_SECONDS": INTERVAL_SECONDS.ref, "DR_WINDOW_SECONDS": str(_WINDOW_SECONDS),
            },
        ),
        Work(
            "bootstrap_database", "Makes the probe's role and table in the active region's database.", _MINUTE,
            [allow.read_secret(), allow.use_key()], {**database, "DR_SECRET": naming.DATABASE_SECRET.sub()},
            in_vpc=True,
        ),
    )  # fmt: skip


def _state_table(shape: Shape) -> Table:
    """Return the region's state table. What is in it lives for minutes, and is made again by the next proof.

    It is not protected against deletion: a first deploy that is rolled back could not take it away, and the
    next could not make it (decision 5).
    """
    return Table(
        "StateTable",
        TableName=naming.STATE_TABLE.sub(),
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            AttributeDefinition(AttributeName=signals.KEY_KIND, AttributeType="S"),
            AttributeDefinition(AttributeName=signals.KEY_NAME, AttributeType="S"),
        ],
        KeySchema=[
            KeySchema(AttributeName=signals.KEY_KIND, KeyType="HASH"),
            KeySchema(AttributeName=signals.KEY_NAME, KeyType="RANGE"),
        ],
        PointInTimeRecoverySpecification=PointInTimeRecoverySpecification(PointInTimeRecoveryEnabled=True),
        DeletionPolicy=shape.retain_policy,
        UpdateReplacePolicy=shape.data_policy,
        Metadata={
            "checkov": {
                "skip": [
                    {
                        "id": "CKV_AWS_119",
                        "comment": "a key that DynamoDB owns: ours would put KMS on the path of every proof, and"
                        " another region's KMS on the path of every vote; it holds health, no data of anybody's",
                    }
                ]
            }
        },
    )


def _change_alarm() -> Alarm:
    """Return the alarm that tells, within thirty seconds, that this region began or ceased to be the writer.

    Thirty seconds hold at least one proof at any interval that an environment may choose.
    """
    return Alarm(
        "WriterChanged",
        AlarmName=Sub("dr-${Suffix}-${AWS::Region}-writer-changed"),
        AlarmDescription="In alarm while this region is not the proven writer. A change is worth knowing; being in"
        " alarm is right for a standby.",
        Namespace=Sub(signals.NAMESPACE_PREFIX + "${Suffix}"),
        MetricName=signals.WRITER_PROOF_FAST,
        Dimensions=[MetricDimension(Name=signals.DIMENSION_REGION, Value=Ref("AWS::Region"))],
        Statistic="Maximum",
        Period=30,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="missing",
        AlarmActions=[TOPIC_ARN.ref, NOTICE_ARN.ref],
        OKActions=[TOPIC_ARN.ref],
    )


def _silence_alarm() -> Alarm:
    """Return the alarm that tells that no proof, neither yes nor no, has come for three minutes."""
    return Alarm(
        "ProbeSilent",
        AlarmName=Sub("dr-${Suffix}-${AWS::Region}-probe-silent"),
        AlarmDescription="The probe has published nothing for three minutes: Route 53 takes the region for unhealthy.",
        Namespace=Sub(signals.NAMESPACE_PREFIX + "${Suffix}"),
        MetricName=signals.PROBED,
        Dimensions=[MetricDimension(Name=signals.DIMENSION_REGION, Value=Ref("AWS::Region"))],
        Statistic="SampleCount",
        Period=_MINUTE,
        EvaluationPeriods=3,
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="breaching",
        AlarmActions=[If("HasDatabase", TOPIC_ARN.ref, NoValue)],
        OKActions=[If("HasDatabase", TOPIC_ARN.ref, NoValue)],
    )
