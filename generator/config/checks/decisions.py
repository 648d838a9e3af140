"""DNS, modes of recovery, objectives, permissions: who decides, where, and within what time."""

from __future__ import annotations

from collections.abc import Iterator

from generator.config.checks.found import Check, Found, roles
from generator.config.model import Environment
from recovery.objectives import STEPS_OF_A_PROOF, Budget, Intervals, budget, lag_visible_seconds


def intervals_of(environment: Environment) -> Intervals:
    """Return what :mod:`recovery.objectives` adds up."""
    return Intervals(
        mode=environment.recovery.mode,
        probe=environment.probe.kind,
        interval=environment.probe.interval,
        step_seconds=environment.probe.step_seconds,
        notice_seconds=environment.recovery.notice_seconds,
        decision_seconds=environment.recovery.decision_seconds,
        approval_seconds=environment.recovery.approval_minutes * 60,
        ttl=environment.dns.ttl,
    )


def budget_of(environment: Environment) -> Budget:
    """Return the longest that each part of an unplanned failover may take in this environment."""
    return budget(intervals_of(environment))


def automatic_without_witness(environment: Environment) -> Iterator[Found]:
    """Find automatic failover with nobody to break the tie: a dead region and a cut line look the same."""
    if environment.recovery.mode == "automatic" and not environment.witnesses:
        yield Found(
            ("recovery", "mode"),
            "is automatic, and there is no witness region",
            "add a region with role: witness, or take mode: approval",
            roles(environment),
        )


def places_that_are_not_configured(environment: Environment) -> Iterator[Found]:
    """Find regions named for a duty that are not in the environment, or that can't have it."""
    data = [region.name for region in environment.regions.values() if region.role != "witness"]
    copy_to = environment.backup.copy_to if environment.backup else None
    duties = (
        (("dns", "region"), environment.dns.region, list(environment.regions), "one of the regions"),
        (("dns", "home"), environment.dns.home, data, "a data region"),
        (("backup", "copy_to"), copy_to, data, "a data region"),
    )
    for key, name, possible, what in duties:
        if name and name not in possible:
            reads = ("regions", name, "role") if name in environment.regions else ("regions", name)
            yield Found(key, f"{name} is not {what}", f"one of: {', '.join(possible)}", (reads,))


def permissions_that_do_not_add_up(environment: Environment) -> Iterator[Found]:
    """Find service-managed StackSets without an organization, and units without service-managed ones."""
    if environment.permission_model == "service-managed":
        for key, value in (
            ("organization", environment.organization),
            ("organizational_units", environment.organizational_units),
        ):
            if not value:
                yield Found(
                    (key,), "is missing: service-managed StackSets need it", "give it, or take self-managed",
                    (("permission_model",),),
                )  # fmt: skip
    elif environment.organizational_units:
        yield Found(
            ("organizational_units",),
            "is used by service-managed StackSets only",
            "leave it out, or set permission_model: service-managed",
            (("permission_model",),),
        )


def settings_of_another_mode(environment: Environment) -> Iterator[Found]:
    """Find a time for approving in a mode where nobody approves, and one for deciding where nobody decides."""
    recovery = environment.recovery
    for key, mode in (("approval_minutes", "approval"), ("decision_seconds", "manual")):
        if key in recovery.model_fields_set and recovery.mode != mode:
            yield Found(
                ("recovery", key),
                f"is used in mode {mode} only, and the mode is {recovery.mode}",
                f"leave it out, or set mode: {mode}",
                (("recovery", "mode"),),
            )


def proofs_longer_than_their_interval(environment: Environment) -> Iterator[Found]:
    """Find proofs whose steps, each at its limit, run into the next one."""
    probe = environment.probe
    longest = STEPS_OF_A_PROOF * probe.step_seconds
    if longest > probe.interval:
        yield Found(
            ("probe", "step_seconds"),
            f"{STEPS_OF_A_PROOF} steps of {probe.step_seconds} s are {longest} s,"
            f" more than the interval of {probe.interval} s",
            f"at most {probe.interval // STEPS_OF_A_PROOF} s a step, or a longer interval",
            (("probe", "interval"),),
        )


def objectives_out_of_reach(environment: Environment) -> Iterator[Found]:
    """Find an RTO under what the intervals add up to (trap 51), and an RPO that a lag can't be told from."""
    objectives, sums = environment.objectives, budget_of(environment)
    looked_at = (("recovery",), ("probe",), ("dns", "ttl"))
    if objectives.rto_seconds < sums.sum:
        yield Found(
            ("objectives", "rto_seconds"),
            f"{objectives.rto_seconds} s is less than the configured intervals add up to: {sums.addends()}",
            f"set it to {sums.sum} or more, or shorten the largest part, {max(sums.parts, key=sums.of)}",
            looked_at,
        )
    least = lag_visible_seconds(intervals_of(environment))
    if objectives.rpo_seconds < least:
        yield Found(
            ("objectives", "rpo_seconds"),
            f"{objectives.rpo_seconds} s can't be told from no lag when a heartbeat is written every"
            f" {environment.probe.interval} s",
            f"set it to {least} or more, or shorten probe.interval",
            looked_at,
        )


def notices_of_nothing(environment: Environment) -> Iterator[Found]:
    """Find a notice so short that the usual age of a heartbeat is taken for a loss."""
    least = lag_visible_seconds(intervals_of(environment))
    if environment.recovery.notice_seconds < least:
        yield Found(
            ("recovery", "notice_seconds"),
            f"{environment.recovery.notice_seconds} s is no sign of a loss when a heartbeat is written every"
            f" {environment.probe.interval} s",
            f"set it to {least} or more, or shorten probe.interval",
            (("probe",),),
        )


def slow_answers(environment: Environment) -> Iterator[Found]:
    """Find a TTL by which resolvers send clients to the lost region for long."""
    if environment.dns.ttl > 60:
        yield Found(
            ("dns", "ttl"),
            f"{environment.dns.ttl} s is long for a record that must move",
            "60 or less; 10 is usual",
        )


CONTRADICTIONS: tuple[Check, ...] = (
    automatic_without_witness,
    places_that_are_not_configured,
    permissions_that_do_not_add_up,
    settings_of_another_mode,
    proofs_longer_than_their_interval,
    objectives_out_of_reach,
    notices_of_nothing,
)
DOUBTS: tuple[Check, ...] = (slow_answers,)
