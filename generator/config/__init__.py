"""The environment file: what a team writes down once, and everything else is built from.

- :mod:`generator.config.model`     the frozen types, each field with its meaning and its limits
- :mod:`generator.config.parts`     the sections of the file, as the model's fields
- :mod:`generator.config.source`    a file into plain values, with the line of every key
- :mod:`generator.config.load`      a path into an :class:`Environment`, or every problem at once
- :mod:`generator.config.checks`    what contradicts itself, one function a contradiction
- :mod:`generator.config.problems`  what is said about a file that is refused
- :mod:`generator.config.regions`   AWS's regions: zones, opt-in, global databases
- :mod:`generator.config.engines`   Aurora PostgreSQL's versions and classes in a global database
- :mod:`generator.config.schema`    the JSON schema that editors use
"""

from __future__ import annotations

from generator.config.load import load, warnings
from generator.config.model import Environment
from generator.config.parts import Region
from generator.config.problems import EnvironmentFileError, Problem

__all__ = ["Environment", "EnvironmentFileError", "Problem", "Region", "load", "warnings"]
