"""Ctrl-C in a call that waits: the next call gets its own answer."""

from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.managers import SyncManager
from typing import Any

from tests.managers.programs.stage import play_better
from tests.managers.programs.watching import wait_until_asleep

WAITS = 3
"""So many times the patience, after which the call that was interrupted would have its answer."""


def interrupt(pids: list[int], main: Any) -> None:
    main.send("ready")
    main.recv()
    wait_until_asleep(*pids)
    os.kill(pids[0], signal.SIGINT)


def main(patience_s: float) -> bool:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    manager: Any = SyncManager()
    manager.start()
    event, shared = manager.Event(), manager.dict(a="right")
    assert shared["a"] == "right"
    assert not event.is_set()
    mine, theirs = multiprocessing.Pipe()
    multiprocessing.Process(
        target=interrupt, args=([os.getpid(), manager._process.pid], theirs)
    ).start()
    mine.recv()
    try:
        mine.send("waiting")
        event.wait(WAITS * patience_s)
    except KeyboardInterrupt:
        return bool(shared["a"] == "right")
    raise AssertionError("the call was not interrupted")


if __name__ == "__main__":
    play_better(main)
