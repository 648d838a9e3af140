"""All templates looked at, on all processors.

The processes come from a server that has imported cfn-lint once and forks: loading it and its rules costs
more than most templates do.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor

from generator.lint.finding import Finding, Job


def lint(
    jobs: Iterable[Job], processes: int | None = None, done: Callable[[], object] = lambda: None
) -> tuple[Finding, ...]:
    """Return the findings of all templates, sorted; ``done`` is called after each template.

    ``processes`` defaults to the number of processors that this process may use.
    """
    largest_first = sorted(jobs, key=lambda job: (-len(job.text) * len(job.regions), job.file))
    workers = min(processes or _processors(), len(largest_first))
    found: list[Finding] = []
    for findings in _looked_at(largest_first, workers):
        found += findings
        done()
    return tuple(sorted(set(found)))


def _looked_at(jobs: list[Job], workers: int) -> Iterable[tuple[Finding, ...]]:
    if workers <= 1:
        from generator.lint.worker import look

        yield from map(look, jobs)
        return
    context = multiprocessing.get_context("forkserver" if _forkserver() else "spawn")
    if _forkserver():
        context.set_forkserver_preload(["generator.lint.worker"])
    from generator.lint import worker_entry

    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=worker_entry.leave_interrupts_to_parent)
    try:
        yield from pool.map(worker_entry.look, jobs)
    finally:
        pool.shutdown(cancel_futures=True)


def _forkserver() -> bool:
    return "forkserver" in multiprocessing.get_all_start_methods()


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
