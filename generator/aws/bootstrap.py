"""The probe's role in the database, made by a function of the active region (trap 94).

The function looks first and says what it would change, so a deployment without changes asks it for that and
nothing more. A function that slept, or was made a moment ago, is waited for (trap 49c; Lambda Developer Guide,
"Lambda function states").
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any

from botocore.exceptions import ClientError

from generator.aws.clients import Clouds, Patience
from generator.aws.control import Control
from generator.aws.errors import code, told
from generator.aws.events import Said
from generator.errors import CloudError

_ASLEEP = frozenset({"ResourceNotReadyException", "ResourceConflictException", "CodeArtifactUserPendingException"})
"""What the function says where it finds no writer (``lambda/bootstrap_database.py``)."""

_PATIENCE = Patience(connect=5.0, read=75.0, tries=3)
"""The function gives up by itself after 40 seconds, and Lambda after 60."""


def bootstrap(
    control: Control, region: str, function: str, *, look_first: bool, hold: Callable[[], None] = lambda: None
) -> bool:
    """Call the function in the active region; tell whether it changed something.

    look_first: ask with ``dry_run``, and call for real only when something would change. hold: called before it is
    called for real. Raises CloudError with the function's own words.
    """
    clouds = Clouds(control.clouds.environment, patience=_PATIENCE, local=control.clouds.local)
    if look_first and not _call(control, clouds, region, function, dry_run=True).get("changed"):
        return False
    hold()
    answer = _call(control, clouds, region, function, dry_run=False)
    changed = [str(each) for each in answer.get("changed") or []]
    control.sink(Said(f"database in {region}: {', '.join(changed) if changed else 'as it should be'}"))
    slot = str(answer.get("slot", ""))
    if slot:
        control.sink(Said(f"reserved connection of the probe: {slot}"))
    return bool(changed)


def _call(control: Control, clouds: Clouds, region: str, function: str, *, dry_run: bool) -> Mapping[str, Any]:
    client = clouds.client("lambda", region)
    for wait in chain([0.0], control.paces.functions.waits()):
        control.halt.wait(wait)
        with told(region, f"calling {function}"):
            try:
                answer = client.invoke(FunctionName=function, Payload=json.dumps({"dry_run": dry_run}).encode())
            except ClientError as error:
                if code(error) in _ASLEEP:
                    continue
                raise
        return _read(answer, region, function)
    raise CloudError(
        f"{function} in {region} was not ready within {control.paces.functions.bound:.0f} s",
        hint="look at the function's state and last update, then deploy again",
    )


def _read(answer: Mapping[str, Any], region: str, function: str) -> Mapping[str, Any]:
    text = answer["Payload"].read().decode(errors="replace")
    try:
        said = json.loads(text or "{}")
    except ValueError:
        said = {}
    if not answer.get("FunctionError") and isinstance(said, dict):
        return said
    message = str(said.get("errorMessage") or text) if isinstance(said, dict) else text
    first, _, rest = message.partition("\nhint:")
    raise CloudError(
        f"{function} in {region}: {first.strip() or 'it failed without a word'}",
        hint=rest.strip() or f"look at its log group in {region}, then deploy again",
    )
