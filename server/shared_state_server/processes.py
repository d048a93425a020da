"""Processes: whether one of this host is gone, told by the kernel and not by its silence.

A process that is killed while replies wait in its socket leaves a connection that broke, as a cut
cable does, and so a session that might come back. On a Unix socket the kernel says which process it
was; a *pidfd* says when that one is gone, without asking again and again. If the number has become
another process's meanwhile, nothing is seen, and the session ends as all others do: after its
grace.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

__all__ = ["Vigil"]


class Vigil:
    """Calls `then` once the process `pid` is gone, unless `stop` comes first.

    Raises:
        OSError: this system cannot tell, or there are no descriptors left.
    """

    def __init__(self, pid: int, then: Callable[[], None]) -> None:
        self._then = then
        self._loop = asyncio.get_running_loop()
        self._pidfd = -1
        try:
            self._pidfd = _open(pid)
        except ProcessLookupError:
            self._loop.call_soon(self._gone)
        else:
            self._loop.add_reader(self._pidfd, self._gone)
        self._is_over = False

    def stop(self) -> None:
        """Watch no more. May be called again."""
        self._is_over = True
        if self._pidfd >= 0:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1

    def _gone(self) -> None:
        if not self._is_over:
            self.stop()
            self._then()


def _open(pid: int) -> int:
    if not pid or not hasattr(os, "pidfd_open"):
        raise OSError("this system does not tell when a process ends")
    return os.pidfd_open(pid)
