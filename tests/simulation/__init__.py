"""A whole environment in one process and on a virtual clock, with the real code, played at random from a seed.

In the manner of FoundationDB's simulation and of Jepsen: the decisions (``recovery/``), the handlers (``lambda/``), the
state machine's definition and the built DNS templates are the real ones; AWS, PostgreSQL, people and the application
are models that a few thousand lines of story can be played against in the time that one real promotion takes. A seed
decides everything, so ``python -m tests.simulation SEED`` tells any run again, line by line.

- :mod:`.clockwork`   virtual time, and processes that wait in it
- :mod:`.databases`   PostgreSQL in each region: rows, replication, lost tails, zombies
- :mod:`.network`     who reaches whom: links, one-way ones too, regions that are gone, the fence
- :mod:`.service`     Aurora's control plane: promotions that take time, descriptions that lag
- :mod:`.tables`      DynamoDB: conditional writes, held against moto's by a test
- :mod:`.calls`       what may happen to a call: throttled, refused, silent, done and not answered
- :mod:`.cloud`       the clients that the functions get, and what is behind them
- :mod:`.functions`   the real handlers, wired; each runs as long as its limit lets it
- :mod:`.machine`     executions of the real state machine, which can be killed at each step
- :mod:`.watch`       the probes and votes, CloudWatch, and what Route 53 answers on the built templates
- :mod:`.client`      the application: resolves, connects, writes, remembers
- :mod:`.people`      who is told, and what they do then
- :mod:`.world`       all of it together; :mod:`.shape` says how many regions, which mode, which intervals
- :mod:`.faults`      what can go wrong, drawn from a seed; :mod:`.disasters` makes it so
- :mod:`.story`       what happened, line by line
- :mod:`.invariants`  I1 to I5 judged from the record, and :mod:`.acts`, I6 to I10
- :mod:`.run`         one run: play, settle, judge
- :mod:`.mutants`     systems that are broken on purpose, which the judge must find
"""

from __future__ import annotations

import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
for _place in (_ROOT, _ROOT / "lambda", _ROOT / "tests" / "handlers"):
    if str(_place) not in sys.path:
        sys.path.insert(0, str(_place))  # the functions' modules lie flat, as in their packages
