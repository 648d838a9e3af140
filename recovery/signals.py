"""The words that templates, functions, twin and command line say to each other.

Metrics are published by ``prove_writer`` **in its own region**, under a namespace of the environment's
own, so that a policy's ``cloudwatch:namespace`` condition keeps one environment from proving another
healthy. Items live in one DynamoDB table a region (partition key ``kind``, sort key ``name``, both
strings), which everything that decides reads locally.

========== ===================== ============================================================
kind       name                  what it says
========== ===================== ============================================================
view       ``VOTER#ABOUT``       what region VOTER last saw of region ABOUT; ``X#X`` is X's own proof
superseded ``REGION``            this region took over from REGION, which is not yet a replica again
fence      ``REGION``            this region has fenced, or was about to fence, REGION
lease      ``recovery``          the execution that recovers now; taken by a conditional write
incident   ``REGION``            since when REGION's loss is noticed here, and what was told
breach     the sentence          since when an invariant is seen broken here, and whether that was told
preflight  ``newest``            the newest standing pre-flight and its findings
========== ===================== ============================================================
"""

from __future__ import annotations

NAMESPACE_PREFIX = "DisasterRecovery/"
"""The CloudWatch namespace is this and the environment's suffix."""

# Metrics. Every one has the dimension Region; the value is the region that the metric is *about*.
WRITER_PROOF = "WriterProof"  # 1 proved, 0 not; standard resolution, the one Route 53 may read (trap 28)
WRITER_PROOF_FAST = "WriterProofFast"  # the same at high resolution, for alarms
PROBED = "Probed"  # 1 in every round, in a witness too: its absence is the probe's silence
SUPERSEDED = "Superseded"  # 1 while the publishing region has superseded the region it is about
HEARTBEAT_AGE = "HeartbeatAge"  # seconds since the replicated heartbeat, on a standby only; negative: clocks differ
PARTNER_WRITER = "PartnerWriter"  # 1 when the partner's database was reached and is its writer
PARTNER_REACHED = "PartnerReached"  # 1 when the partner's database answered at all
PREFLIGHT = "Preflight"  # 1 when the newest pre-flight found nothing
HEALTH_CHECK_STATUS = "HealthCheckStatus"  # Route 53's own, mirrored from us-east-1 by vote (trap 36)
DIMENSION_REGION = "Region"

# Items of the state table.
KEY_KIND = "kind"
KEY_NAME = "name"
VIEW = "view"
SUPERSEDED_ITEM = "superseded"
FENCE = "fence"
LEASE = "lease"
LEASE_NAME = "recovery"
INCIDENT = "incident"
BREACH = "breach"
PREFLIGHT_ITEM = "preflight"

# Verbs of the state machine.
SWITCHOVER = "switchover"
FAILOVER = "failover"

# The database's own names.
PROBE_USER = "dr_probe"
SCHEMA = "dr"
HEARTBEAT_TABLE = "heartbeat"


def namespace(suffix: str) -> str:
    """Return the CloudWatch namespace of the environment called ``suffix``."""
    return NAMESPACE_PREFIX + suffix


def view_name(voter: str, about: str) -> str:
    """Return the sort key under which ``voter`` keeps what it saw of ``about``."""
    return f"{voter}#{about}"


def writer_host(reader_host: str) -> str:
    """Return a cluster's writer endpoint, derived from its reader endpoint.

    A standby cluster has no writer endpoint until it is promoted, so neither ``GetAtt`` nor
    ``DescribeDBClusters`` can be asked for it (trap 70). The two names differ in ``cluster-ro-`` alone
    (Aurora User Guide, "Amazon Aurora endpoint connections").
    """
    return reader_host.replace(".cluster-ro-", ".cluster-", 1)
