"""Large slices of an array: the same bytes both ways, from any buffer, whatever happens to them."""

from __future__ import annotations

import socket
from array import array
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import shared_state
from shared_state import LimitExceeded
from shared_state_protocol.wire.large import LARGE_BYTES
from shared_state_server.settings import MIN_FRAME_BYTES, Settings

from ..fixtures.clients import Either
from ..fixtures.impostors import reset
from ..fixtures.servers import ThreadServer

MANY = LARGE_BYTES // 4
"""Doubles: twice as many bytes as make a frame large."""

NUMBERS = np.arange(MANY, dtype="d") / 3


@pytest.fixture
def items(client: shared_state.Client) -> shared_state.Array:
    """A large array of doubles."""
    return client.array("items", "d", MANY)


def test_what_is_written_is_read_through_both_clients(either: Either) -> None:
    items = either.array("items", "d", MANY)
    assert not np.asarray(items.read()).any()
    if isinstance(either, shared_state.Client):
        items[:] = NUMBERS
    else:
        items.write(NUMBERS)
    assert np.array_equal(items.read(), NUMBERS)
    items.add(range(MANY), -1.0)
    assert np.array_equal(items.read(), NUMBERS - 1.0)


@pytest.mark.parametrize(
    "form",
    [
        lambda numbers: array("d", numbers),
        lambda numbers: memoryview(array("d", numbers)),
        lambda numbers: numbers.tolist(),
        tuple,
        iter,
        lambda numbers: np.repeat(numbers, 2)[::2],
        lambda numbers: numbers.reshape(2, -1),
        lambda numbers: numbers.astype(">f8"),
    ],
    ids="array memoryview list tuple iterator strided two-dimensional swapped".split(),
)
def test_whatever_has_the_numbers_may_be_written(
    items: shared_state.Array, form: Callable[[Any], Any]
) -> None:
    if items.size():
        items[:] = form(NUMBERS)
    assert np.array_equal(items.read(), NUMBERS)


def test_parts_and_steps(items: shared_state.Array) -> None:
    plain = NUMBERS.copy()
    items[:] = plain
    items[1:-1] = plain[1:-1] = plain[:-2].copy()
    items[::-1] = plain[::-1] = plain.copy()
    items[::2] = plain[::2] = plain[1::2].copy()
    assert np.array_equal(items.read(), plain)
    assert items[::-1] == plain[::-1].tolist()
    assert items[5:-5] == plain[5:-5].tolist()


def test_what_was_read_does_not_change_with_the_array(items: shared_state.Array) -> None:
    items[:] = NUMBERS
    found = items.read()
    items[1] = 77.0
    assert (items[1], found[1]) == (77.0, NUMBERS[1])
    assert np.asarray(found).flags.aligned


def test_another_length_changes_nothing_and_the_client_goes_on(items: shared_state.Array) -> None:
    for numbers in (NUMBERS[:-1], np.append(NUMBERS, 1.0)):
        with pytest.raises(ValueError, match="keeps its length"):
            items[:] = numbers
    with pytest.raises(IndexError):
        items.set_packed(1, MANY + 1, 1, NUMBERS.tobytes())
    assert not np.asarray(items.read()).any()


def test_in_a_batch_it_is_what_it_was_at_the_call(
    client: shared_state.Client, items: shared_state.Array
) -> None:
    numbers = NUMBERS.copy()
    items[0] = 0.0
    assert len(items) == MANY
    assert items[:1] == [0.0]
    with client.batch():
        items[:] = numbers
        numbers[:] = 0.0
    assert np.array_equal(items.read(), NUMBERS)


def test_a_write_that_was_cut_in_the_middle_is_made_again(
    server: ThreadServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sendall = socket.socket.sendall
    cuts = iter([True])

    def cutting(self: socket.socket, data: Any, flags: int = 0) -> None:
        if len(data) >= LARGE_BYTES and next(cuts, False):
            sendall(self, data[: len(data) // 2])
            reset(self)
            self.close()
        sendall(self, data)  # which fails if it is closed

    with server.connect(same_host=False) as client:
        items = client.array("items", "d", MANY)
        assert len(items) == MANY
        monkeypatch.setattr(socket.socket, "sendall", cutting)
        items[:] = NUMBERS
        assert next(cuts, None) is None
        assert np.array_equal(items.read(), NUMBERS)


@pytest.fixture
def narrow(settings: Settings) -> Iterator[shared_state.Client]:
    """A client of a server that reads no frame as large as the array."""
    server = ThreadServer(replace(settings, max_frame_bytes=MIN_FRAME_BYTES)).start()
    with server.connect() as connected:
        yield connected
    server.stop()


def test_a_write_over_the_servers_limit_is_refused_before_it_is_sent(
    narrow: shared_state.Client,
) -> None:
    items = narrow.array("items", "d", MIN_FRAME_BYTES // 8)
    with pytest.raises(LimitExceeded, match=f"limit of {MIN_FRAME_BYTES}"):
        items[:] = np.zeros(MIN_FRAME_BYTES // 8)
    items[:8] = NUMBERS[:8]
    assert items[:8] == NUMBERS[:8].tolist()
