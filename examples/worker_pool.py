"""Workers that may be killed at any moment: what one had in hand, another does.

A job stays the queue's until the block around it ends. If the block raises, or its process dies,
the job is the next again, and `attempt` says so. One that fails three times is given up.
Run ``python worker_pool.py worker`` as often as you like, ``python worker_pool.py main``, and kill.
"""

from __future__ import annotations

import argparse
import os

import shared_state


def jobs_of(state: shared_state.Client) -> shared_state.Queue[str]:
    return state.queue("pool jobs", max_attempts=3, dead_letters="hopeless pool jobs")


def work(job: str) -> str:
    if job == "crash":
        os._exit(1)  # as a kill, or a crash in a library of C
    return str(int(job) ** 2)


def worker(state: shared_state.Client) -> None:
    claim = jobs_of(state).claim()
    try:
        while True:
            with claim as job:
                print(f"attempt {claim.attempt} at {job}", flush=True)
                state.dict("pool results")[job] = work(job)
    except shared_state.ShutDown:
        print("no more jobs")


def main(state: shared_state.Client) -> None:
    jobs = jobs_of(state)
    jobs.put_many(["2", "crash", "3", "4"])
    jobs.join()  # until each is done, or given up
    jobs.shutdown()
    print(f"done: {state.dict('pool results')}")
    print(f"given up: {state.queue('hopeless pool jobs').get_many(9)}")


if __name__ == "__main__":
    roles = {"worker": worker, "main": main}
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=roles)
    role = roles[parser.parse_args().role]
    with shared_state.connect() as state:
        role(state)
