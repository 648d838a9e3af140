"""What stands in for an engine version, and what its server is given of the parameter groups, at its start.

What is RDS's own (``rds.…``) is enforced elsewhere, if at all: ``rds.force_ssl`` by the front doors, always. Formulas
of an instance's memory, libraries that are not here, and what the local cloud itself sets are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from twin.installation import INSTALLATIONS, SETTINGS
from twin.postgres import Yard

NOT_TAKEN = frozenset({*SETTINGS, "port", "shared_preload_libraries", "data_directory", "hba_file", "config_file"})

_known: dict[int, frozenset[str]] = {}


def version_for(engine_version: str) -> int:
    """Return the major version of PostgreSQL that stands in for an engine version: its own, else the next.

    The wheel holds 16 and 18; what is not there is emulated by the next newer one, or by the newest.
    """
    major = int(engine_version.split(".", maxsplit=1)[0] or 0)
    newer = [version for version in sorted(INSTALLATIONS) if version >= major]
    return newer[0] if newer else max(INSTALLATIONS)


def plain(yard: Yard, version: int, said: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Return those of a cluster's parameters that a server of this major version knows."""
    wanted = dict(said)
    if not wanted:
        return {}
    if version not in _known:
        told = yard.run([str(yard.binary(version, "postgres")), "--describe-config"])
        _known[version] = frozenset(line.partition("\t")[0] for line in told.splitlines())
    return {
        name: value
        for name, value in wanted.items()
        if name in _known[version] and name not in NOT_TAKEN and "{" not in value
    }
