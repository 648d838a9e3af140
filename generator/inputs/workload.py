"""Parameters of the database, of storage, backups and function packages."""

from __future__ import annotations

from generator.inputs.kinds import (
    ARN,
    CODE,
    DATABASE,
    LIST,
    NONE_OR,
    REGION_PATTERN,
    STORAGE,
    Input,
    choice,
    number,
    optional,
    pattern,
)
from generator.links import Computed, Form, Output, Setting, Where
from generator.slots import NONE, PARTNERS, pad

# Database
BIRTH = Input(
    "Birth", "Role at birth",
    "What the region was when its cluster was created: the origin creates the master user, a standby must not."
    " Recorded at birth and never derived again.",
    DATABASE, Setting("regions.*.role"), rules=choice("origin", "standby"),
)  # fmt: skip
ENGINE_VERSION = Input(
    "EngineVersion", "Engine version", "The Aurora PostgreSQL version, the same in all regions.", DATABASE,
    Setting("database.engine_version"), rules=pattern(r"^\d{2}\.\d{1,2}(\.\d{1,2})?$", "a version such as 16.8"),
)  # fmt: skip
PARAMETER_FAMILY = Input(
    "ParameterFamily", "Parameter group family", "The parameter groups' family, from the major version.", DATABASE,
    Computed("aurora-postgresql and the major version"), rules=pattern(r"^aurora-postgresql\d{2}$", "a family"),
)  # fmt: skip
DATABASE_NAME = Input(
    "DatabaseName", "Database", "The database that the origin creates and the probe writes to.", DATABASE,
    Setting("database.name"), rules=pattern("^[a-z][a-z0-9_]{0,62}$", "a letter, then letters, digits, underscores"),
)  # fmt: skip
INSTANCE_CLASS = Input(
    "InstanceClass", "Instance class", "A memory-optimized class, or db.serverless.", DATABASE,
    Setting("database.instance_class"),
    rules=pattern(r"^db\.(serverless|[rx]\d[a-z0-9]*\.\w+)$", "db.r…, db.x… or db.serverless"),
)  # fmt: skip
MIN_CAPACITY = Input(
    "MinCapacity", "Smallest capacity", "Serverless v2: the least, in ACUs.", DATABASE,
    Setting("database.capacity.min"), "Number", number(0, 256),
)  # fmt: skip
MAX_CAPACITY = Input(
    "MaxCapacity", "Largest capacity", "Serverless v2: the most, in ACUs.", DATABASE,
    Setting("database.capacity.max"), "Number", number(1, 256),
)  # fmt: skip
INSTANCES = Input(
    "Instances", "Instances", "How many instances the region's cluster has.", DATABASE,
    Setting("database.instances"), "Number", {"AllowedValues": [1, 2, 3]},
)  # fmt: skip
BACKUP_DAYS = Input(
    "BackupDays", "Days of backups", "How long automated backups are kept, in days.", DATABASE,
    Setting("database.backup_days"), "Number", number(1, 35),
)  # fmt: skip
DELETION_PROTECTION = Input(
    "DeletionProtection", "Deletion protection", "Whether the database refuses to be deleted.", DATABASE,
    Setting("database.deletion_protection"), rules=choice("true", "false"),
)  # fmt: skip
SOURCE_REGION = Input(
    "SourceRegion", "Source region",
    "For a standby: the region whose writer it was born from. Recorded at birth: changing it replaces the cluster.",
    DATABASE, Setting("regions"), rules=pattern(NONE_OR.format(REGION_PATTERN.strip("^$")), "a region, or none"),
)  # fmt: skip
REPLICA_REGIONS = Input(
    "ReplicaRegions", "Other data regions", f"The other data regions, filled up with {NONE}.", DATABASE,
    Setting("regions"), LIST,
    pattern(NONE_OR.format(REGION_PATTERN.strip("^$")), "regions, or none"),
)  # fmt: skip
REPLICA_KEY_ARNS = Input(
    "ReplicaKeyArns", "Other data regions' keys", f"Their keys in the same order, filled up with {NONE}.", DATABASE,
    Output("keys", "KeyArn", Where.OTHERS, Form.SLOTS), LIST,
    pattern(NONE_OR.format(r"arn:aws[a-z-]*:kms:.+"), "keys, or none"),
)  # fmt: skip
READER_HOST = Input(
    "ReaderHost", "Reader endpoint", "The region's cluster's reader endpoint, or none in a witness.", DATABASE,
    Output("database", "ReaderHost"), rules=pattern(NONE_OR.format("[a-z0-9.-]+"), "a host name, or none"),
)  # fmt: skip
PROBE_USER_ARN = Input(
    "ProbeUserArn", "Probe's database user", "The ARN under which the probe may sign in here, or none in a witness.",
    DATABASE, Output("database", "ProbeUserArn"), rules=pattern("^(none|arn:.+)$", "an ARN, or none"),
)  # fmt: skip
PARTNER_READER_HOSTS = Input(
    "PartnerReaderHosts", "Other regions' reader endpoints", "region=host of every other data region.", DATABASE,
    Output("database", "ReaderHost", Where.OTHERS, Form.PAIRS), LIST,
    pattern(r"^[a-z0-9-]+=[a-z0-9.-]+$", "region=host"),
)  # fmt: skip
PARTNER_USER_ARNS = Input(
    "PartnerUserArns", "Probe's users elsewhere", "The ARNs under which the probe may sign in to the others.", DATABASE,
    Output("database", "ProbeUserArn", Where.OTHERS, Form.LIST), LIST,
    pattern(ARN, "ARNs"),
)  # fmt: skip

