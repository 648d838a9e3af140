"""One value of an environment file changed in place: what else is in it, comments too, stays as it is."""

from __future__ import annotations

import re
from pathlib import Path

from generator.config.load import load
from generator.config.model import Environment
from generator.config.source import read
from generator.errors import DisasterRecoveryError

_HOME = ("dns", "home")
_LINE = re.compile(r"^(?P<key>\s*home\s*:\s*)(?P<value>[^\s#]+)(?P<rest>.*)$", re.DOTALL)
_KEY = re.compile(r"^(?P<indent>\s+)[A-Za-z_]+\s*:")


def lines_for(region: str) -> str:
    """Return what the file must say for ``region`` to be home."""
    return f"dns:\n  home: {region}"


def write_home(path: Path, region: str) -> bool:
    """Make the file say that ``region`` is home; return false, and leave it, when that can't be done surely.

    The new text is read back before it is kept: it has to mean the same environment in everything else. Raises
    EnvironmentFileError when the file is none, OSError when it can't be written.
    """
    before = load(path)
    text = _edited(path, region)
    if text is None:
        return False
    trial = path.with_name(f".{path.name}.new")
    try:
        trial.write_text(text, encoding="utf-8")
        if not _means(trial, before, region):
            return False
        trial.replace(path)
    finally:
        trial.unlink(missing_ok=True)
    return True


def _edited(path: Path, region: str) -> str | None:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    known = read(path).lines
    at = known.get(_HOME)
    if at is not None:
        found = _LINE.match(lines[at - 1])
        if found is None:
            return None
        lines[at - 1] = f"{found['key']}{region}{found['rest']}"
        return "".join(lines)
    section, following = known.get(("dns",)), known.get(("dns", "domain"))
    inner = _KEY.match(lines[following - 1]) if following else None
    if section is None or following is None or inner is None or following <= section:
        return None
    lines.insert(following, f"{inner['indent']}home: {region}\n")
    return "".join(lines)


def _means(path: Path, before: Environment, region: str) -> bool:
    wanted = before.model_copy(update={"dns": before.dns.model_copy(update={"home": region})})
    try:
        return load(path) == wanted
    except DisasterRecoveryError:
        return False
