"""One that counts: `counter LABEL NAME` adds to a total and to a list until it has counted enough.

Each step is three requests; whatever becomes of the network meanwhile, each takes effect once. What
was counted in the end is put into a queue, to be compared with what the server has.
"""

from __future__ import annotations

import sys

import shared_state


def enough(name: str) -> str:
    """The event that ends the count."""
    return f"{name}: enough"


def log(name: str) -> str:
    """The list of all steps."""
    return f"{name}: log"


def total(name: str) -> str:
    """The queue of what was counted."""
    return f"{name}: total"


def count(client: shared_state.Client, label: str, name: str) -> int:
    steps = 0
    totals, steps_taken, is_enough = (
        client.dict(name),
        client.list(log(name)),
        client.event(enough(name)),
    )
    while not is_enough.is_set():
        totals.add(label, 1)
        steps_taken.append(steps)
        steps += 1
    return steps


if __name__ == "__main__":
    with shared_state.connect() as client:
        counted = count(client, sys.argv[1], sys.argv[2])
        client.queue(total(sys.argv[2])).put(counted)
