"""One that holds: `holder LABEL LOCK` acquires, says so, and lets go when it is told to.

A holder that was cut off for too long learns of it from the call that it is in: mostly the wait, or
the news before it, whose reply was still on the wire. It lets go all the same, as a program would
that leaves a `with` block: late, of a lock that is another's by now. That is refused, and its exit
status says so.
"""

from __future__ import annotations

import contextlib
import sys

import shared_state

HOLDING = "holding"

LOST = 3
"""The exit status of a holder that had lost its lock when it let go."""


def let_go(label: str) -> str:
    """The queue in which `label` is told to release."""
    return f"{label}: let go"


def hold(client: shared_state.Client, label: str, name: str) -> None:
    lock = client.lock(name)
    word = client.queue(let_go(label))  # now: an opening has no outcome that a cut could leave open
    lock.acquire()
    with contextlib.suppress(shared_state.OutcomeUnknown):
        client.queue(HOLDING).put(label)
        word.get()
    lock.release()


if __name__ == "__main__":
    with shared_state.connect() as client:
        try:
            hold(client, sys.argv[1], sys.argv[2])
        except shared_state.LockLost:
            sys.exit(LOST)
