"""Peers that fall silent without a word, as a host whose cable was pulled: the kernel finds them.

Nobody sends anything of its own for that. Left to its defaults the kernel takes fifteen minutes for
a peer to which something was sent, and two hours for one that is idle.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

import shared_state
from shared_state_protocol.objects.queue import Queue
from shared_state_protocol.wire.liveness import MIN_PEER_TIMEOUT_S
from shared_state_server.settings import Settings

from ..fixtures.breaking import swallow
from ..fixtures.servers import ThreadServer
from ..fixtures.watching import LONG_S, until, waiting

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="packets are dropped by Linux's BPF"
)

SHORT_S = MIN_PEER_TIMEOUT_S
"""By the kernel's timers that is some 3 seconds."""


@pytest.fixture
def settings() -> Settings:
    key = secrets.token_hex(32).encode()
    return Settings(port=0, authkey=key, peer_timeout=SHORT_S, session_grace=0.0)


@pytest.fixture
def silent(server: ThreadServer) -> Iterator[shared_state.Client]:
    """A client that will fall silent."""
    with server.connect(same_host=False) as connected:
        yield connected


def test_a_server_frees_what_an_idle_client_held_that_is_silent(
    silent: shared_state.Client, other: shared_state.Client
) -> None:
    assert silent.lock("leader").acquire()
    swallow(silent._lane()._opened)
    assert other.lock("leader").acquire(timeout=LONG_S)


def test_a_server_takes_back_what_it_sent_to_a_client_that_is_silent(
    silent: shared_state.Client, other: shared_state.Client
) -> None:
    silent.queue("jobs")
    silent._lane().mention(Queue.get, "jobs", (True, None))
    until(lambda: waiting(other, "jobs") == 1)
    swallow(silent._lane()._opened)
    other.queue("jobs").put("item")
    assert other.queue("jobs").get(timeout=LONG_S) == "item"


@pytest.fixture
def patient(settings: Settings) -> Iterator[ThreadServer]:
    """A server that takes hours to give a silent client up."""
    running = ThreadServer(replace(settings, peer_timeout=3600.0, session_grace=3600.0)).start()
    yield running
    running.stop()


def test_a_client_that_waits_for_ever_gives_up_a_connection_that_is_silent(
    patient: ThreadServer,
) -> None:
    with (
        patient.connect(same_host=False, peer_timeout=SHORT_S) as client,
        patient.connect() as other,
    ):
        sock = client._lane()._opened
        with ThreadPoolExecutor(1) as thread:
            lane = thread.submit(client._lane).result(LONG_S)
            getting = thread.submit(client.queue("jobs").get)
            until(lambda: bool(other.objects()) and waiting(other, "jobs") == 1)
            swallow(lane._opened)
            other.queue("jobs").put("item")
            assert getting.result(LONG_S) == "item"
        assert client._lane()._opened is sock, "the other thread's connection was not touched"


async def test_an_async_client_that_waits_gives_up_a_connection_that_is_silent(
    patient: ThreadServer,
) -> None:
    key = patient.settings.authkey
    with patient.connect() as other:
        async with shared_state.connect_async(
            patient.address, authkey=key, same_host=False, peer_timeout=SHORT_S
        ) as state:
            getting = asyncio.create_task(state.queue("jobs").get())
            await asyncio.to_thread(
                until, lambda: bool(other.objects()) and waiting(other, "jobs") == 1
            )
            assert state._lane.wire is not None
            swallow(state._lane.wire.transport.get_extra_info("socket"))
            other.queue("jobs").put("item")
            assert await getting == "item"
