"""What the kernel knows about a process: the CPU time it used, its memory and its threads.

CPU time is read from the process's own CPU clock, which counts nanoseconds over all of its
threads, those that have ended included. `/proc/PID/stat` counts the same in ticks of 10 ms, too
coarse for a window of one second.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

CPUCLOCK_SCHED = 2
"""The scheduler's clock among the CPU clocks of a process, as `clock_getcpuclockid(3)` has it."""


def cpu_seconds(pid: int) -> float:
    """User and system time of the process since it started, all threads together."""
    return time.clock_gettime((~pid << 3) | CPUCLOCK_SCHED)


def resident_bytes(pid: int) -> int:
    """Memory of the process that is in RAM now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def thread_count(pid: int) -> int:
    """Threads of the process now."""
    return len(os.listdir(f"/proc/{pid}/task"))