# Storage
LOG_BUCKET = Input(
    "LogBucket", "Log bucket", "The bucket that access logs go to.", STORAGE, Output("artifacts", "LogBucket"),
    rules=pattern("^[a-z0-9.-]{3,63}$", "a bucket's name"),
)  # fmt: skip
NONCURRENT_DAYS = Input(
    "NoncurrentDays", "Days of old versions", "How long a replaced or deleted object is kept, in days.", STORAGE,
    Setting("storage.noncurrent_days"), "Number", number(1, 3650),
)  # fmt: skip
REPLICATE_TO = Input(
    "ReplicateTo", "Replicate to",
    f"The regions to replicate to, filled up with {NONE}; all {NONE} in the first of the two passes.", STORAGE,
    Computed("the other data regions, in the second pass"), LIST,
    pattern(NONE_OR.format(REGION_PATTERN.strip("^$")), "regions, or none", Default=pad((), PARTNERS)),
)  # fmt: skip

# Backup
COPY_REGION = Input(
    "CopyRegion", "Copy to", "The region that backups are copied to, or none.", STORAGE, Setting("backup.copy_to"),
    rules=optional(REGION_PATTERN.strip("^$"), "a region"),
)  # fmt: skip
VAULT_DAYS = Input(
    "VaultDays", "Days in the vault", "How long a backup is kept in the vault, in days.", STORAGE,
    Setting("backup.days"), "Number", number(1, 3650),
)  # fmt: skip
LOCK_DAYS = Input(
    "LockDays", "Least days", "The least retention that the vault accepts, in days (vault lock); 0 is no lock.",
    STORAGE, Setting("backup.lock_days"), "Number", number(0, 3650, Default=0),
)  # fmt: skip

# Code
CODE_BUCKET = Input(
    "CodeBucket", "Code bucket", "The region's bucket of function packages.", CODE, Output("artifacts", "CodeBucket"),
    rules=pattern("^[a-z0-9.-]{3,63}$", "a bucket's name"),
)  # fmt: skip


def code_key(function: str) -> Input:
    """Return the parameter that says which package the function in ``lambda/FUNCTION.py`` runs."""
    title = "".join(part.capitalize() for part in function.split("_"))
    return Input(
        f"{title}Code", f"Package of {function}", f"The key of the package of {function}, which holds its digest.",
        CODE, Computed(f"packages {function}"), rules=pattern(r"^[\w./-]+\.zip$", "the key of a zip"),
    )  # fmt: skip


FUNCTIONS = (
    "prove_writer", "vote", "bootstrap_database", "assess", "fence", "promote", "confirm_writer", "notice", "preflight",
)  # fmt: skip
"""The functions in ``lambda/``, each with a package of its own."""

CODE_KEYS = tuple(code_key(function) for function in FUNCTIONS)
