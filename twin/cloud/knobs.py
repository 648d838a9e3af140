"""A small client of the control endpoints (:mod:`twin.cloud.control`), for tests."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class KnobsError(RuntimeError):
    """The server refused; the message is what it said."""


class Knobs:
    """The knobs of the local cloud at ``url``."""

    def __init__(self, url: str, timeout: float = 10.0) -> None:
        self.url = url
        self.timeout = timeout

    def health(self) -> dict[str, Any]:
        """Return what the server says of itself."""
        return dict(self.ask("GET", "health"))

    def fail(self, **fault: Any) -> None:
        """Have resources fail: the fields of :class:`twin.cloud.settings.Fault`."""
        self.ask("POST", "faults", fault)

    def heal(self) -> None:
        """Have nothing fail any more."""
        self.ask("DELETE", "faults")

    def calls(self, service: str = "", **wanted: str) -> dict[str, int]:
        """Return how often each action was called since the last reset, of one service, region or account if given."""
        found: dict[str, int] = {}
        for each in self.ask("GET", "calls")["calls"]:
            if service in ("", each["service"]) and all(each[name] == value for name, value in wanted.items()):
                found[each["action"]] = found.get(each["action"], 0) + each["count"]
        return found

    def work(self) -> dict[str, float]:
        """Return the seconds that the emulator itself has worked since the last reset: on requests, on resources."""
        return dict(self.ask("GET", "calls")["work"])

    def forget_calls(self) -> None:
        """Begin counting anew."""
        self.ask("DELETE", "calls")

    def last(self, seconds: float) -> None:
        """Have the operation of a StackSet's instance take at least so long."""
        self.ask("PUT", "operations", {"seconds": seconds})

    def hold(self, **what: str) -> None:
        """Freeze operations of StackSets: the fields of :class:`twin.cloud.settings.Hold`."""
        self.ask("POST", "operations/hold", what)

    def release(self, **what: str) -> None:
        """Let go on what was held with these words, or everything."""
        self.ask("DELETE", "operations/hold", what or None)

    @contextmanager
    def held(self, **what: str) -> Iterator[None]:
        """Freeze operations for the length of a block."""
        self.hold(**what)
        try:
            yield
        finally:
            self.release(**what)

    def darken(self, **regions: str) -> None:
        """Have these regions, and no others, be dark; names with underscores, modes ``hangs`` or ``refuses``."""
        self.ask("PUT", "regions", {name.replace("_", "-"): mode for name, mode in regions.items()})

    def organize(self, **organization: Any) -> None:
        """Set the organization: the fields of :class:`twin.cloud.settings.Organization`."""
        self.ask("PUT", "organization", organization)

    def answer(self, ending: str, value: Any) -> None:
        """Have functions whose names end so answer with ``value``."""
        self.ask("PUT", "functions", {ending: value})

    def invocations(self) -> list[dict[str, Any]]:
        """Return what was invoked: function, region, account, event."""
        return list(self.ask("GET", "functions")["invocations"])

    def journal(self, after: int = 0) -> list[dict[str, Any]]:
        """Return the events after the one of that number (:class:`twin.cloud.journal.Entry`)."""
        return list(self.ask("POST", "journal", {"after": after}))

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Return what the endpoint answers. Raises :class:`KnobsError`."""
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.url}/_twin/{path}", data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise KnobsError(json.load(error)["error"]) from error
