"""A value through a queue: the child puts ``[42, None, 'hello']``, the parent gets it.

Run ``python hello_queue.py parent`` and ``python hello_queue.py child``, wherever you like.
"""

from __future__ import annotations

import argparse

import shared_state


def child(state: shared_state.Client) -> None:
    state.queue("hello queue").put([42, None, "hello"])


def parent(state: shared_state.Client) -> None:
    print(state.queue("hello queue").get())  # waits until there is something


if __name__ == "__main__":
    roles = {"child": child, "parent": parent}
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=roles)
    role = roles[parser.parse_args().role]
    with shared_state.connect() as state:
        role(state)
