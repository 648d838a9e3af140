"""An operation carried out: regions in their order, accounts at a time, failures counted, stopping heeded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from twin.cloud import emulator
from twin.cloud.settings import SETTINGS
from twin.cloud.stacksets import drift, parameters, work
from twin.cloud.stacksets.model import Instance, Operation, Place, Result, StackSet, now
from twin.cloud.stacksets.permissions import reason_against
from twin.cloud.stacksets.preferences import Limits, limits, waves

TOLERANCE = "Cancelled since failure tolerance has exceeded"
STOPPED = "Cancelled since the operation was stopped"
SUSPENDED = "ACCOUNT_SUSPENDED"
NO_GATE = "Function not found: arn:aws:lambda:{region}:{account}:function:AWSCloudFormationStackSetAccountGate"
_TASKS: set[asyncio.Task[None]] = set()


def start(stackset: StackSet, operation: Operation, ended: Callable[[], None]) -> None:
    """Begin the operation; ``ended`` is called after it."""
    operation.status = "RUNNING"
    _prepare(stackset, operation)
    task = asyncio.get_running_loop().create_task(_run(stackset, operation, ended))
    _TASKS.add(task)  # the loop itself keeps only a weak reference
    task.add_done_callback(_TASKS.discard)


async def _run(stackset: StackSet, operation: Operation, ended: Callable[[], None]) -> None:
    try:
        for wave in waves(operation.preferences, [region for _, region in operation.places]):
            regions = [_Region(stackset, operation, region) for region in wave]
            await _all(each.run() for each in regions)
            if operation.status != "RUNNING" or any(each.exceeded for each in regions):
                break
        _finish(stackset, operation)
    finally:
        ended()


class _Region:
    """One region of an operation."""

    def __init__(self, stackset: StackSet, operation: Operation, region: str) -> None:
        self.stackset, self.operation = stackset, operation
        self.places = [place for place in operation.places if place[1] == region]
        self.limits: Limits = limits(operation.preferences, len(self.places))
        self.failures = 0

    @property
    def exceeded(self) -> bool:
        return self.limits.exceeded(self.failures)

    async def run(self) -> None:
        waiting = list(self.places)
        running: set[asyncio.Task[bool]] = set()
        while waiting or running:
            while waiting and self._may_start() and len(running) < self.limits.at_a_time(self.failures):
                running.add(asyncio.create_task(_Place(self.stackset, self.operation, waiting.pop(0)).run()))
            if not running:
                return
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            self.failures += sum(1 for task in done if not task.result())

    def _may_start(self) -> bool:
        return self.operation.status == "RUNNING" and not self.exceeded


class _Place:
    """One account and region of an operation."""

    def __init__(self, stackset: StackSet, operation: Operation, place: Place) -> None:
        self.stackset, self.operation = stackset, operation
        self.result = operation.results[place]
        self.instance = stackset.instances[place]

    async def run(self) -> bool:
        """Do the work; tell whether it succeeded."""
        begun = time.monotonic()
        self.result.status = self.instance.detailed = "RUNNING"
        try:
            await _passage(self.stackset.name, self.instance)
            reason = await self._work()
        except Exception as error:  # a defect of the emulator is a failure of the instance, never a hanging operation
            text = str(error) if isinstance(error, work.WorkError) else f"Internal Failure: {error!r}"
            await _last(begun)
            self._failed(text)
            return False
        await _last(begun)
        self._succeeded(reason)
        return True

    async def _work(self) -> str:
        operation, instance = self.operation, self.instance
        if instance.account in SETTINGS.organization.suspended and self.stackset.service_managed:
            return SUSPENDED
        if operation.retain:
            return ""
        against = reason_against(self.stackset, instance.place)
        self.result.gate = against or NO_GATE.format(region=instance.region, account=instance.account)
        if against:
            raise work.WorkError(against)
        if operation.action == "DELETE":
            await work.delete(instance)
            return ""
        if operation.action == "DETECT_DRIFT":
            drift.look(instance)
            return ""
        if operation.imported:
            work.adopt(self.stackset.definition, instance, operation.imported[instance.place])
            return ""
        if instance.status == "INOPERABLE":
            raise work.WorkError(f"Stack instance is INOPERABLE: {instance.reason}")
        return await work.deploy(self.stackset.name, self.stackset.definition, instance)

    def _succeeded(self, reason: str) -> None:
        self.result.status, self.result.reason = "SUCCEEDED", reason
        if reason == SUSPENDED:
            self.instance.mark(self.instance.status, "SKIPPED_SUSPENDED_ACCOUNT", reason)
        elif self.operation.action == "DELETE":
            del self.stackset.instances[self.instance.place]
        elif self.operation.action == "DETECT_DRIFT":
            self.instance.detailed = "SUCCEEDED"
        else:
            self.instance.mark("CURRENT", "SUCCEEDED", reason)

    def _failed(self, reason: str) -> None:
        self.result.status, self.result.reason = "FAILED", reason
        if self.operation.action == "DETECT_DRIFT":
            self.instance.detailed = "FAILED"
        elif self.operation.imported:
            self.instance.mark("INOPERABLE", "FAILED_IMPORT", reason)
        elif self.operation.action == "DELETE" or self.instance.status == "INOPERABLE":
            self.instance.mark("INOPERABLE", "INOPERABLE", reason)
        else:
            self.instance.mark("OUTDATED", "FAILED", reason)


def _prepare(stackset: StackSet, operation: Operation) -> None:
    """Change the StackSet as an update says, and make every place of the operation ready."""
    if operation.update is not None:
        _change(stackset, operation)
    if operation.whole:
        operable = [each.place for each in stackset.instances.values() if each.status != "INOPERABLE"]
        operation.places = tuple(stackset.instances if operation.action == "DETECT_DRIFT" else operable)
    if operation.action == "DELETE":
        operation.places = tuple(place for place in operation.places if place in stackset.instances)
    template = emulator.template(stackset.definition.template)
    for place in operation.places:
        instance = stackset.instances.setdefault(place, Instance(*place, unit=operation.units.get(place, "")))
        instance.operation, instance.detailed = operation.id, "PENDING"
        if operation.action in ("CREATE", "UPDATE"):
            instance.overrides = parameters.overrides(template, operation.overrides, instance.overrides)
            if instance.status != "INOPERABLE":
                instance.mark("OUTDATED", "PENDING")
        operation.results[place] = Result(*place, unit=instance.unit)


def _change(stackset: StackSet, operation: Operation) -> None:
    changes = dict(operation.update or {})
    outdated = changes.pop("outdated")
    stackset.managed = changes.pop("managed", stackset.managed)
    for name, value in changes.items():
        setattr(stackset, name, value)
    if outdated:
        for instance in stackset.instances.values():
            if instance.status != "INOPERABLE":
                instance.mark("OUTDATED", "PENDING")


def _finish(stackset: StackSet, operation: Operation) -> None:
    stopped = operation.status == "STOPPING"
    cancelled = [result for result in operation.results.values() if result.status == "PENDING"]
    for result in cancelled:
        result.status, result.reason = "CANCELLED", STOPPED if stopped else TOLERANCE
        instance = stackset.instances[result.account, result.region]
        instance.detailed, instance.reason = "CANCELLED", result.reason
    exceeded = bool(cancelled) or any(
        limits(operation.preferences, len(places)).exceeded(sum(each.status == "FAILED" for each in places))
        for places in _by_region(operation).values()
    )
    operation.status = "STOPPED" if stopped else "FAILED" if exceeded else "SUCCEEDED"
    operation.ended = now()
    if operation.action == "DETECT_DRIFT":
        stackset.drift = drift.details(stackset, operation)


def _by_region(operation: Operation) -> dict[str, list[Result]]:
    found: dict[str, list[Result]] = {}
    for result in operation.results.values():
        found.setdefault(result.region, []).append(result)
    return found


async def _passage(stackset: str, instance: Instance) -> None:
    """Wait while the instance's work is held, or its region hangs. Raises :class:`WorkError` where it refuses."""
    while True:
        mode = SETTINGS.dark.get(instance.region, "")
        if mode == "refuses":
            raise work.WorkError(f"CloudFormation is unavailable in {instance.region}")
        held = any(hold.meets(stackset, instance.account, instance.region) for hold in SETTINGS.gate.holds)
        if not mode and not held:
            return
        await SETTINGS.gate.turn()


async def _last(begun: float) -> None:
    """Wait until an instance's operation has lasted as long as it has to."""
    await asyncio.sleep(max(0.0, SETTINGS.seconds - (time.monotonic() - begun)))


async def _all(works: Any) -> None:
    tasks: list[Coroutine[Any, Any, None]] = list(works)
    await asyncio.gather(*tasks)
