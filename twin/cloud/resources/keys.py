"""Whether a customer-managed key is there and can be used: most services find out only when they need it."""

from __future__ import annotations

from typing import Any

from twin.cloud.resources.services import elsewhere, here, module


def usable(key: str, region: str = "") -> bool:
    """Tell whether the key (id, ARN or alias) is in that region, this one unless said, and enabled."""
    account, own = here()
    region = region or own
    if key.startswith("arn:") and key.split(":")[3] != region:
        return False
    with elsewhere(region):
        kms = module("kms")
        name = key.rpartition(":")[2] if "alias/" in key else key.rpartition("/")[2]
        if name.startswith("alias/"):
            name = str(kms._aliases.get(f"arn:aws:kms:{region}:{account}:{name}", ""))
        held: dict[str, Any] | None = kms._keys.get(name)
    return held is not None and held.get("KeyState", "Enabled") == "Enabled"
