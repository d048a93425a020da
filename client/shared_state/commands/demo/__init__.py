"""``shared-state demo``: real work, shared between processes, and checked.

::

    run.py        the command: count together, count alone, compare
    together.py   the side that hands out the jobs and reads the log
    worker.py     the side that does them: one worker process
    counting.py   the work itself, which knows nothing of processes
    sources.py    which files there are to count, and in which portions
    processes.py  the server and the workers, and that none of them outlives the demo
    interrupt.py  Ctrl-C and SIGTERM, heard between two steps
    progress.py   bars on a terminal, lines elsewhere
    summary.py    what is said at the end

Nothing is imported here: a worker process loads what a worker needs.
"""

from __future__ import annotations

__all__: list[str] = []
