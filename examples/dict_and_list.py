"""Ten processes write one dict and one list; the main program waits for them and shows both.

Each worker adds to a counter, which needs no lock, and to a record, which it edits: the others wait
for that key meanwhile. Run ``python dict_and_list.py main``, and ten times
``python dict_and_list.py worker``, wherever you like.
"""

from __future__ import annotations

import argparse

import shared_state

WORKERS = 10


def worker(state: shared_state.Client) -> None:
    d, items = state.dict("example dict"), state.list("example list")
    d[1] = "1"
    d["2"] = 2
    d[0.25] = None
    d.add("workers", 1)
    d.setdefault("record", [])
    with d.edit("record") as record:
        record.append(len(record))
    items.append(1)
    state.barrier("all there", WORKERS + 1).wait()


def main(state: shared_state.Client) -> None:
    items = state.list("example list")
    items.extend(range(10))
    items.reverse()
    state.barrier("all there", WORKERS + 1).wait()
    print(state.dict("example dict"))
    print(sorted(items))


if __name__ == "__main__":
    roles = {"worker": worker, "main": main}
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=roles)
    role = roles[parser.parse_args().role]
    with shared_state.connect() as state:
        role(state)
