"""A double and two arrays of ints, changed by one process and shown by another.

Run ``python value_and_array.py main`` and ``python value_and_array.py child``, wherever you like.
"""

from __future__ import annotations

import argparse

import shared_state


def child(state: shared_state.Client) -> None:
    number = state.value("a number", "d", 0.0)
    numbers = state.array("some numbers", "i", range(10))
    more = state.array("more numbers", "i", [0, 1, 2, 3, 100])
    number.value = 3.1415927
    numbers[:] = [-each for each in numbers]
    more.add(slice(None), 1)  # in the server, at once
    with number.get_lock():  # not needed for one operation; for two that belong together it is
        number.value += 1
    state.event("numbers changed").set()


def main(state: shared_state.Client) -> None:
    number = state.value("a number", "d", 0.0)
    numbers = state.array("some numbers", "i", range(10))
    more = state.array("more numbers", "i", [0, 1, 2, 3, 100])
    zeros = state.array("zeros", "i", 10)
    state.event("numbers changed").wait()
    print(number.value)
    print(numbers[:])
    print(more[:])
    print(zeros[:])
    try:
        zeros[0] = 2**31
    except OverflowError:
        print("too large for an int, and nothing has changed")


if __name__ == "__main__":
    roles = {"child": child, "main": main}
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=roles)
    role = roles[parser.parse_args().role]
    with shared_state.connect() as state:
        role(state)
