"""What a backup plan backs up.

Source: CloudFormation Template Reference, AWS::Backup::BackupSelection (every property replaces it).
"""

from __future__ import annotations

from twin.cloud.resources.services import ask
from twin.cloud.resources.types import Attributes, Kind, Made, Properties, add


def offer() -> None:
    """Give the emulator this type."""
    add(Kind("AWS::Backup::BackupSelection", _create, _update, _delete))


def _create(properties: Properties, _name: str) -> Made:
    plan = properties["BackupPlanId"]
    made = ask("backup", "CreateBackupSelection", BackupPlanId=plan, BackupSelection=properties["BackupSelection"])
    selection = str(made["SelectionId"])
    return selection, {"BackupPlanId": plan, "SelectionId": selection, "Id": f"{selection}_{plan}"}


def _update(_physical: str, _old: Properties, _new: Properties) -> Attributes:
    raise AssertionError("every property replaces this resource")


def _delete(physical: str, properties: Properties) -> None:
    ask("backup", "DeleteBackupSelection", BackupPlanId=properties["BackupPlanId"], SelectionId=physical)
