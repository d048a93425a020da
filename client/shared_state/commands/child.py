"""Child: a command that runs as a process, gets the signals meant for it, and may be ended.

Signals are blocked and taken one by one from the kernel's queue, and not caught by handlers: only
so can be seen who sent each. Those of a terminal (Ctrl-C) the kernel has sent to the child as well,
and it would take a second one for impatience. Everything else is passed on.

The exit status is a shell's: that of the command, 128+n if signal n ended it, 127 if there is no
such command, 126 if it cannot be executed.

On Linux a child does not outlive who started it: if that one is killed, the kernel kills the child.
It says so with SIGKILL, because what the child was started for is over then, and there is nobody
left who could insist after a SIGTERM.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping

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

PR_SET_PDEATHSIG = 1
"""From `prctl(2)`: which signal a process gets when the thread that started it is gone."""

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
    """A process that was started after `take_signals`, by the main thread, before any other.

    Raises:
        NotStarted: it could not be.
    """

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        self._guard = threading.Lock()
        self._killer: threading.Timer | None = None
        try:
            self._process = subprocess.Popen(  # noqa: S603  # to run what it is told is its purpose
                command,
                env=environment,
                close_fds=False,
                preexec_fn=_preparation(),  # noqa: PLW1509  # there are no threads yet
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
                status = self._process.poll()
            if status is not None:
                return self._ended(status)

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
        with self._guard:  # nobody else has reaped it then, and `wait` does not miss its end
            self._process.send_signal(number)


def _preparation() -> Callable[[], None]:
    """Return what a new process does before it becomes the command."""
    caught = [each for each in FORWARDED if signal.getsignal(each) is not signal.SIG_IGN]
    tie = _tie()

    def prepare() -> None:
        for each in caught:  # a handler would lose in the old program what is for the new one
            signal.signal(each, signal.SIG_DFL)
        tie()
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

    return prepare


def _tie() -> Callable[[], None]:
    """Return what a new process does to end with this one. The library is looked up before."""
    if sys.platform != "linux":
        return lambda: None
    parent = os.getpid()
    prctl = ctypes.CDLL(None).prctl
    prctl.argtypes = [ctypes.c_int, ctypes.c_ulong]

    def tie() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it was killed before that was said
            os.kill(os.getpid(), signal.SIGKILL)

    return tie
