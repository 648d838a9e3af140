"""One client a service, region and account, with calls that are bounded.

botocore's adaptive mode retries throttling, time-outs and the services' own failures (boto3 guide, "Retries").
Regional STS endpoints are asked, never the global one, which is us-east-1 (trap 57).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import Loader

from generator.aws.errors import told
from generator.aws.looking import DarkError, ask
from generator.config import Environment
from generator.errors import CloudError

SESSION_NAME = "multi-region-recovery"


@dataclass(frozen=True)
class Patience:
    """How long a call may take: seconds to connect and to be answered, and tries in all."""

    connect: float = 5.0
    read: float = 30.0
    tries: int = 8


CHANGING = Patience()
"""For calls that change something: patient, since giving up halfway helps nobody."""

LOOKING = Patience(connect=2.0, read=5.0, tries=2)
"""For looking at a region that may be dark: a column that says so soon beats one that never comes."""

RENEWING = Patience(connect=2.0, read=5.0, tries=1)
"""For renewing a lease, which is tried again by itself, and has to be known to be lost before it runs out."""


@dataclass(frozen=True)
class Keys:
    """Fixed keys, with the endpoint that takes them: the local cloud's, where the access key is the account.

    endpoints: regions that are reached elsewhere, as a test has it for one that never answers.
    """

    endpoint: str
    endpoints: Mapping[str, str] = field(default_factory=dict)

    def of(self, region: str) -> str:
        """Return the endpoint of that region."""
        return self.endpoints.get(region, self.endpoint)


class Clouds:
    """Makes clients, and keeps them. Safe to use from several threads.

    Two accounts need two sets of credentials: those at hand belong to the administration account, and the
    workload account is reached through ``accounts.access_role`` there. near: the region whose STS is asked first,
    the StackSets' unless said: whoever works with one region alone should need no other.
    """

    def __init__(
        self, environment: Environment, *, patience: Patience = CHANGING, local: Keys | None = None, near: str = ""
    ) -> None:
        self.environment = environment
        self.local = local
        self.near = near or environment.dns_region
        self.patience = patience
        self._config = Config(
            connect_timeout=patience.connect,
            read_timeout=patience.read,
            retries={"mode": "adaptive", "total_max_attempts": patience.tries},
            max_pool_connections=32,
            user_agent_extra=SESSION_NAME,
        )
        self._lock = threading.RLock()
        self._sessions: dict[str, boto3.Session] = {}
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._others: dict[Patience, Clouds] = {patience: self}

    def looking(self) -> Clouds:
        """Return the same clouds with less patience, for regions that may be dark; the same ones each time."""
        return self.having(LOOKING)

    def having(self, patience: Patience) -> Clouds:
        """Return the same clouds with another patience and the same credentials; the same ones each time."""
        with self._lock:
            if patience not in self._others:
                other = Clouds(self.environment, patience=patience, local=self.local, near=self.near)
                other._lock, other._sessions, other._others = self._lock, self._sessions, self._others
                self._others[patience] = other
            return self._others[patience]

    def client(self, service: str, region: str, account: str = "") -> Any:
        """Return the client; ``account`` is the workload's unless said. Raises :class:`CloudError`."""
        account = account or self.environment.accounts.workload
        key = (service, region, account)
        with self._lock:
            if key not in self._clients:
                endpoint = self.local.of(region) if self.local else None
                session: Any = self._session(account)  # boto3's stubs want a literal name
                self._clients[key] = session.client(
                    service, region_name=region, config=self._config, endpoint_url=endpoint
                )
            return self._clients[key]

    def stacksets(self) -> Any:
        """Return the CloudFormation client of the region and account that the StackSets live in."""
        return self.client("cloudformation", self.environment.dns_region, self.environment.accounts.administration)

    def check_account(self) -> str:
        """Return the credentials' account. Raises :class:`CloudError` when it is not the administration's."""
        wanted = self.environment.accounts.administration
        region = self.near
        with told(region, "asking whose credentials these are"):
            account = str(self.client("sts", region, wanted).get_caller_identity()["Account"])
        if account != wanted:
            raise CloudError(
                f"these credentials belong to the account {account}, the environment"
                f" {self.environment.suffix} to {wanted}",
                hint="choose the right profile with AWS_PROFILE, or correct accounts in the environment file",
            )
        return account

    def _session(self, account: str) -> boto3.Session:
        if account not in self._sessions:
            away = account != self.environment.accounts.administration and not self.local
            self._sessions[account] = self._assumed(account) if away else self._at_hand(account)
        return self._sessions[account]

    def _at_hand(self, account: str) -> boto3.Session:
        if self.local:
            return _session(account, "local")
        with told(self.near, "reading the credentials"):
            return _session()

    def _assumed(self, account: str) -> boto3.Session:
        role = self.environment.accounts.access_role
        if role is None:
            raise CloudError(
                f"the stacks live in the account {account}, and the credentials are for another",
                hint="name a role of that account that they may assume, as accounts.access_role",
            )
        session = self._at_hand(self.environment.accounts.administration)
        regions = dict.fromkeys(
            (self.near, self.environment.dns_region, *(each.name for each in self.environment.all_regions))
        )
        return _session(core=_renewing(session, f"arn:aws:iam::{account}:role/{role}", (*regions,)))


class _Models(Loader):
    """The services' models, read once for all sessions: reading them is most of what a client costs.

    Every session of boto3 appends its own folder, which nobody looks into here, and is given a list of its own for it.
    """

    @property
    def search_paths(self) -> list[str]:
        return list(super().search_paths)


@cache
def _models() -> _Models:
    """Return the models from where botocore's configuration has them, once."""
    found = botocore.session.Session().get_component("data_loader")
    return _Models(found.search_paths, include_default_search_paths=False)


def _session(key: str | None = None, secret: str | None = None, core: Any = None) -> boto3.Session:
    """Return a session with these keys, or with those at hand; ``core`` is botocore's, a new one unless given."""
    core = core or botocore.session.Session()
    core.register_component("data_loader", _models())
    return boto3.Session(key, secret, botocore_session=core)


_ASSUMING = Config(connect_timeout=2.0, read_timeout=3.0, retries={"mode": "standard", "total_max_attempts": 2})


def _renewing(session: boto3.Session, role: str, regions: tuple[str, ...]) -> Any:
    """Return a botocore session that assumes the role, and again whenever the credentials run out.

    The regions' own STS endpoints are asked one after the other: any of them gives the same, and one may be dark.
    """
    from botocore.credentials import DeferredRefreshableCredentials

    def assume() -> dict[str, str]:
        given = _assume(session, role, regions)
        return {
            "access_key": given["AccessKeyId"],
            "secret_key": given["SecretAccessKey"],
            "token": given["SessionToken"],
            "expiry_time": given["Expiration"].isoformat(),
        }

    renewing = botocore.session.Session()
    renewing._credentials = DeferredRefreshableCredentials(assume, "assume-role")  # type: ignore[attr-defined]
    return renewing


def _assume(session: boto3.Session, role: str, regions: tuple[str, ...]) -> Any:
    silent = ""
    for region in regions:
        sts = session.client("sts", region_name=region, config=_ASSUMING)
        asked = partial(sts.assume_role, RoleArn=role, RoleSessionName=SESSION_NAME)
        try:
            return ask(region, f"assuming {role}", asked)["Credentials"]
        except DarkError as error:
            silent = silent or str(error)
    raise CloudError(silent, hint="no region's STS answers: is the way to them down? run the command again")
