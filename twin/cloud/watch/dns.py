"""A DNS server on loopback, over UDP and TCP: one view for the public, and one for the VPCs of each region.

Each view answers what its zones hold (:mod:`twin.cloud.watch.names`) and, as a resolver would, follows a CNAME to the
address of a database's front door. A region's view is the resolver of its VPCs, which keeps what it has heard as long
as the TTL says, so that a name that has moved is heard of up to one TTL later; the public view is the name servers
themselves. That a name does not exist is not kept. RDS's names lead to private addresses, also in the public view
(Aurora User Guide, "Amazon Aurora endpoint connections"); a name without a door does not resolve (trap 70). Times to
live are divided by the speed, and at least 1.
"""

from __future__ import annotations

import contextlib
import socketserver
import struct
import threading
import time
from collections.abc import Callable
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset

from generator.routing import UnsupportedError
from twin.cloud.pace import shorter
from twin.cloud.watch.names import Answer, Book

LOOPBACK = "127.0.0.1"
RDS = ".rds.amazonaws.com."
RDS_TTL = 5
"""Seconds for which RDS's names may be kept (seen; the guide says to keep them no longer than 30)."""
_LONGEST_CHAIN = 8
_TRIES = 32

Find = Callable[[str, str], str | None]
"""Returns the address of a host's front door as seen from a region (empty: from outside), None without one."""


def ttl(seconds: float) -> int:
    """Return a time to live at this speed, in whole seconds."""
    return max(1, int(shorter(seconds)))


class View:
    """A server for one region's VPCs, or the public when region is empty."""

    def __init__(self, region: str, book: Callable[[], Book], find: Find) -> None:
        self.region, self._book, self._find = region, book, find
        self._kept: dict[tuple[str, str], tuple[float, list[dns.rrset.RRset]]] = {}
        self._udp, self._tcp = _bound(self)
        for server in (self._udp, self._tcp):
            threading.Thread(target=server.serve_forever, args=(0.05,), name=f"dns {region}", daemon=True).start()

    @property
    def address(self) -> tuple[str, int]:
        """Return where it listens, over UDP and TCP alike."""
        return LOOPBACK, int(self._udp.server_address[1])

    def stop(self) -> None:
        """Answer no more."""
        for server in (self._udp, self._tcp):
            server.shutdown()
            server.server_close()

    def answer(self, wire: bytes, longest: int = 0) -> bytes:
        """Return the answer to a query; it is cut to ``longest`` bytes and says so, or empty for what is no query."""
        try:
            query = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return b""
        said = dns.message.make_response(query)
        said.flags |= dns.flags.RA if self.region else dns.flags.AA | dns.flags.RA
        if query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
            said.set_rcode(dns.rcode.NOTIMP)
        else:
            try:
                self._fill(said, query.question[0])
            except UnsupportedError:
                said.set_rcode(dns.rcode.SERVFAIL)
        if not longest:
            return said.to_wire()
        try:
            return said.to_wire(max_size=max(longest, query.payload))
        except dns.exception.TooBig:
            short = dns.message.make_response(query)
            short.flags |= dns.flags.TC
            return short.to_wire()

    def _fill(self, said: dns.message.Message, question: dns.rrset.RRset) -> None:
        """Put the answer in: the records, what a CNAME leads to, or why there is none."""
        kind, name, book = dns.rdatatype.to_text(question.rdtype), question.name.to_text().lower(), self._book()
        for _ in range(_LONGEST_CHAIN):
            found = self._heard(name, kind, book)
            said.answer.extend(found or ())
            if not found or found[0].rdtype != dns.rdatatype.CNAME or kind == "CNAME":
                break
            name = str(found[0][0].target).lower()
        if found:
            return
        zone = book.zone(name, self.region)
        if found is None:
            outside = zone is None and not name.endswith(RDS)
            said.set_rcode(dns.rcode.REFUSED if outside and not said.answer else dns.rcode.NXDOMAIN)
        for each in (record for record in (zone.records if zone else ()) if record["Type"] == "SOA"):
            soa = Answer(str(each["Name"]), "SOA", _negative(each), tuple(each["ResourceRecords"]))
            said.authority.append(_records(soa))

    def _heard(self, name: str, kind: str, book: Book) -> list[dns.rrset.RRset] | None:
        """Return the records of a name: those that are still kept, with what is left of their TTL, or new ones."""
        now = time.monotonic()
        until, kept = self._kept.get((name, kind), (0.0, []))
        if now < until:
            return [dns.rrset.from_rdata_list(each.name, int(until - now), list(each)) for each in kept]
        answers = self._host(name, kind) if name.endswith(RDS) else book.ask(name, kind, self.region)
        found = None if answers is None else list(map(_records, answers))
        if found and self.region:
            self._kept[name, kind] = (now + min(each.ttl for each in found), found)
        return found

    def _host(self, name: str, kind: str) -> list[Answer] | None:
        address = self._find(name.rstrip("."), self.region)
        if address is None:
            return None
        return [Answer(name, "A", RDS_TTL, (address,))] if kind == "A" else []


def _negative(soa: Any) -> int:
    """Return how long it may be kept that there is no such name: the lesser of two times (RFC 2308)."""
    return min(int(soa["TTL"]), int(str(soa["ResourceRecords"][0]).split()[-1]))


def _records(answer: Answer) -> dns.rrset.RRset:
    return dns.rrset.from_text_list(
        answer.name, ttl(answer.ttl), "IN", answer.type, list(answer.values), origin=dns.name.root, relativize=False
    )


class _Udp(socketserver.ThreadingUDPServer):
    daemon_threads = True


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True


def _bound(view: View) -> tuple[_Udp, _Tcp]:
    """Return servers on one free port for both protocols."""

    class Datagram(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, server = self.request
            answer = view.answer(wire, longest=512)
            if answer:
                server.sendto(answer, self.client_address)

    class Stream(socketserver.StreamRequestHandler):
        timeout = 10.0

        def handle(self) -> None:
            with contextlib.suppress(OSError):
                while len(size := self.rfile.read(2)) == 2:
                    answer = view.answer(self.rfile.read(struct.unpack("!H", size)[0]))
                    self.wfile.write(struct.pack("!H", len(answer)) + answer)

    for _ in range(_TRIES):
        stream = _Tcp((LOOPBACK, 0), Stream)
        try:
            return _Udp(stream.server_address, Datagram), stream
        except OSError:
            stream.server_close()
    raise OSError("no port is free for both UDP and TCP")
