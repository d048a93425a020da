"""Descriptors: a thread that has spoken to many servers keeps none of those that are gone."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shared_state.managers import BaseManager, DictProxy

KEY = b"the key of servers that come and go"
SERVERS = 5
PATIENCE_S = 60


class Manager(BaseManager):
    pass


Manager.register("config", dict, DictProxy)


@contextlib.contextmanager
def serving(path: Path) -> Iterator[Any]:
    """Serve in a thread for a while; give what connects to that server."""
    server: Any = Manager(str(path), KEY).get_server()

    def serve() -> None:
        with contextlib.suppress(SystemExit):  # which is how it ends
            server.serve_forever()

    thread = threading.Thread(target=serve)
    thread.start()
    manager = Manager(server.address, KEY)
    manager.connect()
    yield manager
    server.stop_event.set()
    thread.join(PATIENCE_S)


def test_connections_to_servers_that_are_gone_are_closed(tmp_path: Path) -> None:
    counts = list[int]()
    for number in range(SERVERS):
        with serving(tmp_path / str(number)) as manager:
            config = manager.config()
            config["number"] = number
            counts.append(len(os.listdir("/proc/self/fd")))
            del config, manager
    assert max(counts[1:]) == min(counts[1:])
