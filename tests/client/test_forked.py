"""Forks of a process that has an async client: what they inherit keeps nothing alive."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from multiprocessing.connection import Connection
from typing import Any

import pytest

import shared_state

from ..fixtures.servers import ProcessServer
from ..fixtures.watching import LONG_S

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


def look_at_the_inherited(state: Any, leader: Any, found: Connection) -> None:
    """Say what a fork has of its parent's client, and stay until it is killed."""
    try:
        state.dict("d")
    except ValueError as error:
        found.send((repr(state), state.transport, leader.grant, str(error)))
    signal.pause()


def hold_and_fork(address: Any, key: bytes, same_host: bool, found: Connection) -> None:
    """Hold a lock, fork, make a call, and say which process the child is."""

    async def hold() -> None:
        state = await shared_state.connect_async(address, authkey=key, same_host=same_host)
        leader = state.lock("leader")
        await leader.acquire()
        child = os.fork()
        if child == 0:
            look_at_the_inherited(state, leader, found)
        found.send((child, state.transport, await leader.locked()))
        await asyncio.sleep(LONG_S)

    asyncio.run(hold())


@pytest.mark.parametrize("same_host", [True, False], ids=["unix", "tcp"])
def test_what_the_dead_held_is_free_though_its_fork_lives(
    process_server: ProcessServer, same_host: bool
) -> None:
    ours, theirs = multiprocessing.Pipe(duplex=False)
    arguments = process_server.address, process_server.settings.authkey, same_host, theirs
    parent = multiprocessing.get_context("spawn").Process(target=hold_and_fork, args=arguments)
    parent.start()
    said: list[Any] = []
    for _ in range(2):
        assert ours.poll(LONG_S), "neither of the two says anything"
        said.append(ours.recv())
    (child, transport, is_held), (state, *inherited) = sorted(said, key=len)
    try:
        assert (transport, is_held) == ("unix" if same_host else "tcp", True), "the parent goes on"
        assert "closed" in state
        assert inherited == ["", None, "this client is closed"]
        parent.kill()
        parent.join()
        with process_server.connect() as other:
            assert other.lock("leader").acquire(timeout=LONG_S) is True
    finally:
        os.kill(child, signal.SIGKILL)
