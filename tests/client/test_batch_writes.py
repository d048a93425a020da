"""Batches on the wire: when nothing is sent, how much in one write, and what is said of replies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import shared_state
from shared_state.lane import BATCH_BYTES, Lane
from shared_state_protocol.wire import messages
from shared_state_protocol.wire.frames import FrameReader

from ..fixtures.servers import ThreadServer

MEGABYTE = 1024 * 1024
BIG_VALUES = 40
"""Of a megabyte each: far more than all buffers between the two ends together."""


class Writes:
    """What a lane has written: the requests of each write, read back."""

    def __init__(self) -> None:
        self.requests: list[list[list[Any]]] = []

    def note(self, data: bytes) -> None:
        frames = FrameReader(limit=len(data)).feed(data)
        self.requests.append([messages.read(each) for each in frames])

    @property
    def counts(self) -> list[int]:
        """The number of requests in each write."""
        return [len(each) for each in self.requests]


@pytest.fixture
def writes(client: shared_state.Client, monkeypatch: pytest.MonkeyPatch) -> Writes:
    """The writes of `client` from now on."""
    client.dict("d")
    found = Writes()
    send = Lane._send

    def noting(self: Lane, data: bytes) -> None:
        found.note(data)
        send(self, data)

    monkeypatch.setattr(Lane, "_send", noting)
    return found


@pytest.fixture
def shared(client: shared_state.Client) -> shared_state.Dict[Any, Any]:
    return client.dict("d")


def test_an_exception_in_the_block_sends_nothing(
    client: shared_state.Client, shared: shared_state.Dict[Any, Any], writes: Writes
) -> None:
    batch, promises = client.batch(), []

    def block() -> None:
        with batch:
            promises.append(shared.pop("a"))
            shared["b"] = 1 // 0

    with pytest.raises(ZeroDivisionError):
        block()
    assert writes.requests == []
    assert batch.results == []
    with pytest.raises(RuntimeError, match="left"):
        promises[0].result()
    assert shared == {}


def test_a_value_that_cannot_travel_fails_at_its_call_and_sends_nothing(
    client: shared_state.Client, shared: shared_state.Dict[Any, Any], writes: Writes
) -> None:
    def block() -> None:
        with client.batch():
            shared["a"] = 1
            shared["b"] = object()
            pytest.fail("the call that is wrong has to say so")

    with pytest.raises(shared_state.EncodingError):
        block()
    assert writes.requests == []


def test_an_empty_batch_sends_nothing(client: shared_state.Client, writes: Writes) -> None:
    with client.batch() as batch:
        pass
    assert batch.results == []
    assert writes.requests == []


def test_a_hundred_small_requests_are_one_write(
    client: shared_state.Client, shared: shared_state.Dict[Any, Any], writes: Writes
) -> None:
    with client.batch():
        for number in range(100):
            shared[number] = number
    assert writes.counts == [100]
    assert len(shared) == 100


def test_many_requests_are_written_in_portions_that_the_kernel_takes_at_once(
    client: shared_state.Client, shared: shared_state.Dict[Any, Any], writes: Writes
) -> None:
    value = "x" * 1000
    with client.batch() as batch:
        for number in range(500):
            shared[number] = value
    assert batch.results == [None] * 500
    assert sum(writes.counts) == 500
    assert max(writes.counts) <= BATCH_BYTES // len(value)
    assert list(shared) == list(range(500))


def test_what_has_arrived_is_acknowledged_by_the_next_portion(
    client: shared_state.Client, shared: shared_state.Dict[Any, Any], writes: Writes
) -> None:
    """Else the server had to remember all replies of a batch, however long it is."""
    with client.batch():
        for _ in range(4):
            shared["a"] = "x" * BATCH_BYTES
    assert writes.counts == [1, 1, 1, 1]
    (_, (second, *_), _, (_, acknowledged, *_)) = (only for [only] in writes.requests)
    assert acknowledged >= second


def big_values() -> Iterator[tuple[int, bytes]]:
    """Yield numbered values of a megabyte, all different."""
    for number in range(BIG_VALUES):
        yield number, number.to_bytes(2, "big") * (MEGABYTE // 2)


@pytest.mark.parametrize("same_host", [True, False], ids=["unix", "tcp"])
def test_big_values_go_both_ways_at_once(server: ThreadServer, same_host: bool) -> None:
    """Neither side may wait for the other to read before it reads itself."""
    with server.connect(same_host=same_host) as client:
        assert client.transport == ("unix" if same_host else "tcp")
        shared = client.dict("d")
        with client.batch() as writing:
            for number, value in big_values():
                shared[number] = value
        assert writing.results == [None] * BIG_VALUES
        with client.batch() as both:
            for number, value in big_values():
                shared.get(number)
                shared[-number - 1] = value
        with client.batch() as reading:
            for number, _ in big_values():
                shared.get(number)
    expected = [value for _, value in big_values()]
    assert both.results[::2] == expected
    assert both.results[1::2] == [None] * BIG_VALUES
    assert reading.results == expected


def test_a_get_in_a_batch_is_confirmed(client: shared_state.Client, writes: Writes) -> None:
    jobs = client.queue("jobs")
    jobs.put_many([1, 2])
    writes.requests.clear()
    with client.batch() as batch:
        jobs.get_nowait()
        jobs.get_nowait()
        jobs.get_nowait()
    taken, confirmed = writes.requests
    assert batch.results[:2] == [1, 2]
    assert [notice[2] for notice in confirmed] == [messages.CONFIRM] * 2
    assert [notice[4] for notice in confirmed] == [request[0] for request in taken[:2]]
