"""``docs/not-emulated.md``: the table of :mod:`twin.cloud.gaps` as a page.

``python -m twin.cloud.gaps_page`` writes it; a test holds that it is current.
"""

from __future__ import annotations

from generator.resources import folder
from twin.cloud.gaps import GAPS, INERT, UNCHECKED

FILE = "not-emulated.md"

_HEAD = """# What the local cloud does not emulate

<!-- Written by `python -m twin.cloud.gaps_page` from twin/cloud/gaps.py; a test holds it current. -->

The local cloud ([what it is](local-cloud.md)) refuses types and actions that it does not know. What the built templates
ask for and it takes in reads back over the service's own API, but for what stands here.
"""

_GAPS = """## Properties that can't be read back

A test deploys every example and asks each service for what it was given; every property that does not come back is
here, and none that does.

| type | property | why |
| --- | --- | --- |
"""

_INERT = """## Types that are kept and do nothing

Their properties are stored and shown. What AWS would do with them does not happen, so a deployment into the local
cloud proves nothing about it.

| type | what does not happen |
| --- | --- |
"""

_UNCHECKED = """## Calls that no policy is asked about

Every call of a role is checked: a function's, one that it makes as a role that it assumed, a state machine's, a
schedule's. A call of a role that can't be named is denied. These are not checked:

| calls | why, and what stands in |
| --- | --- |
"""

_UNPUBLISHED = """## Metrics that nobody publishes

Alarms are evaluated from what is published (`twin/cloud/watch/`). A test holds that every metric of AWS's own that a
built alarm reads is published by the local cloud, or stands here.

| namespace | metric | why |
| --- | --- | --- |
"""


def page() -> str:
    """Return the page's text."""
    gaps = "".join(f"| `{each.type}` | `{each.path}` | {each.why} |\n" for each in GAPS)
    inert = "".join(f"| `{each.type}` | {each.missing} |\n" for each in INERT)
    unchecked = "".join(f"| {each.calls} | {each.why} |\n" for each in UNCHECKED)
    return f"{_HEAD}\n{_GAPS}{gaps}\n{_INERT}{inert}\n{_UNCHECKED}{unchecked}"


if __name__ == "__main__":
    (folder("docs") / FILE).write_text(page(), encoding="utf-8")
