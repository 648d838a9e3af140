"""Deployments in a world that does not cooperate: killed, throttled, cut off, interfered with; over HTTP.

- :mod:`tests.resilience.world`     environments with accounts of their own, clients that load their models once
- :mod:`tests.resilience.portrait`  what a deployment left: parameters, outputs, operations, without made-up ids
- :mod:`tests.resilience.lives`     deployments in processes of their own, that die at a chosen call
- :mod:`tests.resilience.proxy`     a proxy in front of a cloud that throttles, fails, keeps silent and loses answers

``SOAK=10`` in the environment makes the seeded tests ten times as long.
"""
