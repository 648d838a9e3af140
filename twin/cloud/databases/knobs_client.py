"""A small client of the databases' control endpoints (:mod:`twin.cloud.databases.knobs`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.cloud.knobs import Knobs


class DatabaseKnobs:
    """The databases of the local cloud behind these knobs. Each raises :class:`twin.cloud.knobs.KnobsError`."""

    def __init__(self, knobs: Knobs) -> None:
        self._knobs = knobs

    def look(self) -> dict[str, dict[str, Any]]:
        """Return what each region's PostgreSQL says of itself: :func:`twin.cloud.databases.knobs.told`."""
        return dict(self._knobs.ask("GET", "databases"))

    def writers(self) -> list[str]:
        """Return the regions whose databases take writes."""
        return [region for region, each in self.look().items() if each["role"] == "writer"]

    def act(self, region: str, act: str, seconds: float = 0.0) -> str:
        """Do something to a region's database (:mod:`twin.cloud.databases.acts`); return what came of it."""
        return str(self._knobs.ask("PUT", "databases", {"region": region, "act": act, "seconds": seconds})["done"])

    def query(self, region: str, sql: str, database: str = "postgres", **more: Any) -> Sequence[Sequence[Any]]:
        """Return the rows of a statement; ``lost=True`` asks what a region had before it was rebuilt."""
        said = {"region": region, "sql": sql, "database": database, **more}
        return list(self._knobs.ask("POST", "databases/query", said))

    def path(self, start: str, end: str, how: str = "open", **more: Any) -> None:
        """Break or heal the way from a region to a database: ``delay``, ``loss``, ``who`` besides."""
        self._knobs.ask("PUT", "paths", {"from": start, "to": end, "how": how, **more})

    def replication(self, end: str, how: str = "streaming", start: str = "*", delay: float = 0.0) -> None:
        """Break or heal the line that storage is replicated over."""
        self._knobs.ask("PUT", "replication", {"from": start, "to": end, "how": how, "delay": delay})
