"""A server that is bound to every address hands out the one by which it was reached."""

from __future__ import annotations

import multiprocessing
from multiprocessing.managers import DictProxy, SyncManager
from typing import Any

from tests.managers.programs.stage import KEY, play_better

REACHED_BY = "127.0.0.2"

board: dict[str, Any] = {}


class Manager(SyncManager):
    pass


def get_board() -> dict[str, Any]:
    return board


Manager.register("board", get_board, DictProxy)


def main(patience_s: float) -> bool:
    multiprocessing.current_process().authkey = KEY
    master: Any = Manager(("", 0), KEY)
    master.start()
    shared = master.list([1])
    master.board()["shared"] = shared
    client: Any = Manager((REACHED_BY, master.address[1]), KEY)
    client.connect()
    found = client.board()["shared"]
    return found._token.address[0] == REACHED_BY and list(found) == [1]


if __name__ == "__main__":
    play_better(main)
