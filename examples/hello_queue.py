"""A value through a queue: the child puts ``[42, None, 'hello']``, the parent gets it.

Run ``python hello_queue.py parent`` and ``python hello_queue.py child``, wherever you like.
"""

from __future__ import annotations

import sys

import shared_state


def child(state: shared_state.Client) -> None:
    state.queue("hello").put([42, None, "hello"])


def parent(state: shared_state.Client) -> None:
    print(state.queue("hello").get())  # waits until there is something


if __name__ == "__main__":
    with shared_state.connect() as state:
        {"child": child, "parent": parent}[sys.argv[1]](state)
