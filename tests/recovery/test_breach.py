"""A broken invariant is told once, when it lasts, and closed when it holds again."""

from __future__ import annotations

from recovery.breach import CLOSE, OPEN, PATIENCE_SECONDS, TELL, Act, Breach, decide

NOW = 1_800_000_000_000
WRONG = "two regions take writes"


def known(seconds: float, *, told: bool = False) -> Breach:
    return Breach(WRONG, NOW - int(seconds * 1000), told)


def test_it_is_kept_when_it_is_first_seen_and_nobody_is_told_yet() -> None:
    assert decide((WRONG,), (), NOW) == (Act(OPEN, Breach(WRONG, NOW)),)


def test_it_is_told_when_it_lasts_and_only_once() -> None:
    assert decide((WRONG,), (known(PATIENCE_SECONDS - 1),), NOW) == ()
    lasting = known(PATIENCE_SECONDS)
    assert decide((WRONG,), (lasting,), NOW) == (Act(TELL, lasting),)
    assert decide((WRONG,), (known(9999, told=True),), NOW) == ()


def test_it_is_closed_when_it_holds_again_told_or_not() -> None:
    for told in (True, False):
        gone = known(500, told=told)
        assert decide((), (gone,), NOW) == (Act(CLOSE, gone),)


def test_each_is_a_thing_of_its_own() -> None:
    old = known(10)
    assert decide(("another",), (old,), NOW) == (Act(OPEN, Breach("another", NOW)), Act(CLOSE, old))
