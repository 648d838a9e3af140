"""cfn-lint and our own rules over templates: ours in every configured region, and other people's.

- :mod:`generator.lint.finding`  what is found
- :mod:`generator.lint.files`    which files of a folder are templates
- :mod:`generator.lint.worker`   one template looked at; the only module that imports cfn-lint
- :mod:`generator.lint.run`      all of them, on all processors
- :mod:`generator.lint.formats`  findings as text, JSON, SARIF, JUnit, annotations

Importing this package does not import cfn-lint.
"""

from __future__ import annotations

from generator.lint.finding import Finding, Job
from generator.lint.run import lint

__all__ = ["Finding", "Job", "lint"]
