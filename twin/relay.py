"""A way that carries any protocol: what streams from one server to another can be delayed and cut in it."""

from __future__ import annotations

import asyncio

from twin.passage import Hall, Passage, reset


class Relay(Passage):
    """A way that carries any protocol. ``lead`` says to whom; to nobody: connections are reset."""

    NAME = "relay"

    def __init__(self, hall: Hall) -> None:
        super().__init__(hall=hall)
        self._to: tuple[str, int] | None = None

    def lead(self, to: tuple[str, int] | None) -> None:
        """Lead to another from now on, and cut what led elsewhere."""
        if to != self._to:
            self._to = to
            self.cut()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hand a connection on; what comes back is what a delay delays."""
        if self._to is None:
            reset(writer)
            return
        behind = await asyncio.open_connection(*self._to)
        try:
            await self.relay((reader, writer), behind, slowed_back=True)
        finally:
            behind[1].close()
