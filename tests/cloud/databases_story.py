"""A global database of a local cloud with an application, what can be done to it, and what has to hold in it then."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from contextlib import ExitStack, nullcontext, suppress
from functools import partial
from typing import Any, Literal

from botocore.exceptions import ClientError

from tests.cloud.databases_application import PASSWORD, Application, Asked, Ledger, Names
from tests.cloud.databases_cloud import GLOBAL, MEMBER, Clouds
from tests.cloud.databases_world import IRELAND, until
from twin.cloud.databases.knobs_client import DatabaseKnobs
from twin.cloud.knobs import Knobs, KnobsError
from twin.cloud.process import Running

SPEED = 60.0
CATCH_UP_SECONDS = 1.5
SWAP_SECONDS = 60.0
"""A switchover may wait for 20 seconds for a lock, and for five each until it has verified, fenced and drained."""
SETTLED_SECONDS = 60.0
WELL_SECONDS = 5.0

Verb = Literal["switchover", "failover"]
Interrupt = tuple[str, str, float]
"""Who is struck in the middle of a swap, how, and how many seconds after it was asked for."""
LINES: dict[str, dict[str, Any]] = {"cut": {"how": "cut"}, "slow line": {"delay": 0.3}}
ROLES = {"read-only": ("writer",), "long-transaction": ("writer",), "pause": ("replica",)}


class Stage:
    """One global database, born with the first region as its writer; gone when it is closed.

    struck: what is wrong with each region, as far as that was done here.
    """

    def __init__(self, running: Running, regions: tuple[str, ...]) -> None:
        knobs = Knobs(running.url, timeout=60)
        self.cloud, self.regions = Clouds(running, knobs, DatabaseKnobs(knobs)), regions
        self.names = Names(running.folder)
        self.struck: dict[str, set[str]] = {each: set() for each in regions}
        self.ledger = Ledger(regions[0])
        self.done: list[tuple[float, str]] = []
        self._open = ExitStack()

    def make(self, zombie: float, lag: float) -> None:
        """Make it. In seconds: how long a writer that is back goes on as one, and how far behind standbys are."""
        self._note("a global database is made")
        self.cloud.knobs.ask("PUT", "databases/timing", {"zombie": zombie * SPEED, "catch_up": CATCH_UP_SECONDS})
        self.cloud.databases.replication("*", delay=lag)
        self._open.callback(self._remove)
        group = {"GlobalClusterIdentifier": GLOBAL, "Engine": "aurora-postgresql", "EngineVersion": "16.8"}
        self.cloud.rds(IRELAND).create_global_cluster(**group)
        for region in self.regions:
            made = json.loads(json.dumps(MEMBER))
            if region == self.regions[0]:
                master = {"MasterUsername": "master", "MasterUserPassword": PASSWORD, "DatabaseName": "app"}
                made["Cluster"]["Properties"] |= master
            self.cloud.deploy(region, made)
        self.cloud.databases.query(self.regions[0], "SET ROLE master; CREATE TABLE kept (id int PRIMARY KEY)", "app")
        hosts = {}
        for region in self.regions:
            reader = self.cloud.cluster(region)["ReaderEndpoint"]
            hosts[region] = (reader.replace(".cluster-ro-", ".cluster-"), reader)
        self.hosts, self.application = hosts, Application(self.names, hosts)
        self._open.enter_context(self.application)
        self._settle()
        soon("the table is everywhere", self._has_table, SETTLED_SECONDS)

    def close(self) -> None:
        """Let the application end, and delete everything."""
        self._open.close()

    # what is done

    def swap(self, verb: Verb, standby: int, interrupt: Interrupt | None) -> None:
        """Ask for a swap to one of the standbys, by its place, and go on before it is over."""
        writer = self.cloud.writer()
        others = [each for each in self.regions if each != writer]
        target = others[standby % len(others)]
        old = self._ask(verb, target)
        self._note(f"{verb} to {target} is {'taken on' if old else 'refused'}")
        if old and interrupt:
            who, how, after = interrupt
            time.sleep(after)  # into the middle of it
            self.strike(old if who == "the old writer" else target, how)

    def wait(self, long: str) -> None:
        """Let time pass."""
        self._note(f"{long} passes")
        if long == "until the swap is over":
            soon("the swap is over", self._is_over, SWAP_SECONDS)
        else:
            time.sleep(0.3 if long == "a moment" else 1.2)

    def mend(self, region: str, what: str) -> None:
        """Mend what was broken of a region's ``server``, of its ``line``, or ``all``."""
        struck = self.struck[region]
        self._note(f"mend {what} of {region}: {', '.join(sorted(struck)) or 'nothing'}")
        if what != "server" and struck & {*LINES}:
            self.cloud.databases.replication("*", start=region)
            struck.difference_update(LINES)
        for how, act in (("suspend", "resume"), ("kill", "start"), ("read-only", "writable"), ("pause", "unpause")):
            if what != "line" and how in struck:
                struck.discard(how)
                with nullcontext() if act == "start" else suppress(KnobsError):  # it may be another server by now
                    self.cloud.databases.act(region, act)

    def strike(self, region: str, how: str) -> None:
        """Break something, if there is something to be broken."""
        self._note(f"{how} in {region}")
        look = self.cloud.databases.look()[region]
        if how in LINES:
            self.cloud.databases.replication("*", start=region, **LINES[how])
        elif how != "kill" and (look["process"] != "running" or look["role"] not in ROLES.get(how, (look["role"],))):
            return
        else:
            try:
                self.cloud.databases.act(region, how)
            except KnobsError as error:
                self._note(f"    {error}")
                dead = self.struck[region] & {"kill", "suspend"}
                assert dead or self._is_worked_at(region), f"{how} did not work in {region}"
                return
        if how not in ("restart", "long-transaction"):
            self.struck[region].add(how)

    def _ask(self, verb: Verb, target: str) -> str:
        """Ask for a swap, and return whose place is taken; empty when it is refused."""
        at, held = time.monotonic(), frozenset[int]()
        with suppress(KnobsError):  # it does not answer, so nobody knows
            held = self._rows(target)
        more = {"AllowDataLoss": True} if verb == "failover" else {}
        act = getattr(self.cloud.rds(IRELAND), f"{verb}_global_cluster")
        try:
            said = act(GlobalClusterIdentifier=GLOBAL, TargetDbClusterIdentifier=self.cloud.arn(target), **more)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            assert code in ("InvalidGlobalClusterStateFault", "InvalidDBClusterStateFault"), error
            return ""
        old = _region(said["GlobalCluster"]["FailoverState"]["FromDbClusterArn"])
        self.ledger.ask(Asked(verb, old, target, at, held), self.application.acknowledged)
        return old

    def _rows(self, region: str) -> frozenset[int]:
        """Return the rows that a region's PostgreSQL has. Raises :class:`KnobsError` when it does not answer."""
        return frozenset(row for (row,) in self.cloud.databases.query(region, "SELECT id FROM kept", "app", seconds=5))

    def _note(self, what: str) -> None:
        self.done.append((time.time(), what))

    def tell(self, error: Exception) -> None:
        """Tell with an error what was done and what the twin says happened, in order: no replay is just the same."""
        begun = self.done[0][0]
        for each in self.cloud.knobs.journal():
            if each["at_ms"] >= begun * 1000:
                self.done.append((each["at_ms"] / 1000, f"    {each['region']} {each['what']} {each['cause']}"))
        for at, what in sorted(self.done):
            error.add_note(f"{at - begun:7.2f} {what}")

    # what has to hold

    def check(self) -> None:
        """Hold what is shown against what PostgreSQL says, and that against what the application was told."""
        group, looks = self.cloud.group(), self.cloud.databases.look()
        for region in self.regions:
            assert "kill" not in self.struck[region] or looks[region]["process"] == "ended", f"{region} came to life"
        writer = self._shown(group)
        state = group.get("FailoverState")
        if state:
            self._is_under_way(state, group["Status"], writer)
        else:
            self._is_at_rest(writer)

    def _shown(self, group: dict[str, Any]) -> str:
        """Return the only writer that RDS shows, whose readers all others are (RDS API, ``GlobalClusterMember``)."""
        members = {_region(each["DBClusterArn"]): each for each in group["GlobalClusterMembers"]}
        writers = [region for region, each in members.items() if each["IsWriter"]]
        assert len(writers) == 1, group
        assert set(members) == set(self.regions), group
        for region, each in members.items():
            others = [self.cloud.arn(other) for other in self.regions if other != region]
            assert sorted(each["Readers"]) == (sorted(others) if each["IsWriter"] else []), group
            states = ("connected",) if each["IsWriter"] else ("connected", "pending-resync")
            assert each["SynchronizationStatus"] in states, group
        return writers[0]

    def _is_under_way(self, state: dict[str, Any], status: str, writer: str) -> None:
        """Hold what is shown of a swap against what was asked for (RDS API, ``FailoverState``)."""
        asked = self.ledger.swap
        assert asked is not None, state
        does = "failing-over" if asked.kind == "failover" else "switching-over"
        assert (status, state["IsDataLossAllowed"]) == (does, asked.kind == "failover"), state
        assert state["Status"] in ("pending", does, "cancelling"), state
        assert (state["FromDbClusterArn"], state["ToDbClusterArn"]) == (
            self.cloud.arn(asked.old),
            self.cloud.arn(asked.new),
        )
        assert writer == asked.old or (writer == asked.new and state["Status"] == does), state
        assert time.monotonic() - asked.at < SWAP_SECONDS, f"{asked} does not end"

    def _is_at_rest(self, writer: str) -> None:
        self.ledger.close(writer, self.application.acknowledged)
        if not self.struck[writer] & {"kill", "suspend", "read-only"}:
            soon(f"{writer} takes writes", lambda: self.cloud.databases.look()[writer]["role"] == "writer")
        looks = self.cloud.databases.look()
        assert looks[writer]["role"] != "replica", looks[writer]
        for region in self.regions:
            cluster = self.cloud.cluster(region)
            assert (cluster["Status"], "Endpoint" in cluster) == ("available", region == writer), cluster
            led = {bool(self.names.find(origin, self.hosts[region][0])) for origin in self.regions}
            if region == writer:
                assert led == {True}, f"the writer endpoint of {region} does not resolve everywhere"
            elif looks[region]["role"] == "replica":
                soon(f"the writer endpoint of {region} leads nowhere", partial(self._leads_nowhere, region))
        if looks[writer]["role"] == "writer":
            for origin in self.regions:
                self.application.write(origin, writer)
            self.ledger.close(writer, self.application.acknowledged)
            self.ledger.check(set(self._rows(writer)))

    def _leads_nowhere(self, region: str) -> bool:
        return not any(self.names.find(origin, self.hosts[region][0]) for origin in self.regions)

    def _is_over(self) -> bool:
        return "FailoverState" not in self.cloud.group()

    def _is_worked_at(self, region: str) -> bool:
        """Tell whether the service may have a region's server in its hands."""
        return "FailoverState" in self.cloud.group() or bool(self.cloud.databases.look()[region]["strayed"])

    def _has_table(self) -> bool:
        found = [self.cloud.databases.query(each, "SELECT to_regclass('kept')", "app") for each in self.regions]
        return all(rows[0][0] for rows in found)

    def _settle(self) -> str:
        soon("the swap is over", self._is_over, SWAP_SECONDS)
        writer = self.cloud.writer()
        soon(f"all follow {writer}", lambda: self.cloud.settled(writer), SETTLED_SECONDS)
        return writer

    def end_well(self) -> None:
        """Mend everything: all follow one writer, what is written is read everywhere, a switchover and back works."""
        for region in self.regions:
            self.mend(region, "all")
        first = self._settle()
        self.check()
        for target in (next(each for each in self.regions if each != first), first):
            assert self._ask("switchover", target), f"the switchover to {target} was refused"
            assert self._settle() == target
            self.check()
            row = self.application.write(first, target)
            for origin, region in itertools.product(self.regions, self.regions):
                soon(f"{row} is read in {region} from {origin}", partial(self._reads, origin, region, row))
        self.application.end()
        whole = self._rows(first)
        for region in self.regions:
            soon(f"{region} has what {first} has, and no more", partial(self._has, region, whole))
        self.check()

    def _reads(self, origin: str, region: str, row: int) -> bool:
        return row in self.application.read(origin, region)

    def _has(self, region: str, rows: frozenset[int]) -> bool:
        return self._rows(region) == rows

    def _remove(self) -> None:
        """Delete the standbys first, as RDS wants it, and wait until nothing is left."""
        self.cloud.databases.replication("*")
        for region in self.regions:
            self.cloud.databases.replication("*", start=region)
        until(self._is_over, SWAP_SECONDS)
        writer = self.cloud.writer() if self.cloud.group()["GlobalClusterMembers"] else ""
        for region in sorted(self.regions, key=lambda each: each == writer):
            formation = self.cloud.client("cloudformation", region)
            formation.delete_stack(StackName="database")
            until(partial(_is_empty, formation))
        until(lambda: not self.cloud.databases.look())
        self.cloud.rds(IRELAND).delete_global_cluster(GlobalClusterIdentifier=GLOBAL)


def _is_empty(formation: Any) -> bool:
    return all(each["StackStatus"] == "DELETE_COMPLETE" for each in formation.describe_stacks()["Stacks"])


def soon(what: str, holds: Callable[[], bool], seconds: float = WELL_SECONDS) -> None:
    """Wait until it holds, and say what did not."""
    try:
        until(holds, seconds)
    except AssertionError as error:
        raise AssertionError(f"not within {seconds:g} seconds: {what}") from error


def _region(arn: str) -> str:
    return arn.split(":")[3]
