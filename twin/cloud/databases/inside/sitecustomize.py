"""Loaded by Python at the start of a function's process in the local cloud; nowhere else.

Names of RDS are looked up in the local cloud's file instead of DNS, as the function's region sees them, and the
local authority is appended to the function's own copy of Amazon's certificates. The clock that the function reads is
as far off as the local cloud has it for the region; what AWS's clients sign with (``datetime``) is the true time.
"""

from __future__ import annotations

import json
import os
import socket
import time
from pathlib import Path
from typing import Any

_SUFFIX = ".rds.amazonaws.com"
_BUNDLE = Path("certificates", "rds-global-bundle.pem")
_asked = socket.getaddrinfo
_true = time.time


def _getaddrinfo(host: Any, port: Any, *options: Any, **named: Any) -> Any:
    if isinstance(host, str) and host.lower().endswith(_SUFFIX):
        doors = json.loads(Path(os.environ["DR_TWIN_NAMES"]).read_text()).get(os.environ.get("AWS_REGION", ""), {})
        if host.lower() not in doors:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        host, port = doors[host.lower()]
    return _asked(host, port, *options, **named)


def _time() -> float:
    off = json.loads(Path(os.environ["DR_TWIN_CLOCKS"]).read_text())
    return _true() + float(off.get(os.environ.get("AWS_REGION", ""), 0))


if "DR_TWIN_NAMES" in os.environ:
    socket.getaddrinfo = _getaddrinfo
    time.time = _time
    if _BUNDLE.is_file():
        authority = Path(os.environ["DR_TWIN_AUTHORITY"]).read_bytes()
        if authority not in (held := _BUNDLE.read_bytes()):
            _BUNDLE.write_bytes(held.rstrip() + b"\n" + authority)
