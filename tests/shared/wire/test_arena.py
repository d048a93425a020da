"""Arenas: two sides of the same memory, and the headers that say what lies in it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ormsgpack import packb

from shared_state_protocol.codec import Codec
from shared_state_protocol.errors import ProtocolError
from shared_state_protocol.split import Split
from shared_state_protocol.wire import messages
from shared_state_protocol.wire.arena import (
    ARENA_BYTES,
    CLIENT,
    HALF_BYTES,
    ROOM_BYTES,
    SERVER,
    Arena,
)
from shared_state_protocol.wire.frames import HEADER_BYTES, SHARED, FrameReader, frame, offer
from shared_state_protocol.wire.large import LARGE_BYTES, Pieces, Scattered, joined

from .cuts import cut, cuts

VALUE = bytes(range(256)) * (LARGE_BYTES // 256 + 1)

MEMORY = bytearray(ARENA_BYTES)
"""Of all tests: the marks are put back for each, and what else is in it must not matter."""


class Offered:
    """What a reader is told."""

    def __init__(self, arena: Arena | None = None) -> None:
        self.arena = arena
        self.names: list[int] = []

    def take(self, length: int) -> Any:
        assert self.arena is not None
        return self.arena.take(length)

    def offered(self, name: int) -> None:
        self.names.append(name)


def pair(*, splits: bool = False) -> tuple[Arena, Arena]:
    """Return the client's and the server's side of an arena that both have."""
    MEMORY[0] = MEMORY[HALF_BYTES] = 0
    client = Arena(memoryview(MEMORY), CLIENT, splits=splits)
    server = Arena(memoryview(MEMORY), SERVER)
    assert not client.is_open
    server.open()
    assert client.is_open
    return client, server


def length_of(notice: bytes | None) -> int:
    assert notice is not None
    assert len(notice) == HEADER_BYTES
    return int.from_bytes(notice, "little")


def test_nothing_is_put_into_it_before_the_server_has_it() -> None:
    MEMORY[0] = MEMORY[HALF_BYTES] = 0
    arena = Arena(memoryview(MEMORY), CLIENT)
    assert not arena.is_open
    assert arena.put(frame(VALUE)) is None
    assert not any(MEMORY[:1024])


def test_a_half_that_is_full_is_not_written_to() -> None:
    for ours, theirs in (pair(), pair()[::-1]):
        first = length_of(ours.put(frame(VALUE)))
        assert ours.put(frame(VALUE[::-1])) is None
        assert theirs.take(first) == VALUE
        assert theirs.take(length_of(ours.put(frame(VALUE[::-1])))) == VALUE[::-1]


def test_each_direction_has_its_half() -> None:
    client, server = pair()
    there, back = client.put(frame(VALUE)), server.put(frame(VALUE[1:]))
    assert client.take(length_of(back)) == VALUE[1:]
    assert server.take(length_of(there)) == VALUE


def test_what_is_too_long_for_a_half_is_not_put_into_it() -> None:
    client, server = pair()
    most = bytes(ROOM_BYTES)
    assert client.put(frame(most + b"x")) is None
    assert server.put(frame(b"y" * ROOM_BYTES)) is not None
    assert server.take(length_of(client.put(frame(most)))) == most
    assert client.take(SHARED | ROOM_BYTES) == b"y" * ROOM_BYTES


def test_a_number_can_be_noted_once_the_server_has_it() -> None:
    MEMORY[0] = MEMORY[HALF_BYTES] = 0
    assert not Arena(memoryview(MEMORY), CLIENT).note(7)
    client, server = pair()
    for number in (1, 255, 256, 2**40):
        assert client.note(number)
        assert server.noted() == number
    assert server.take(length_of(client.put(frame(VALUE)))) == VALUE
    assert server.noted() == 2**40


@pytest.mark.parametrize("more", [1, ROOM_BYTES])
def test_a_length_that_cannot_be_is_refused(more: int) -> None:
    client, server = pair()
    client.put(frame(VALUE))
    with pytest.raises(ProtocolError, match="not in the shared memory"):
        server.take(SHARED | (ROOM_BYTES + more))


def test_what_was_taken_is_not_there_any_more() -> None:
    client, server = pair()
    length = length_of(client.put(frame(VALUE)))
    server.take(length)
    with pytest.raises(ProtocolError, match="not in the shared memory"):
        server.take(length)


parts = st.lists(st.one_of(st.none(), st.integers(0, 99), st.binary(max_size=300)), max_size=3)


@given(parts, st.sampled_from([VALUE, b"\xc6" + bytes(LARGE_BYTES), b""]), parts, st.booleans())
def test_a_message_is_read_as_it_was_put(
    before: list[Any], blob: bytes, behind: list[Any], splits: bool
) -> None:
    client, server = pair(splits=splits)
    message = [*before, blob, *behind]
    notice = server.put(frame(packb(message)))
    assert messages.read(client.take(length_of(notice))) == message


def test_the_blob_is_its_own_bytes_on_the_server() -> None:
    client, server = pair()
    request = messages.request(1, 0, "dict.set", "d", (b"\xa1k", VALUE))
    taken = server.take(length_of(client.put(request)))
    assert isinstance(taken, Pieces)
    assert taken.blob == VALUE
    assert messages.read(taken)[-1] is taken.blob


def test_a_blob_behind_a_long_key_is_copied_once_more() -> None:
    client, server = pair()
    request = messages.request(1, 0, "dict.set", "d", (bytes(60_000), VALUE))
    taken = server.take(length_of(client.put(request)))
    assert messages.read(taken) == [1, 0, "dict.set", "d", bytes(60_000), VALUE]


def test_only_the_payload_of_bytes_is_split() -> None:
    codec = Codec()
    for value in (VALUE, VALUE.decode("latin-1"), [VALUE], bytearray(VALUE)):
        client, server = pair(splits=True)
        payload = codec.encode(value)
        notice = server.put(messages.answer(7, payload))
        number, found = messages.read(client.take(length_of(notice)))
        assert number == 7
        assert isinstance(found, Split) == (type(value) is bytes)
        assert (found.joined() if isinstance(found, Split) else found) == payload
        assert codec.decode(found) == value
        assert type(codec.decode(found)) is type(value)


def test_a_split_request_needs_no_joining() -> None:
    client, server = pair()
    split = Codec(longest_whole=LARGE_BYTES).encode_argument(VALUE)
    request = messages.request_with_split(1, 0, "queue.put", "jobs", (split, True, None))
    assert isinstance(request, Scattered)
    assert any(part is VALUE for part in request.parts)
    taken = messages.read(server.take(length_of(client.put(request))))
    assert taken == messages.read(joined(request)[HEADER_BYTES:])


# Headers


@given(cuts)
def test_what_is_shared_keeps_its_place_among_the_frames(places: list[int]) -> None:
    client, server = pair()
    notice = client.put(frame(VALUE))
    assert notice is not None
    stream = b"".join([frame(b"first"), offer(7), notice, frame(b"second"), offer(8)])
    reader = FrameReader(1000)
    sharing = reader.sharing = Offered(server)
    found = [payload for piece in cut(stream, places) for payload in reader.feed(piece)]
    assert found == [b"first", VALUE, b"second"]
    assert sharing.names == [7, 8]
    assert reader.pending_bytes == 0


@pytest.mark.parametrize("length", [SHARED, SHARED | 5, 1001])
def test_a_length_over_the_limit_is_refused_where_nothing_is_shared(length: int) -> None:
    with pytest.raises(ProtocolError, match="over the limit of 1000"):
        FrameReader(1000).feed(length.to_bytes(4, "little"))


def test_a_length_over_the_limit_is_refused_where_something_is_shared() -> None:
    reader = FrameReader(1000)
    reader.sharing = Offered()
    with pytest.raises(ProtocolError, match="over the limit of 1000"):
        reader.feed((SHARED - 1).to_bytes(4, "little"))
