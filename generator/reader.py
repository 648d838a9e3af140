"""YAML's parser for everything that is read: libyaml's where PyYAML was built with it, which is ten times as fast."""

from __future__ import annotations

from typing import Any

import yaml

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""A safe loader; a subclass may add tags of its own."""
