"""Processes: whether one of this host is gone, told by the kernel and not by its silence.

A process that is killed while replies wait in its socket leaves a connection that broke, as a cut
cable does, and so a session that might come back. On a Unix socket the kernel says which process it
was; a *pidfd* says when that one is gone, without asking again and again. If the number has become
another process's meanwhile, nothing is seen, and the session ends as all others do: after its
grace. So do those of more processes than there are descriptors to spare for.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Hashable
from functools import partial
from typing import Generic, TypeVar

from .descriptors import SPARE

__all__ = ["MAX_VIGILS", "Vigil", "Vigils"]

MAX_VIGILS = SPARE // 2
"""Processes that are watched at one time, a descriptor each. The other half is for what else is no
client's. Of processes that were killed many more are seen: their vigils end within a turn."""

W = TypeVar("W", bound=Hashable)


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


class Vigils(Generic[W]):
    """Whose processes are watched: one vigil for each process, however many it was.

    `then` is called with each of them whose process is gone.
    """

    def __init__(self, then: Callable[[W], None]) -> None:
        self._then = then
        self._vigils: dict[int, tuple[Vigil, dict[W, None]]] = {}
        self._pids: dict[W, int] = {}

    def __len__(self) -> int:
        """Return how many processes are watched."""
        return len(self._vigils)

    def begin(self, who: W, pid: int) -> None:
        """Watch the process `pid`, and no other, for `who`.

        Raises:
            OSError: this system cannot tell, or there are too few descriptors left.
        """
        self.end(who)
        if pid not in self._vigils:
            if len(self._vigils) >= MAX_VIGILS:
                raise OSError(f"{MAX_VIGILS} processes are watched already")
            self._vigils[pid] = Vigil(pid, partial(self._gone, pid)), {}
        self._vigils[pid][1][who] = None
        self._pids[who] = pid

    def end(self, who: W) -> None:
        """Watch no more for `who`. May be called again."""
        pid = self._pids.pop(who, None)
        if pid is not None:
            vigil, watched = self._vigils[pid]
            del watched[who]
            if not watched:
                vigil.stop()
                del self._vigils[pid]

    def end_all(self) -> None:
        """Watch no more for anybody."""
        for who in list(self._pids):
            self.end(who)

    def _gone(self, pid: int) -> None:
        _, watched = self._vigils.pop(pid)
        for who in watched:
            del self._pids[who]
        for who in watched:
            self._then(who)


def _open(pid: int) -> int:
    if not pid or not hasattr(os, "pidfd_open"):
        raise OSError("this system does not tell when a process ends")
    return os.pidfd_open(pid)
