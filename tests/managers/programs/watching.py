"""What a program can see of another process, from outside: that it sleeps, that it is gone."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

LOOK_INTERVAL_S = 0.002

LOOKS = 10
"""In a row. A process that writes to a pipe may sleep for a moment; one that waits for an answer
sleeps on."""


def until(condition: Callable[[], bool], patience_s: float) -> bool:
    """Return whether `condition` came to hold in time."""
    give_up = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > give_up:
            return False
        time.sleep(LOOK_INTERVAL_S)
    return True


def wait_until_asleep(*pids: int, patience_s: float = 30.0) -> None:
    """Return when all threads of some processes wait for something.

    A process that sent a request has sent it then, and a server that got it has taken it up.
    """
    in_a_row = 0
    give_up = time.monotonic() + patience_s
    while in_a_row < LOOKS:
        assert time.monotonic() < give_up, f"processes {pids} do not come to rest"
        asleep = all(state == "S" for pid in pids for state in _states_of_threads(pid))
        in_a_row = in_a_row + 1 if asleep else 0
        time.sleep(LOOK_INTERVAL_S)


def is_gone(pid: int) -> bool:
    """Return whether a process has ended, collected by its parent or not."""
    return _state(Path(f"/proc/{pid}")) in {"", "Z", "X"}


def number_of_threads(pid: int) -> int:
    """Return how many threads a process has."""
    return len(_states_of_threads(pid))


def _states_of_threads(pid: int) -> list[str]:
    return [_state(thread) for thread in Path(f"/proc/{pid}/task").iterdir()]


def _state(folder: Path) -> str:
    try:
        # The name of the program comes before, in brackets, and may hold anything.
        return (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
