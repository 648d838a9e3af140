"""``docs/dns.md``: what Route 53 answers, from the evaluator and the built templates.

``python -m generator.dns_page`` writes the page; a test holds that it is current.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path

from generator.situations import Marker, Pair, Proof, Situation, answer

ORIGIN, STANDBY, THIRD = "eu-west-1", "eu-central-1", "eu-north-1"
NAMES = {ORIGIN: "origin", STANDBY: "standby", THIRD: "third"}

Row = tuple[str, Situation]

_SET: Marker = "set"
_LAST: Marker = "silent, last set"


def _two(origin: Proof, standby: Proof, home: str, markers: dict[Pair, Marker] | None = None, *fresh: str) -> Situation:
    return Situation({ORIGIN: origin, STANDBY: standby}, home, markers or {}, frozenset(fresh))


_DECLARED: dict[Pair, Marker] = {(STANDBY, ORIGIN): _SET}

STORY: tuple[Row, ...] = (
    ("All is well.", _two("yes", "no", ORIGIN)),
    ("The origin is lost. Nobody has promoted the standby, so nothing moves.", _two("silent", "no", ORIGIN)),
    ("The standby was promoted and has proved it.", _two("silent", "yes", ORIGIN, _DECLARED)),
    ("The old writer comes back and believes in itself: a zombie.", _two("yes", "yes", ORIGIN, _DECLARED)),
    ("The old writer comes back as a replica.", _two("no", "yes", ORIGIN, _DECLARED)),
    (
        "**Before home has moved:** the new writer's proof is missing for a moment. The answer is wrong.",
        _two("no", "no", ORIGIN, _DECLARED),
    ),
    (
        "**The same with a zombie.** If the fence failed, it takes writes that will be lost.",
        _two("yes", "no", ORIGIN, _DECLARED),
    ),
    ("The missing proof after home has moved. The answer is right.", _two("no", "no", STANDBY, _DECLARED)),
    ("The old region is a replica again and the marker is gone.", _two("no", "yes", STANDBY)),
    ("After a failback, home still at the standby.", _two("yes", "no", STANDBY)),
    ("After a failback, home at the origin again.", _two("yes", "no", ORIGIN)),
)

FRESH: tuple[Row, ...] = (
    (
        "First deployment: no check has data yet.",
        _two("silent", "silent", ORIGIN, {}, ORIGIN, STANDBY, f"{STANDBY} about {ORIGIN}"),
    ),
    ("The standby's proof check is new, the origin is well.", _two("yes", "no", ORIGIN, {}, STANDBY)),
    (
        "The standby's proof check is new and the origin is lost: traffic goes to a region that can't write.",
        _two("silent", "no", ORIGIN, {}, STANDBY),
    ),
    (
        "The marker's check is new while the old region is a zombie: the zombie is answered.",
        _two("yes", "yes", ORIGIN, _DECLARED, f"{STANDBY} about {ORIGIN}"),
    ),
)

SILENCE: tuple[Row, ...] = (
    ("The origin's probe is silent; the standby has not been promoted.", _two("silent", "no", ORIGIN)),
    ("Both are silent.", _two("silent", "silent", ORIGIN)),
    (
        "The survivor set the marker and is silent since; the old region is back; home has not moved.",
        _two("yes", "silent", ORIGIN, {(STANDBY, ORIGIN): _LAST}),
    ),
    (
        "The same with home at the survivor: the dead survivor is answered until home moves.",
        _two("yes", "silent", STANDBY, {(STANDBY, ORIGIN): _LAST}),
    ),
)


def page() -> str:
    """Return the page's text."""
    parts = (_HEAD, _story(), _ALL, _every_two(), _THREE, _every_three(), _FRESH, _rows(FRESH), _SILENCE)
    return "\n".join((*parts, _rows(SILENCE), _LIMITS))


def _said(situation: Situation) -> str:
    return " or ".join(sorted((NAMES[region] for region in answer(situation)), reverse=True))


