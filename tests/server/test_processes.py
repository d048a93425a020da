"""Vigils: whether a process is gone, whoever has taken note of it."""

from __future__ import annotations

import asyncio
import os
import select
import subprocess
import sys
from collections.abc import Iterator

import pytest

from shared_state_protocol.state import State
from shared_state_server import processes
from shared_state_server.processes import Vigil, Vigils
from tests.fixtures.servers import ThreadServer
from tests.fixtures.strangers import Stranger
from tests.fixtures.watching import LONG_S, until

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="there are no pidfds here")


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends when it is told to."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


async def gone(pid: int) -> asyncio.Event:
    seen = asyncio.Event()
    Vigil(pid, seen.set)
    await asyncio.sleep(0)
    return seen


async def test_a_process_is_seen_to_end_though_nobody_has_waited_for_it(
    sleeper: subprocess.Popen[bytes],
) -> None:
    seen = await gone(sleeper.pid)
    assert not seen.is_set()
    sleeper.kill()
    await asyncio.wait_for(seen.wait(), LONG_S)
    await asyncio.wait_for((await gone(sleeper.pid)).wait(), LONG_S)


async def test_a_process_that_is_gone_already_is_seen(sleeper: subprocess.Popen[bytes]) -> None:
    sleeper.kill()
    sleeper.wait()
    await asyncio.wait_for((await gone(sleeper.pid)).wait(), LONG_S)


async def test_a_vigil_that_was_stopped_sees_nothing(sleeper: subprocess.Popen[bytes]) -> None:
    stopped: list[str] = []
    early, late = Vigil(sleeper.pid, lambda: stopped.append("seen")), await gone(sleeper.pid)
    early.stop()
    early.stop()
    sleeper.kill()
    sleeper.wait()
    at_once = Vigil(sleeper.pid, lambda: stopped.append("seen"))
    at_once.stop()
    await asyncio.wait_for(late.wait(), LONG_S)
    assert stopped == []


async def test_what_the_kernel_does_not_know_is_an_error() -> None:
    with pytest.raises(OSError, match="does not tell"):
        Vigil(0, lambda: None)


async def test_one_process_has_one_vigil_for_all_that_it_was(
    sleeper: subprocess.Popen[bytes],
) -> None:
    ended: list[int] = []
    vigils = Vigils(ended.append)
    before = len(os.listdir("/proc/self/fd"))
    for who in range(100):
        vigils.begin(who, sleeper.pid)
        vigils.begin(who, sleeper.pid)
    assert len(vigils) == 1
    assert len(os.listdir("/proc/self/fd")) == before + 1
    vigils.end(0)
    vigils.end(0)
    sleeper.kill()
    while len(ended) < 99:
        await asyncio.wait_for(asyncio.sleep(0.001), LONG_S)
    assert ended == [*range(1, 100)]
    assert len(vigils) == 0
    assert len(os.listdir("/proc/self/fd")) == before


async def test_no_more_processes_are_watched_than_there_are_descriptors_to_spare_for(
    sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "MAX_VIGILS", 1)
    vigils: Vigils[str] = Vigils(pytest.fail)
    vigils.begin("mine", os.getpid())
    with pytest.raises(OSError, match="watched already"):
        vigils.begin("another's", sleeper.pid)
    vigils.begin("mine too", os.getpid())
    vigils.end_all()
    vigils.begin("another's", sleeper.pid)
    vigils.end_all()
    assert len(vigils) == 0


@pytest.mark.usefixtures("each_loop")
def test_a_process_that_lives_keeps_what_it_held_though_its_connection_broke(
    server: ThreadServer,
) -> None:
    """What it had not read when it closed makes of a Unix socket's end a broken connection."""
    with server.connect() as other, server.connect() as client:
        leader = client.lock("leader")
        leader.acquire()
        assert client.transport == "unix"
        lane = client._lane()
        lane.mention(State.version, "", ())
        assert select.select([lane._opened], [], [], LONG_S)[0]
        lane._opened.close()
        until(lambda: lost(server) == 1)
        assert other.lock("leader").acquire(blocking=False) is False
        leader.release()
        assert lost(server) == 0


def test_many_lost_sessions_of_one_process_take_one_descriptor(server: ThreadServer) -> None:
    many = 20
    with Stranger(server.address) as stranger:
        path = stranger.come_in(server.settings.authkey).unix_path
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(many):
            with Stranger(path) as other:
                other.come_in(server.settings.authkey)
                other.say(other.request("state.version", ""))
                assert other.hear_a_byte()  # and leave it unread, so that the connection breaks
        until(lambda: lost(server) == many)
        assert len(os.listdir("/proc/self/fd")) <= before + 1


def lost(server: ThreadServer) -> int:
    """Return how many sessions may come back."""
    return server.look(lambda service: sum(each.is_lost for each in service.sessions.values()))
