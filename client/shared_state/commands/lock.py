"""``shared-state lock NAME -- command …``: a command that runs while it holds a lock.

The command finds the lock's name and the token of its grant in its environment, and can fence off
with them whatever it writes to: ``Grant(os.environ["SHARED_STATE_LOCK"],
int(os.environ["SHARED_STATE_TOKEN"]))``. Whether the lock is still held is asked every second; once
it is not, or nobody answers for `PATIENCE_S`, the command is ended. If this process is killed by
SIGKILL, so is the command, on Linux; elsewhere only the token protects then.

Signals are passed on to the command. One that comes while the lock is waited for ends the wait.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated, NoReturn

import typer

import shared_state
from shared_state import Grant, SharedStateError

from .child import FORWARDED, KILLED_BY, Child, NotStarted, take_signals
from .connecting import connect

__all__ = ["lock"]

TIMED_OUT = 124
"""The exit status of ``timeout`` from the GNU coreutils, too."""

LOST = 1
"""The exit status if the lock was lost, whatever the command made of it."""

PATIENCE_S = 10.0
"""For the server. Less than it waits for a client that is gone, so that the command is told to end
before somebody else has the lock."""

CHECK_INTERVAL_S = 1.0
"""How long a command may go on without its lock, if it is not cut off from the server."""


class Signalled(BaseException):
    """A signal ended the wait for the lock."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def lock(
    name: Annotated[str, typer.Argument(help="The name of the lock.")],
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND...", help="What to run.")],
    timeout: Annotated[
        float | None,
        typer.Option(help="Seconds to wait for the lock; then the exit status is 124.", min=0.0),
    ] = None,
    address: Annotated[
        str, typer.Option(envvar="SHARED_STATE_ADDRESS", help="The server, as for ls.")
    ] = "",
) -> None:
    """Run a command while holding a lock; exit as the command does."""
    try:
        with _signals_raised(), connect(address, PATIENCE_S) as state:
            status = _run(state.lock(name), command, timeout)
    except Signalled as signalled:
        status = KILLED_BY + signalled.number
    raise typer.Exit(status)


def _run(held: shared_state.Lock, command: list[str], timeout: float | None) -> int:
    try:
        if not held.acquire(timeout=timeout):
            typer.echo(f"shared-state: {held.name} was not free in time", err=True)
            return TIMED_OUT
        take_signals()
        status = _run_holding(held, command)
        return status if held.grant is not None else LOST
    finally:
        if held.grant is not None:
            held.release()


def _run_holding(held: shared_state.Lock, command: list[str]) -> int:
    grant = held.grant
    assert grant is not None
    about = {"SHARED_STATE_LOCK": grant.lock, "SHARED_STATE_TOKEN": str(grant.token)}
    try:
        child = Child(command, {**os.environ, **about})
    except NotStarted as error:
        typer.echo(f"shared-state: {error}", err=True)
        return error.status
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(held, grant, child, ended))
    watcher.start()
    status = child.wait()
    ended.set()
    watcher.join()
    return status


def _watch(held: shared_state.Lock, grant: Grant, child: Child, ended: threading.Event) -> None:
    """End the child once the lock is not held any more, or nobody can say whether it is.

    It is not ours to release then; if it is after all, it is free when this process has ended.
    """
    while not ended.wait(CHECK_INTERVAL_S):
        try:
            if held.current(grant.token):
                continue
            why = "is not held any more"
        except (OSError, SharedStateError) as error:
            why = f"may be somebody else's: {error}"
        typer.echo(f"shared-state: {held.name} {why}; ending the command", err=True)
        held.client.holdings.put_aside(held.name)
        child.terminate()
        return


@contextmanager
def _signals_raised() -> Generator[None, None, None]:
    """Raise `Signalled` for the first signal of those that somebody may end us with."""
    caught = [each for each in FORWARDED if signal.getsignal(each) is not signal.SIG_IGN]

    def interrupt(number: int, frame: object) -> NoReturn:
        for each in caught:  # one is enough; what it interrupts cleans up after itself
            signal.signal(each, signal.SIG_IGN)
        raise Signalled(number)

    for each in caught:
        signal.signal(each, interrupt)
    yield
