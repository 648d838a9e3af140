"""A connection to PostgreSQL in named steps, each with a limit of its own.

A proof must end in time whatever the server does: a stopped process still accepts connections (the
kernel does that for it) and never answers, and a name lookup has no limit at all. So nothing here waits
without a deadline, SQL included: the socket under the driver is given what is left of the step before
each read and write.

A step that fails raises :class:`StepError` with one of these words, which go into metrics' log lines and
views as they are:

============= ==================================================================================
word          what it means
============= ==================================================================================
name          the name does not exist (on a standby's writer endpoint: not the writer, trap 70)
resolver      the lookup itself failed
connect       refused or unreachable
tls           no TLS, or a handshake that broke off
certificate   expired, for another name, or by another authority: refused, never downgraded
sign-in       the server refused the user or the token
connections   the server has no slot left (SQLSTATE class 53, 53300)
unavailable   the server starts, stops or was told to end the session (57P01 to 57P03)
read-only     the server takes no writes (25006)
timeout       the step did not end in time
============= ==================================================================================

and otherwise with the name of the step itself (``role``, ``write``, ``read-back``, ``heartbeat``).

Names are resolved, signed for, verified and connected to as RDS host names: the certificate and the IAM
token are for those and no other (trap 99; Aurora User Guide, "Using SSL/TLS to encrypt a connection to a
DB cluster" and "IAM database authentication").
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from wire import Deadline, Wire

if TYPE_CHECKING:
    import ssl

BUNDLE = Path(__file__).parent / "certificates" / "rds-global-bundle.pem"
SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
"""PostgreSQL's request for TLS (PostgreSQL documentation, "Message Formats", ``SSLRequest``)."""

NO_SUCH_NAME = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
WORDS_OF_STATES = {
    "25006": "read-only",
    "28000": "sign-in",
    "28P01": "sign-in",
    "53300": "connections",
    "57014": "timeout",
    "57P01": "unavailable",
    "57P02": "unavailable",
    "57P03": "unavailable",
    "55P03": "timeout",
}
"""SQLSTATEs (PostgreSQL documentation, appendix A) that mean the same whatever step they come up in."""

T = TypeVar("T")
Address = tuple[int, Any]
"""A socket family and an address of it."""


class StepError(Exception):
    """A step failed: ``word`` is one of the module's table, ``state`` the SQLSTATE or empty."""

    def __init__(self, word: str, detail: str, state: str = "") -> None:
        super().__init__(f"{word}: {detail}")
        self.word = word
        self.detail = detail
        self.state = state


@dataclass(frozen=True)
class Network:
    """How names are looked up and connections opened.

    resolve: ``(host, port)`` to addresses; raises ``socket.gaierror``. May hang: it is run in a thread.
    connect: ``(address, seconds)`` to a connected socket; raises ``OSError``, ``TimeoutError`` in time.
    bundle: the authorities that are believed, PEM.
    """

    resolve: Callable[[str, int], Sequence[Address]] = field(default_factory=lambda: resolve)
    connect: Callable[[Address, float], socket.socket] = field(default_factory=lambda: connect)
    bundle: Path = BUNDLE


@dataclass(frozen=True)
class Target:
    """Whom to sign in as, and where. ``password`` is asked for at sign-in, so that a token is new."""

    host: str
    port: int
    database: str
    user: str
    password: Callable[[], str] = field(repr=False)
    settings: Mapping[str, str] = field(default_factory=dict)


class Session:
    """A signed-in connection. Made by :func:`sign_in`; use it as a context."""

    def __init__(self, wire: Wire, connection: Any, clock: Stopwatch) -> None:
        self._wire = wire
        self._connection = connection
        self._steps = clock

    def ask(self, step: str, sql: str, **values: Any) -> list[list[Any]]:
        """Return the rows of one statement, run as ``step``. Raises :class:`StepError`."""

        def run(deadline: Deadline) -> list[list[Any]]:
            self._wire.deadline = deadline
            return list(self._connection.run(sql, **values) or [])

        return self._steps.run(step, run)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._wire.farewell()


class Stopwatch:
    """Runs steps: limits each, times each, and turns what goes wrong into a :class:`StepError`.

    attempt: the deadline of all steps together. step_seconds: the limit of one.
    """

    def __init__(self, attempt: Deadline, step_seconds: float) -> None:
        self._attempt = attempt
        self._step_seconds = step_seconds
        self.seconds: dict[str, float] = {}

    def run(self, step: str, act: Callable[[Deadline], T]) -> T:
        """Return what ``act`` returns; it is given the step's deadline and must keep it."""
        deadline = self._attempt.within(self._step_seconds)
        begun = deadline.now()
        try:
            deadline.remaining()
            return act(deadline)
        except Exception as error:
            raise _failure(step, error, deadline) from error
        finally:
            self.seconds[step] = round(self.seconds.get(step, 0.0) + deadline.now() - begun, 3)


