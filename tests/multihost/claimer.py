"""One that claims: `claimer LABEL QUEUE` takes an item, says so, and has it until it is killed."""

from __future__ import annotations

import sys
import threading

import shared_state

CLAIMING = "claiming"

if __name__ == "__main__":
    with shared_state.connect() as client, client.queue(sys.argv[2]).claim():
        client.queue(CLAIMING).put(sys.argv[1])
        threading.Event().wait()
