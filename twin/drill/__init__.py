"""A drill: a scenario played on the local cloud, seen by an application that writes, and judged.

- :mod:`twin.drill.scenario`     what a scenario's file may say; :mod:`twin.drill.chance` draws one from a seed
- :mod:`twin.drill.stage`        a local cloud with the environment deployed, and its application
- :mod:`twin.drill.application`  the application: writes numbered rows, remembers every answer
- :mod:`twin.drill.person`       people: they type this library's commands
- :mod:`twin.drill.play`         does a scenario's steps; :mod:`twin.drill.sights` is what it waits for
- :mod:`twin.drill.observe`      sees it all from outside
- :mod:`twin.drill.record`       what happened, frozen, and what is concluded from it
- :mod:`twin.drill.judge`        the verdict, of :mod:`invariants <twin.drill.invariants>`,
  :mod:`shares <twin.drill.shares>`, :mod:`acknowledgements <twin.drill.acknowledgements>` and
  :mod:`executions <twin.drill.executions>`; all pure
- :mod:`twin.drill.live`         the view in the terminal
- :mod:`twin.drill.run`          one drill, from its beginning to its result
- :mod:`twin.drill.page`         ``docs/drills.md``
"""
