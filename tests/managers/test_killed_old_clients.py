"""What a client of the standard library held that is killed at a server of ours.

On a Unix socket the server knows when its process is gone. Over TCP it can only see connections
end, which says nothing: such a client ends one with the last proxy of a thread. So the lock stays,
as with the standard library's own server.
"""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from shared_state.managers import AcquirerProxy, BaseManager
from tests.managers.editions import Edition, environment, publish
from tests.managers.playing import PROGRAMS
from tests.managers.programs.stage import KEY, LOOPBACK

LONG_S, SHORT_S = 30.0, 0.5

lock = threading.Lock()


def get_lock() -> Any:
    return lock


class Leaders(BaseManager):
    pass


Leaders.register("leader", get_lock, AcquirerProxy)


@pytest.mark.parametrize(
    ("address", "is_freed"), [(None, True), (LOOPBACK, False)], ids=["unix", "tcp"]
)
def test_the_lock_is_free_where_the_process_is_known(
    address: Any, is_freed: bool, tmp_path: Path
) -> None:
    program = publish(PROGRAMS / "served" / "holder.py", Edition.STANDARD, tmp_path)
    with Leaders(address, KEY, ctx=multiprocessing.get_context("spawn")) as started:
        manager: Any = started
        leader = manager.leader()
        with subprocess.Popen(
            [sys.executable, program, json.dumps(started.address)],
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
        ) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "mine\n"
            assert not leader.acquire(False)
            holder.kill()
        assert leader.acquire(True, LONG_S if is_freed else SHORT_S) is is_freed
