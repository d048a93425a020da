"""What one client can take from the others, in figures: each is said here once more, as a number.

A test that takes a limit from the code that has it holds whatever the limit is. These fail if a
limit becomes another one, so that whoever changes it has to say so, and has measured it again.
"""

from __future__ import annotations

import gc
import queue
import tracemalloc
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest

import shared_state
from shared_state_protocol.wire import messages
from shared_state_server.large_frame import LargeFrame
from tests.fixtures.servers import ThreadServer
from tests.fixtures.watching import until
from tests.performance.peers.shared_state import serve
from tests.performance.serving import child
from tests.server.callers import Lobby

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from shared_state_server.lane import Lane

KIB = 1024
KEY = b"\xa1k"
VALUE_BYTES = 64_000_000


@pytest.fixture
def lobby() -> Iterator[Lobby]:
    """A server without sockets, on virtual time."""
    made = Lobby()
    yield made
    made.close()


@pytest.mark.parametrize(("calls", "writes"), [(1000, 1), (1001, 2)])
def test_a_thousand_calls_of_a_batch_are_one_write(
    server: ThreadServer, sent: list[bytes], calls: int, writes: int
) -> None:
    with server.connect(same_host=False) as state:
        shared: shared_state.Dict[int, int] = state.dict("d")
        sent.clear()
        with state.batch():
            for number in range(calls):
                shared[number] = number

        assert len(sent) == writes


def test_at_most_128_requests_of_a_client_come_before_those_of_another(
    lobby: Lobby, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[int] = []
    receive = lobby.service.receive

    def recording(lane: Lane, payload: bytes) -> None:
        order.append(lane.session.hello.pid)
        receive(lane, payload)

    monkeypatch.setattr(lobby.service, "receive", recording)
    flooding, modest = lobby.call().come_in(1), lobby.call().come_in(2)
    flood = b"".join(flooding.request("state.version", "") for _ in range(10_000))
    lobby.loop.call_soon(flooding.connection.data_received, flood)
    lobby.loop.call_soon(modest.connection.data_received, modest.request("state.version", ""))
    lobby.loop.turn(2)

    assert 1 <= order.index(2) <= 128


def test_a_large_frame_is_read_256_kib_at_a_time() -> None:
    beginning = messages.request(1, 0, "dict.set", "d", (KEY, bytes(1024 * KIB)))[4:100]
    frame = LargeFrame(Mock(), Mock(is_closing=lambda: True), beginning, 1024 * KIB)

    assert 0 < len(frame.get_buffer(-1)) <= 256 * KIB
    frame.connection_lost(None)


def test_a_reply_of_64_mb_is_written_from_where_the_value_lies(lobby: Lobby) -> None:
    """With a copy it would take twice the memory, and others would wait for it to be made."""
    caller = lobby.call().come_in()
    caller.say(caller.request("dict.open", "d"))
    caller.say(caller.request("dict.set", "d", KEY, bytes(VALUE_BYTES)))
    written: list[int] = []
    caller.transport.write = lambda data: written.append(len(data))  # type: ignore[method-assign]  # it would copy
    request = caller.request("dict.get", "d", KEY, False)

    tracemalloc.start()
    try:
        caller.say(request)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert VALUE_BYTES < sum(written) < VALUE_BYTES + KIB
    assert peak < 100 * KIB


class Freezing:
    """Stands for the pipe on which a server tells its address, and tells what it has frozen."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def send(self, address: Any) -> None:
        self._pipe.send(gc.get_freeze_count())


def serve_and_count(pipe: Connection) -> None:
    serve(Freezing(pipe))  # type: ignore[arg-type]  # nothing else of it is used


def test_the_collector_passes_over_what_a_server_has_from_its_start() -> None:
    with child(serve_and_count) as (_, pipe):
        assert pipe.recv() > 0


@pytest.mark.parametrize("same_host", [True, False])
def test_nothing_of_a_client_is_garbage_in_a_ring(server: ThreadServer, same_host: bool) -> None:
    gc.collect()
    gc.disable()
    try:
        with server.connect(same_host=same_host) as state:
            use_everything(state)
        until(lambda: not server.look(lambda service: service.sessions))
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        kinds = {type(each) for each in gc.garbage}
        assert not [kind for kind in kinds if kind.__module__.startswith("shared_state_server")]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def use_everything(state: shared_state.Client) -> None:
    shared, items, lock = state.dict("d"), state.queue("q"), state.lock("l")
    shared.update(dict.fromkeys(range(10_000), 0))
    next(iter(shared.items()))
    with pytest.raises(KeyError):
        shared["missing"]
    items.put(1)
    with lock as grant, items.claim():
        shared.set("a", bytes(1_000_000), fence=grant)
    with pytest.raises(queue.Empty):
        items.get(timeout=0.001)
    with state.batch():
        shared.get("a")
    items.put(1)
    assert items.get() == 1
