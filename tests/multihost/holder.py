"""One that holds: `holder LABEL LOCK` acquires, says so, and lets go when it is told to.

It ends with 0 if the lock was its own until the end, and with 1 if the server would not say so.
"""

from __future__ import annotations

import sys

import shared_state

HOLDING = "holding"


def let_go(label: str) -> str:
    """The queue in which `label` is told to release."""
    return f"{label}: let go"


def hold(client: shared_state.Client, label: str, name: str) -> None:
    lock = client.lock(name)
    lock.acquire()
    client.queue(HOLDING).put(label)
    client.queue(let_go(label)).get()
    lock.release()


if __name__ == "__main__":
    with shared_state.connect() as client:
        hold(client, sys.argv[1], sys.argv[2])
