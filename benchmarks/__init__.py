"""How long the library takes, against the least it could take: ``python -m benchmarks``.

Every figure is a ratio of two things measured in the same run, turn by turn, so that a slow machine slows
both. The page ``docs/benchmarks.md`` is written anew; a goal that is missed ends in exit code 1.

- :mod:`benchmarks.measure`    a process's wall time and peak memory
- :mod:`benchmarks.scenarios`  what is measured, and the goals
- :mod:`benchmarks.page`       the results as a page
- :mod:`benchmarks.many`       what is run to build many environments
"""
