"""What the kernel knows of a process, its CPU time, memory and threads, and of the processors.

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

PROCESSORS = Path("/proc/stat")
STOLEN = 7
"""The place of stolen time in its first line. What follows is counted in others already."""


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


class Processors:
    """The processors of this machine, from now on."""

    def __init__(self) -> None:
        self._total, self._stolen = processor_ticks()

    def stolen(self) -> float:
        """The share of their time that a hypervisor gave to others while there was work here."""
        total, stolen = processor_ticks()
        return (stolen - self._stolen) / max(total - self._total, 1)


def processor_ticks() -> tuple[int, int]:
    """All ticks of all processors since the system started, and the stolen ones, see `proc(5)`."""
    ticks = [int(word) for word in PROCESSORS.read_text().splitlines()[0].split()[1:]]
    return sum(ticks[: STOLEN + 1]), ticks[STOLEN]
