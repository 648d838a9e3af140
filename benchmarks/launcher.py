"""Runs one command and prints what it took. Kept so small that the figures are the command's own.

A child's peak memory starts at that of the process which made it, so this one has to be the smaller of the
two: ``python -I -S launcher.py COMMAND…`` imports four modules of the standard library's core.
"""

import os
import resource
import sys
import time

begun = time.perf_counter()
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status = os.waitpid(process, 0)
seconds = time.perf_counter() - begun
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
sys.stdout.write(f"{os.waitstatus_to_exitcode(status)} {seconds} {peak}\n")
