"""Batches on the wire: when nothing is sent, how much in one write, and what is said of replies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import shared_state
from shared_state.batch import REQUEST_BYTES, REQUEST_CALLS
from shared_state_protocol.state import State
from shared_state_protocol.wire import messages
from shared_state_protocol.wire.frames import FrameReader
from shared_state_protocol.wire.large import Frame

from ..fixtures.servers import ThreadServer

MEGABYTE = 1024 * 1024
BIG_VALUES = 40
"""Of a megabyte each: far more than all buffers between the two ends together."""


class Writes:
    """What a client has written: the requests of each write, read back."""

    def __init__(self, sent: list[bytes]) -> None:
        self._sent = sent
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self._sent.clear()

    @property
    def requests(self) -> list[list[list[Any]]]:
        """The requests of each write."""
        frames = (FrameReader(limit=len(data)).feed(data) for data in self._sent)
        return [[messages.read(each) for each in payloads] for payloads in frames]

    @property
    def counts(self) -> list[int]:
        """The number of calls in each write."""
        return [sum(map(calls_in, each)) for each in self.requests]


def calls_in(request: list[Any]) -> int:
    """Return how many calls a request carries."""
    return len(request[5]) if request[2] == State.batch.wire else 1


@pytest.fixture
def client(server: ThreadServer) -> Iterator[shared_state.Client]:
    """A client over TCP, where all that is said is said."""
    with server.connect(same_host=False) as opened:
        yield opened


@pytest.fixture
def writes(client: shared_state.Client, sent: list[bytes]) -> Writes:
    """The writes of `client` from now on."""
    client.dict("d")
    return Writes(sent)


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


def test_many_calls_are_sent_in_portions_of_one_turn(
    client: shared_state.Client, shared: shared_state.Dict[Any, Any], writes: Writes
) -> None:
    count = 2 * REQUEST_CALLS + 1
    with client.batch() as batch:
        for number in range(count):
            shared[number] = number
    assert batch.results == [None] * count
    assert writes.counts == [REQUEST_CALLS, REQUEST_CALLS, 1]
    assert list(shared) == list(range(count))


def test_no_more_targets_than_calls_are_told_of_in_one_request(
    client: shared_state.Client, shared: shared_state.Dict[Any, Any], writes: Writes
) -> None:
    """Else a batch for very many objects would name all of them in each of its requests."""
    dicts = [client.dict(f"d{number}") for number in range(REQUEST_CALLS + 1)]
    writes.forget()
    with client.batch() as batch:
        for number, each in enumerate(dicts):
            each.set("a", number)
            shared.get("a", "none")
        for each in dicts:
            each.get("a")
    assert batch.results == [None, "none"] * len(dicts) + list(range(len(dicts)))
    told = [(len(targets), len(calls)) for [(*_, targets, calls)] in writes.requests]
    assert sum(calls for _, calls in told) == 3 * len(dicts)
    assert all(targets <= calls <= REQUEST_CALLS for targets, calls in told)


def test_large_values_are_sent_in_portions(
    client: shared_state.Client, shared: shared_state.Dict[Any, Any], writes: Writes
) -> None:
    value = "x" * (REQUEST_BYTES // 3)
    with client.batch() as batch:
        for number in range(7):
            shared[number] = value
    assert batch.results == [None] * 7
    assert sum(writes.counts) == 7
    assert max(writes.counts) * len(value) <= REQUEST_BYTES


def test_finding_the_size_of_a_portion_packs_no_more_than_a_few_times_as_much(
    client: shared_state.Client,
    shared: shared_state.Dict[Any, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packed: list[int] = []

    def weighing(pack: Callable[..., Frame]) -> Callable[..., Frame]:
        def weighed(*parts: Any) -> Frame:
            frame = pack(*parts)
            packed.append(len(frame))
            return frame

        return weighed

    for pack in (messages.request, messages.request_with_split):
        monkeypatch.setattr(messages, pack.__name__, weighing(pack))
    value = "x" * (REQUEST_BYTES // 3)
    with client.batch():
        for number in range(32):
            shared[number] = value
    assert 32 * len(value) < sum(packed) < 6 * 32 * len(value)


def test_what_has_arrived_is_acknowledged_by_the_next_portion(
    client: shared_state.Client, shared: shared_state.Dict[Any, Any], writes: Writes
) -> None:
    """Else the server had to remember all replies of a batch, however long it is."""
    with client.batch():
        for _ in range(4):
            shared["a"] = "x" * REQUEST_BYTES
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


def test_an_error_stands_in_its_place_behind_large_results(
    client: shared_state.Client, shared: shared_state.Dict[Any, Any], writes: Writes
) -> None:
    """The server answers a part at a time, and counts anew in each."""
    for number, value in big_values():
        shared[number] = value
    writes.forget()
    with client.batch() as batch:
        for number in range(BIG_VALUES):
            shared.get(number)
            shared.pop("missing")
            shared[number] = "read"
            shared.get(number)
    assert len(writes.requests) > 2
    assert batch.results[::4] == [value for _, value in big_values()]
    assert {type(each) for each in batch.results[1::4]} == {KeyError}
    assert batch.results[2::4] == [None] * BIG_VALUES
    assert batch.results[3::4] == ["read"] * BIG_VALUES


def test_a_get_in_a_batch_is_confirmed(client: shared_state.Client, writes: Writes) -> None:
    jobs = client.queue("jobs")
    jobs.put_many([1, 2])
    writes.forget()
    with client.batch() as batch:
        jobs.get_nowait()
        jobs.get_nowait()
        jobs.get_nowait()
    taken, confirmed = writes.requests
    assert batch.results[:2] == [1, 2]
    assert [notice[2] for notice in confirmed] == [messages.CONFIRM] * 2
    assert [notice[4] for notice in confirmed] == [request[0] for request in taken[:2]]
