"""What the state tables of an environment come to hold, noted in the journal: proofs, fences, markers, leases.

The words are :mod:`recovery.signals`'s; a table of anybody else's that uses none of them is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from recovery import signals
from twin.cloud.emulator import module
from twin.cloud.journal import JOURNAL

_NOUNS = {signals.FENCE: "the fence of", signals.SUPERSEDED_ITEM: "the marker about", signals.LEASE: "the lease of"}
_proofs: dict[tuple[str, str], bool] = {}
"""What a region of an account last proved."""


def install() -> None:
    """Look at each item that is written or deleted, whoever does it."""
    tables = module("services.dynamodb")
    tables._put_item = _after(tables._put_item, _written)
    tables._delete_item = _after(tables._delete_item, _deleted)


def _after(act: Callable[[Any], Any], note: Callable[[str, str, Mapping[str, Any]], None]) -> Callable[[Any], Any]:
    def acted(data: Any) -> Any:
        answer = act(data)
        item = data.get("Item") or data.get("Key") or {}
        kind, name = item.get(signals.KEY_KIND, {}).get("S", ""), item.get(signals.KEY_NAME, {}).get("S", "")
        if answer[0] == 200 and kind and name:
            note(kind, name, item)
        return answer

    return acted


def _region() -> str:
    return str(module("core.responses").get_region())


def _written(kind: str, name: str, item: Mapping[str, Any]) -> None:
    region = _region()
    if kind == signals.VIEW:
        _proof(region, item)
    elif kind in _NOUNS:
        cause = _text(item, "execution") or _text(item, "holder")
        JOURNAL.note("state machine", region, f"{_NOUNS[kind]} {name} is written", cause, kind=kind, about=name)


def _deleted(kind: str, name: str, item: Mapping[str, Any]) -> None:
    del item
    if kind in _NOUNS:
        JOURNAL.note("state machine", _region(), f"{_NOUNS[kind]} {name} is deleted", kind=kind, about=name)


def _proof(region: str, item: Mapping[str, Any]) -> None:
    """Note a region's own proof when it comes, goes, or fails for another reason."""
    voter, about = _text(item, "voter"), _text(item, "about")
    if voter != about or voter != region:
        return
    key = (str(module("core.responses").get_account_id()), region)
    proved = bool(item.get("writer", {}).get("BOOL"))
    if _proofs.get(key) is not proved:
        _proofs[key] = proved
        what = f"{region} proves that it takes writes" if proved else f"{region} does not prove that it takes writes"
        JOURNAL.note("probe", region, what, _text(item, "reason"), proof=proved)


def _text(item: Mapping[str, Any], name: str) -> str:
    return str(item.get(name, {}).get("S", ""))
