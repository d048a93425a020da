"""A child process iterates over a dict that it was given."""

from __future__ import annotations

import multiprocessing
from multiprocessing.managers import SyncManager
from typing import Any

from tests.managers.programs.stage import play_better


def iterate(shared: Any, said: Any) -> None:
    try:
        said.send([key for key in shared])
    except AttributeError:
        said.send(None)


def main(patience_s: float) -> bool:
    manager = SyncManager()
    manager.start()
    shared = manager.dict(a=1, b=2)
    heard, said = multiprocessing.Pipe(duplex=False)
    multiprocessing.Process(target=iterate, args=(shared, said)).start()
    return bool(heard.recv() == ["a", "b"])


if __name__ == "__main__":
    play_better(main)
