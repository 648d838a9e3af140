"""Rules of our own for cfn-lint: one file a trap, so that what deploys green and fails on the day is red.

cfn-lint loads the folder as it is::

    cfn-lint --append-rules "$(python -c 'import generator.rules as r; print(r.folder())')" template.yaml

or, as a library, ``append_rules=[str(generator.rules.folder())]``. A rule's number is its trap's:
``E9028`` looks for trap 28 of ``docs/traps.md``, ``E92xx`` for the traps of the brief (``E9204`` is B4).
``E`` is an error, ``W`` what may be wrong in other people's templates and has to be looked at.

The rules read templates through :mod:`generator.rules._reading`, which knows nothing of our own stacks:
they hold for any template, in YAML or JSON, with intrinsic functions in any place.

This module imports nothing of cfn-lint, so that asking for the folder costs nothing.
"""

from __future__ import annotations

from pathlib import Path


def folder() -> Path:
    """Return the folder that cfn-lint takes as ``append_rules``."""
    return Path(__file__).resolve().parent
