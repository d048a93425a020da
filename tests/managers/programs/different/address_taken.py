"""A manager is started where another listens: prints whether the error says so."""

from __future__ import annotations

import errno
import socket
from multiprocessing.managers import SyncManager

from tests.managers.programs.stage import play_alone


def main() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        try:
            SyncManager(taken.getsockname(), b"key").start()
        except EOFError as error:
            print(getattr(error, "errno", None) == errno.EADDRINUSE)


if __name__ == "__main__":
    play_alone(main)