def sign_in(target: Target, network: Network, steps: Stopwatch) -> Session:
    """Return a session at ``target`` over verified TLS. Raises :class:`StepError` with the step's word."""
    addresses = steps.run("name", lambda limit: _resolved(network, target, limit))
    plain = steps.run("connect", lambda limit: _connected(network, addresses, limit))
    try:
        secure = steps.run("tls", lambda limit: _encrypted(network, plain, target.host, limit))
    except StepError:
        plain.close()
        raise
    wire = Wire(secure)
    try:
        connection = steps.run("sign-in", lambda limit: _signed_in(wire, target, limit))
    except StepError:
        wire.close()
        raise
    return Session(wire, connection, steps)


def resolve(host: str, port: int) -> Sequence[Address]:
    """Return the addresses of ``host`` from the system's resolver, which keeps no limit of ours."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, address) for family, _, _, _, address in found]


def connect(address: Address, seconds: float) -> socket.socket:
    """Return a TCP connection made within ``seconds``."""
    family, place = address
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.settimeout(seconds)
        opened.connect(place)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        opened.close()
        raise
    return opened


def trust(bundle: Path) -> ssl.SSLContext:
    """Return what verifies a server: TLS 1.2 or newer, its name, and an authority in ``bundle``.

    Not ``ssl.create_default_context``: from Python 3.13 on it adds ``VERIFY_X509_STRICT``, which demands
    extensions that some of Amazon's older authorities lack (Python documentation, "ssl", what changed in
    3.13).
    """
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cafile=str(bundle))
    return context


def _resolved(network: Network, target: Target, limit: Deadline) -> Sequence[Address]:
    """Look the name up in a thread of its own: ``getaddrinfo`` can't be told when to stop."""
    answer: list[Sequence[Address] | Exception] = []

    def look_up() -> None:
        try:
            answer.append(network.resolve(target.host, target.port))
        except (OSError, UnicodeError) as error:  # handed over to the caller's thread below
            answer.append(error)

    thread = threading.Thread(target=look_up, name=f"resolve {target.host}", daemon=True)
    thread.start()
    thread.join(limit.remaining())
    if not answer:
        raise TimeoutError("the lookup did not end")
    if isinstance(answer[0], Exception):
        raise answer[0]
    return answer[0]


def _connected(network: Network, addresses: Sequence[Address], limit: Deadline) -> socket.socket:
    last: OSError = ConnectionError("no address")
    for address in addresses:
        try:
            return network.connect(address, limit.remaining())
        except TimeoutError:
            raise
        except OSError as error:
            last = error
    raise last


def _encrypted(network: Network, plain: socket.socket, host: str, limit: Deadline) -> ssl.SSLSocket:
    plain.settimeout(limit.remaining())
    plain.sendall(SSL_REQUEST)
    plain.settimeout(limit.remaining())
    answer = plain.recv(1)
    if answer != b"S":
        raise ConnectionError("the server refused TLS" if answer else "the server closed the connection")
    context = trust(network.bundle)
    plain.settimeout(limit.remaining())
    return context.wrap_socket(plain, server_hostname=host)


def _signed_in(wire: Wire, target: Target, limit: Deadline) -> Any:
    from pg8000.native import Connection

    wire.deadline = limit
    return Connection(
        target.user,
        host=target.host,
        port=target.port,
        database=target.database,
        password=target.password(),
        application_name="disaster-recovery",
        startup_params=dict(target.settings),
        sock=wire,
        ssl_context=False,
    )


def _failure(step: str, error: Exception, deadline: Deadline) -> StepError:
    import ssl

    if isinstance(error, StepError):
        return error
    chain = [error, *filter(None, (error.__cause__, error.__context__))]
    if deadline.passed or any(isinstance(link, TimeoutError) for link in chain):
        return StepError("timeout", f"{step} did not end in {round(deadline.seconds, 1):g} s")
    if isinstance(error, ssl.SSLCertVerificationError):
        return StepError("certificate", error.verify_message)
    if isinstance(error, socket.gaierror):
        word = "name" if error.errno in NO_SUCH_NAME else "resolver"
        return StepError(word, error.strerror or str(error))
    report = error.args[0] if error.args else ""
    if isinstance(report, dict) and "C" in report:  # pg8000 puts the server's report there whole
        state = report["C"]
        word = WORDS_OF_STATES.get(state, step)
        return StepError(word, f"{report.get('M', '')} (SQLSTATE {state})", state)
    return StepError(step, str(error) or type(error).__name__)
