"""A server that is told to serve where an event loop runs already, as in a notebook."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from shared_state.managers import BaseManager, DictProxy

KEY = b"the key of a notebook"
PATIENCE_S = 60


class Manager(BaseManager):
    pass


Manager.register("config", dict, DictProxy)


def test_it_serves_beside_the_loop_of_its_thread(tmp_path: Path) -> None:
    server: Any = Manager(str(tmp_path / "socket"), KEY).get_server()
    said = list[Any]()

    def use() -> None:
        try:
            manager: Any = Manager(server.address, KEY)
            manager.connect()
            said.append(manager.config(a=1).copy())
        finally:
            server.stop_event.set()

    async def cell() -> None:
        client = threading.Thread(target=use)
        client.start()
        with pytest.raises(SystemExit):  # which is how it ends
            server.serve_forever()
        client.join(PATIENCE_S)

    asyncio.run(cell())
    assert said == [{"a": 1}]
