"""Condition: waiting for a change that somebody else makes under a lock."""

from __future__ import annotations

from ..contract import command, waiting
from ..grants import Grant
from ..shapes import HERE, Agent
from .rlock import RLock

__all__ = ["Condition"]


class Condition(RLock):
    """A condition with the methods and errors of `threading.Condition`.

    It is its own lock, an `RLock`, or works on the `Lock` or `RLock` named at its creation. Waiting
    gives the lock back and takes it again in the server: nothing is polled, and no wake-up is
    lost. A waiter that is gone passes its wake-up on to the next. If the lock is deleted, whoever
    waits or comes gets ObjectNotFound: delete the condition, too, and make both anew.
    """

    @command
    def open(self, lock: str | None = None) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]  # each type opens its own way
        """Create the condition, on the lock of that name if one is named.

        ObjectNotFound if there is no such object, TypeError if it is no lock.
        """

    @waiting
    def wait(self, timeout: float | None = None, agent: Agent = HERE) -> tuple[bool, Grant]:
        """Give the lock back, wait to be notified, and take it again.

        Returns False if `timeout` seconds were over first, and how the lock is held now, for it is
        taken again in any case. If the connection breaks meanwhile, the wait ends with True: nobody
        knows what it missed. RuntimeError if the caller does not have the lock.
        """

    @command
    def notify(self, n: int = 1, agent: Agent = HERE) -> None:
        """Wake up to `n` waiters, longest first; RuntimeError if the caller has not the lock."""

    @command
    def notify_all(self, agent: Agent = HERE) -> None:
        """Wake everybody who waits; RuntimeError if the caller has not the lock."""

    @waiting
    def resume(self, agent: Agent = HERE) -> Grant | None:
        """Take the lock again, as deep as it was, after a `wait` that was given up.

        Returns None if there is nothing to do: the caller has it.
        """
