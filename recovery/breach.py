"""What to do about an invariant that is seen broken: told once, and closed when it holds again.

Facts are pushed and descriptions lag, so some break for a moment while the writer moves: the old writer's last
proof is still fresh when the new one's arrives. So what is broken is kept when it is first seen, and told when it
still is after a while; people are not told twice of the same thing.
"""

from __future__ import annotations

from dataclasses import dataclass

PATIENCE_SECONDS = 90
"""How long it has to last: longer than a proof holds at the usual intervals, and looked at once a minute."""

OPEN = "open"
TELL = "tell"
CLOSE = "close"


@dataclass(frozen=True)
class Breach:
    """An invariant that is broken, as the state table holds it.

    sentence: what :func:`recovery.state.violations` says, which is also its name. since_ms: when it was first seen
    here. told: people were told.
    """

    sentence: str
    since_ms: int
    told: bool = False


@dataclass(frozen=True)
class Act:
    """One thing to do about a breach: ``open``, ``tell`` or ``close`` it."""

    name: str
    breach: Breach


def decide(broken: tuple[str, ...], known: tuple[Breach, ...], now_ms: int) -> tuple[Act, ...]:
    """Return what to do now, in order; empty when nothing changed."""
    before = {each.sentence for each in known}
    acts = [Act(OPEN, Breach(sentence, now_ms)) for sentence in broken if sentence not in before]
    for each in known:
        if each.sentence not in broken:
            acts.append(Act(CLOSE, each))
        elif not each.told and now_ms - each.since_ms >= PATIENCE_SECONDS * 1000:
            acts.append(Act(TELL, each))
    return tuple(acts)
