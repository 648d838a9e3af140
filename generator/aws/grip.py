"""Taking the lease at the last moment: before the first thing is changed, and not at all when nothing is."""

from __future__ import annotations

import threading

from generator.aws.control import Control
from generator.aws.events import Said
from generator.aws.lease import Entry, HeldError, Lease
from generator.aws.paces import HaltedError

_LOOK = 5.0


class Grip:
    """Holds the lease from the first change on. ``hold`` may be called from several threads."""

    def __init__(self, lease: Lease, control: Control, *, wait: bool = False) -> None:
        self._lease, self._control, self._wait = lease, control, wait
        self._lock = threading.Lock()
        self.seen = self._free(lease.read())

    def _free(self, entry: Entry) -> Entry:
        """Return the lease once nobody holds it. Raises HeldError at once unless waiting was asked for."""
        said = False
        while entry.held(self._lease.now()):
            if not self._wait:
                raise self._lease.held_by(entry)
            if not said:
                self._control.sink(Said(f"waiting: this environment is being deployed by {entry.who}"))
                said = True
            self._control.halt.wait(min(_LOOK, self._control.paces.busy.longest))
            entry = self._lease.read()
        return entry

    def hold(self) -> None:
        """Take the lease, if it is not held yet.

        Without a table there is none to take: the stack that brings it is made by one alone, since the name of a
        stack is, and whoever comes second waits for that one and then finds the lease.

        Raises HeldError, and MovedError when someone deployed since the lease was read.
        """
        with self._lock:
            if self._lease.held:
                return
            if not self.seen.table:
                self.seen = self._lease.read()
                if not self.seen.table:
                    return
            try:
                self._lease.take(self.seen, self._control.halt.ask)
            except HeldError:
                if not self._wait:
                    raise
                self.seen = self._free(self._lease.read())
                raise self._lease.moved() from None

    def check(self) -> None:
        """Raise HaltedError when the lease was lost, or the work was asked to stop."""
        self._control.halt.check()
        if self.seen.table and not self._lease.valid:
            raise HaltedError("the lease is not held any more")
