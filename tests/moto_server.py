"""moto's server, for tests that want a cloud that someone else wrote.

All of its servers in a process share their stores, and so does whatever patches botocore with it: one that starts
would find what tests of other files have left there.
"""

from __future__ import annotations

import logging
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def started() -> Iterator[str]:
    """Give the address of a server that has nothing in it."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    try:
        forget(url)
        yield url
    finally:
        server.stop()


def forget(url: str) -> None:
    """Empty the stores."""
    urllib.request.urlopen(f"{url}/moto-api/reset", data=b"", timeout=10).close()
