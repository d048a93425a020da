"""Child: a command that runs as a process, gets the signals meant for it, and may be ended.

Signals are blocked and taken one by one from the kernel's queue, and not caught by handlers: only
so can be seen who sent each. Those of a terminal (Ctrl-C) the kernel has sent to the child as well,
and it would take a second one for impatience. Everything else is passed on.

The exit status is a shell's: that of the command, 128+n if signal n ended it, 127 if there is no
such command, 126 if it cannot be executed.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Mapping

__all__ = ["FORWARDED", "KILLED_BY", "Child", "NotStarted", "take_signals"]

FORWARDED = frozenset(
    {
        signal.SIGHUP,
        signal.SIGINT,
        signal.SIGQUIT,
        signal.SIGTERM,
        signal.SIGUSR1,
        signal.SIGUSR2,
    }
)
"""What people and supervisors send to a program that it is to hear itself."""

KILLED_BY = 128
"""The exit status of what a signal has ended, less the signal's number."""

NOT_EXECUTABLE, NOT_FOUND = 126, 127

FROM_KERNEL = 128
"""`si_code` of a signal that the kernel sent, by `sigaction(2)`: a terminal's, to a whole group."""

CHANGED_BY_PYTHON = {signal.SIGPIPE, signal.SIGXFSZ}
"""Signals that Python ignores and other programs do not expect to."""

KILL_AFTER_S = 10.0
"""For how long a child may clean up once it is told to end."""


class NotStarted(Exception):
    """The command was not started; `status` is the exit status that says so."""

    def __init__(self, command: str, error: OSError) -> None:
        super().__init__(f"cannot run {command}: {error.strerror}")
        self.status = NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE


def take_signals() -> None:
    """Keep signals for `Child.wait` from now on. Threads that are made later keep them, too."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, there would be nothing to wait for
    signal.pthread_sigmask(signal.SIG_BLOCK, {*FORWARDED, signal.SIGCHLD})


class Child:
    """A process that was started after `take_signals`.

    Raises:
        NotStarted: it could not be.
    """

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        self._guard = threading.Lock()
        self._is_reaped = False
        self._killer: threading.Timer | None = None
        try:
            self._pid = os.posix_spawnp(
                command[0], command, environment, setsigmask=(), setsigdef=CHANGED_BY_PYTHON
            )
        except OSError as error:
            raise NotStarted(command[0], error) from error

    def wait(self) -> int:
        """Pass signals on until it has ended; return its exit status."""
        while True:
            info = signal.sigwaitinfo({*FORWARDED, signal.SIGCHLD})
            if info.si_signo != signal.SIGCHLD:
                if info.si_code != FROM_KERNEL:
                    self._send(signal.Signals(info.si_signo))
                continue
            with self._guard:
                pid, status = os.waitpid(self._pid, os.WNOHANG)
                self._is_reaped = pid != 0
            if pid:
                return self._ended(os.waitstatus_to_exitcode(status))

    def terminate(self) -> None:
        """End it: ask it to, and kill it if it has not ended `KILL_AFTER_S` later."""
        self._send(signal.SIGTERM)
        self._killer = threading.Timer(KILL_AFTER_S, self._send, [signal.SIGKILL])
        self._killer.daemon = True
        self._killer.start()

    def _ended(self, code: int) -> int:
        if self._killer is not None:
            self._killer.cancel()
        return code if code >= 0 else KILLED_BY - code

    def _send(self, number: signal.Signals) -> None:
        with self._guard:  # once it is reaped, its number may be another process's
            if not self._is_reaped:
                os.kill(self._pid, number)
