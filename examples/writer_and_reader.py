"""One process writes A, B and C to a queue, another reads them.

The reader need not be killed to end: shutting the queue down says that nothing more will come.
Run ``python writer_and_reader.py reader`` and ``python writer_and_reader.py writer``.
"""

from __future__ import annotations

import argparse
import os

import shared_state


def writer(state: shared_state.Client) -> None:
    print(f"process to write: {os.getpid()}")
    letters = state.queue("letters", maxsize=2)
    for value in "ABC":
        print(f"put {value} to queue")
        letters.put(value)  # waits for room
    letters.shutdown()


def reader(state: shared_state.Client) -> None:
    print(f"process to read: {os.getpid()}")
    letters = state.queue("letters", maxsize=2)
    try:
        while True:
            print(f"get {letters.get()} from queue")
    except shared_state.ShutDown:
        print("no more letters")


if __name__ == "__main__":
    roles = {"writer": writer, "reader": reader}
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=roles)
    role = roles[parser.parse_args().role]
    with shared_state.connect() as state:
        role(state)
