"""Ctrl-C in a call that waits: the next call gets its own answer."""

from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.managers import SyncManager
from typing import Any

from tests.managers.programs.stage import play_better
from tests.managers.programs.watching import wait_until_asleep

SHORT_S = 1.0
"""After which the call that was interrupted would have been answered."""


def interrupt(pids: list[int], heard: Any) -> None:
    heard.recv()
    wait_until_asleep(*pids)
    os.kill(pids[0], signal.SIGINT)


def main(patience_s: float) -> bool:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    manager: Any = SyncManager()
    manager.start()
    event, shared = manager.Event(), manager.dict(a="right")
    assert shared["a"] == "right"
    assert not event.is_set()
    heard, said = multiprocessing.Pipe(duplex=False)
    multiprocessing.Process(
        target=interrupt, args=([os.getpid(), manager._process.pid], heard)
    ).start()
    try:
        said.send("waiting")
        event.wait(SHORT_S)
    except KeyboardInterrupt:
        return bool(shared["a"] == "right")
    raise AssertionError("the call was not interrupted")


if __name__ == "__main__":
    play_better(main)
