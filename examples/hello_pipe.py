"""Both ends of a pipe: each process takes one and leaves the other alone.

The child sends, hears the answer and closes its end; the parent reads until there is nothing more.
Run ``python hello_pipe.py parent`` and ``python hello_pipe.py child``, wherever you like.
"""

from __future__ import annotations

import argparse

import shared_state


def child(state: shared_state.Client) -> None:
    end, _ = state.pipe("hello pipe")
    with end:
        end.send([42, None, "hello"])
        print(end.recv())


def parent(state: shared_state.Client) -> None:
    _, end = state.pipe("hello pipe")
    print(end.recv())
    end.send("thank you")
    try:
        end.recv()
    except EOFError:  # the child has closed its end, or is gone
        print("nothing more")


if __name__ == "__main__":
    roles = {"child": child, "parent": parent}
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=roles)
    role = roles[parser.parse_args().role]
    with shared_state.connect() as state:
        role(state)
