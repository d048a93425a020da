"""The frame parser, by any cut: what comes out depends on the bytes, never on their pieces."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_state_protocol.errors import ProtocolError
from shared_state_protocol.wire.frames import HEADER_BYTES, FrameReader, frame

from .cuts import cut, cuts, one_by_one

LIMIT = 1000
MIB = 1 << 20

payload_lists = st.lists(st.binary(max_size=300), max_size=6)


def read(pieces: Iterable[bytes], limit: int = LIMIT) -> list[bytes]:
    """Return the payloads that a new reader finds in `pieces`."""
    found: list[bytes] = []
    feed(FrameReader(limit), pieces, found)
    return found


def feed(reader: FrameReader, pieces: Iterable[bytes], found: list[bytes]) -> None:
    """Add what `reader` finds in `pieces` to `found`."""
    for piece in pieces:
        found += reader.feed(piece)


def stream(payloads: Iterable[bytes]) -> bytes:
    return b"".join(map(frame, payloads))


def test_a_frame_is_its_length_in_little_endian_and_its_payload() -> None:
    assert frame(b"abc") == b"\x03\x00\x00\x00abc"
    assert frame(b"") == b"\x00\x00\x00\x00"
    assert frame(bytes(0x010203))[:HEADER_BYTES] == b"\x03\x02\x01\x00"


@given(payload_lists)
def test_frames_that_come_whole(payloads: list[bytes]) -> None:
    assert read([stream(payloads)]) == payloads


@given(payload_lists)
def test_frames_that_come_a_byte_at_a_time(payloads: list[bytes]) -> None:
    assert read(one_by_one(stream(payloads))) == payloads


@given(payload_lists, cuts)
def test_frames_that_come_in_any_pieces(payloads: list[bytes], places: list[int]) -> None:
    assert read(cut(stream(payloads), places)) == payloads


@given(payload_lists, st.binary(min_size=1, max_size=LIMIT), cuts, st.data())
def test_what_follows_the_last_whole_frame_is_kept_for_its_rest(
    payloads: list[bytes], last: bytes, places: list[int], data: st.DataObject
) -> None:
    whole = frame(last)
    position = data.draw(st.integers(0, len(whole) - 1))
    reader = FrameReader(LIMIT)
    found: list[bytes] = []
    feed(reader, cut(stream(payloads) + whole[:position], places), found)
    assert found == payloads
    assert reader.pending_bytes == position
    assert reader.feed(whole[position:]) == [last]
    assert reader.pending_bytes == 0


def test_a_payload_may_be_as_long_as_the_limit() -> None:
    largest = bytes(LIMIT)
    assert read([frame(largest)]) == [largest]


@given(payload_lists, st.integers(LIMIT + 1, (1 << 32) - 1), cuts)
def test_a_length_over_the_limit_is_refused_at_its_header(
    payloads: list[bytes], length: int, places: list[int]
) -> None:
    reader = FrameReader(LIMIT)
    found: list[bytes] = []
    header = length.to_bytes(HEADER_BYTES, "little")
    with pytest.raises(ProtocolError, match=f"{length} bytes is over the limit of {LIMIT}"):
        feed(reader, cut(stream(payloads) + header, places), found)
    assert found == payloads[: len(found)]
    assert reader.pending_bytes == 0


def test_nothing_is_allocated_for_a_length_that_is_only_declared() -> None:
    reader = FrameReader(64 * MIB)
    declared = (64 * MIB).to_bytes(HEADER_BYTES, "little") + b"x"
    assert peak_of(reader, declared, []) < 16 * 1024
    assert reader.pending_bytes == HEADER_BYTES + 1


def test_a_large_frame_in_pieces_is_joined_once() -> None:
    payload = bytes(8 * MIB)
    *pieces, before_last, last = cut(frame(payload), list(range(0, 8 * MIB, 64 * 1024)))
    reader = FrameReader(len(payload))
    feed(reader, pieces, [])
    assert peak_of(reader, before_last, []) < MIB  # it is kept beside the others
    # The joined stream, and the payload cut out of it.
    assert peak_of(reader, last, [payload]) < 2 * len(payload) + MIB


def peak_of(reader: FrameReader, piece: bytes, found: list[bytes]) -> int:
    """Return how many bytes are allocated at the most while `piece` is taken."""
    tracemalloc.start()
    try:
        assert reader.feed(piece) == found
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
