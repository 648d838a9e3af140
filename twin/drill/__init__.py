"""A drill: a scenario played on the local cloud, seen by an application that writes, and judged.

- :mod:`twin.drill.record`  what happened, frozen: writes, events, samples; and what is concluded from it
"""
