"""The command line: a module a command, one funnel for errors, one module that prints.

- :mod:`generator.cli.app`     the commands' root, the funnel and the exit codes
- :mod:`generator.cli.render`  everything that is shown; data on stdout, messages on stderr

Exit codes: :class:`generator.errors.Exit`, and 70 for a defect of ours.
"""