def _marked(situation: Situation) -> str:
    said = [
        f"{NAMES[other]} by {NAMES[survivor]}" + (" (silent since)" if word == _LAST else "")
        for (survivor, other), word in situation.markers.items()
        if word in (_SET, _LAST)
    ]
    return ", ".join(said) or "–"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *map(list, rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _story() -> str:
    return _rows(STORY)


def _rows(rows: Iterable[Row]) -> str:
    head = ("what happened", "origin proves", "standby proves", "superseded", "home", "Route 53 answers")
    return _table(
        head,
        (
            [
                words,
                situation.proofs[ORIGIN],
                situation.proofs[STANDBY],
                _marked(situation),
                NAMES[situation.home],
                f"**{_said(situation)}**",
            ]
            for words, situation in rows
        ),
    )


def _every_two() -> str:
    regions = (ORIGIN, STANDBY)
    declared: tuple[dict[Pair, Marker], ...] = ({}, {(STANDBY, ORIGIN): _SET}, {(ORIGIN, STANDBY): _SET})
    return _every(regions, declared)


def _every_three() -> str:
    regions = (ORIGIN, STANDBY, THIRD)
    declared: tuple[dict[Pair, Marker], ...] = ({}, {(STANDBY, ORIGIN): _SET})
    return _every(regions, declared)


def _every(regions: tuple[str, ...], declared: tuple[dict[Pair, Marker], ...]) -> str:
    words: tuple[Proof, ...] = ("yes", "no")
    rows = []
    for proofs in itertools.product(words, repeat=len(regions)):
        for markers in declared:
            made = [Situation(dict(zip(regions, proofs, strict=True)), home, markers) for home in regions]
            rows.append([*proofs, _marked(made[0]), *map(_said, made)])
    head = [f"{NAMES[region]} proves" for region in regions]
    return _table([*head, "superseded", *(f"home: {NAMES[region]}" for region in regions)], rows)


_HEAD = """# What DNS answers

<!-- Written by `python -m generator.dns_page` from the built templates; a test holds it current. -->

For the person on call. The names `writer.`, `reader.` and `service.` below your domain follow the writer. No
one moves them: each region proves every ten seconds that it can write to its own database, Route 53 reads
the proofs, and answers a region that has proved it. So:

- **Traffic never moves before a region can take writes.** If the origin is lost and DNS still answers it, the
  standby was not promoted yet. Promote it; DNS follows by itself.
- **Nothing fails back by itself.** A region that was superseded is not answered again before it is a replica,
  whatever it believes of itself.
- **Home** is the region that is answered when nobody is healthy. It is a parameter, and it does not move by
  itself: move it after the event is over, and not while it is going on.

A region is healthy when its own proof holds (no word is no proof) **and** no other region says that it has
been superseded. Every table here is computed by `generator/routing.py`, Route 53's documented rules, from
the templates as they are built. `tests/routing/test_truth_table.py` goes through all situations, with both
kinds of proof (`metric` and `endpoint`), which give the same answers.

## What happens in an event, row by row
"""

_ALL = """## Every situation of two data regions

A failover pair: PRIMARY at home, SECONDARY in the other region. `no` stands for silence too: they give the
same answer.
"""

_THREE = """## Every situation of three data regions, nobody or the origin superseded

A weighted set: weight 1 at home and 0 elsewhere. Route 53 looks at weight 0 only when no record with a
weight is healthy. "or" means that either is answered, by chance: that takes two regions which prove to be
the writer at once, and no marker against either, and home healthy prevents it.
"""

_FRESH = """## Fresh checks

Route 53 takes a health check that was made just now for healthy until it has data (trap 31). That is right at
the first deployment and wrong in an incident: **never replace a health check while the active region is not
home.** The plan refuses it. Interval and type of a check can't be changed without replacing it.
"""

_SILENCE = """## Silence

A proof that falls silent is no proof. A marker that falls silent keeps its last word, so that the loss of the
survivor does not bring a zombie back.
"""

_LIMITS = """## Limits: what to look for when the answer surprises you

- **A dead survivor's marker outlives it.** B took over from A, set the marker, and died before A was a
  confirmed replica again. If A is promoted now, its record stays unhealthy, because B's marker keeps its last
  word. All regions are then unhealthy and home is answered. Move home to A: that is the one case in which
  moving home is part of the way back. Inverting B's marker check by hand has the same end and is harder to
  take back.
- **Home is wrong between the promotion and the re-home.** When the new writer's proof is missing for a minute
  in that time, Route 53 answers the old region. Behind a fence, or as a replica, it refuses writes, and
  nothing is lost. If the fence failed and the old writer is back, it takes writes that will be thrown away:
  look at what the recovery said of the fence, and move home soon.
- **A fifth of the checkers is enough** (endpoint kind). Checkers in several regions ask the endpoint, and
  more than 18 % of them make it healthy. A region that most of the world can't reach can stay healthy; the
  marker outvotes it. AWS says that the share may change.
- **Noticing takes time.** Metric kind: Route 53 reads one-minute data, two to three minutes pass. Endpoint
  kind: three looks at ten seconds each, about thirty seconds. Then the record's time to live, and then the
  clients' own caches and open connections, which DNS does not move (trap 19).
- **A record that you change by hand** is undone by the next deployment, and an alarm that you set by hand
  with `SetAlarmState` moves nothing: Route 53 reads the metric (trap 30).
- **A check that you disable is healthy** (trap 35). To force a region out, set `Inverted` on its calculated
  check, and take that back afterwards.

## Rules of Route 53 that this rests on

| rule | page |
| --- | --- |
| alarm checks read the data stream; its silence is `InsufficientDataHealthStatus` | [determines][d] |
| more than 18 % of the checkers; calculated checks count healthy children | [determines][d] |
| threshold 0 is always healthy, one above the number of children never | [values][v] |
| a calculated check can't be the child of another | [values][v] |
| a new check is healthy; so is `LastKnownStatus` without a last one | [determines][d], [values][v] |
| a disabled check is healthy | [API reference][a] |
| pair: healthy primary, else healthy secondary, else primary | [chooses][c] |
| a record without a check is healthy | [chooses][c] |
| weight 0 counts when no other is healthy; when none is healthy all are | [chooses][c] |

[d]: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
[v]: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-creating-values.html
[c]: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html
[a]: https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html
"""

if __name__ == "__main__":
    Path("docs/dns.md").write_text(page(), encoding="utf-8")
