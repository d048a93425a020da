"""Streams: a snapshot in portions, what the server has left of it, and what a lost reply costs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import ormsgpack
import pytest

from shared_state_protocol.codec import Codec
from shared_state_protocol.errors import LimitExceeded, ObjectNotFound
from shared_state_protocol.limits import MAX_FRAME_BYTES
from shared_state_server import streams
from shared_state_server.memory.dict import Dict
from shared_state_server.settings import MIN_FRAME_BYTES
from shared_state_server.streams import MAX_CURSORS, PORTION_BYTES, PORTION_ITEMS, Cursors, Pairs

from ..fixtures.simulation import Peer, Simulation

ITEM = b"x" * 1024
encode = Codec().encode
ITEMS_PER_PORTION = PORTION_BYTES // len(ITEM)


def read(cursors: Cursors, begun: tuple[int | None, Sequence[Any]]) -> list[Any]:
    """Return the first portion of a stream and all that follow."""
    cursor, portion = begun
    items = list(portion)
    while cursor is not None:
        cursor, portion = cursors.next(cursor)
        items += portion
    return items


def numbered(count: int, size: int = 1024) -> list[bytes]:
    """Return so many different items of `size` bytes."""
    return [number.to_bytes(4, "big").ljust(size) for number in range(count)]


@pytest.mark.parametrize("count", [0, 1, ITEMS_PER_PORTION])
def test_what_fits_into_one_portion_leaves_no_cursor(count: int) -> None:
    cursors = Cursors()
    items = numbered(count)
    assert cursors.begin(items) == (None, items)
    assert len(cursors) == 0


@pytest.mark.parametrize("portions", [1, 2, 5])
@pytest.mark.parametrize("more", [0, 1, ITEMS_PER_PORTION - 1])
def test_portions_put_together_are_the_snapshot(portions: int, more: int) -> None:
    cursors = Cursors()
    items = numbered(portions * ITEMS_PER_PORTION + more)
    assert read(cursors, cursors.begin(items)) == items
    assert len(cursors) == 0


def test_a_portion_is_bounded_in_items_too() -> None:
    cursor, portion = Cursors().begin(numbered(PORTION_ITEMS + 1, size=4))
    assert cursor is not None
    assert len(portion) == PORTION_ITEMS


@pytest.mark.parametrize("size", [1, 10, PORTION_BYTES // PORTION_ITEMS, 300, PORTION_BYTES])
def test_a_portion_fits_into_the_smallest_frame(size: int) -> None:
    snapshot = Pairs([b"k"] * (PORTION_ITEMS + 1), [b"v" * size] * (PORTION_ITEMS + 1))
    _, portion = Cursors().begin(snapshot)
    assert len(ormsgpack.packb([[1, 2], list(portion)])) < MIN_FRAME_BYTES


def test_halves_of_pairs_put_together_are_the_pairs() -> None:
    cursors = Cursors()
    keys, values = numbered(3 * ITEMS_PER_PORTION), numbered(3 * ITEMS_PER_PORTION, size=2048)

    assert read(cursors, cursors.begin(Pairs(keys, values))) == list(zip(keys, values, strict=True))


def test_the_items_of_a_dict_are_made_when_their_portion_is() -> None:
    kept, cursors = Dict(), Cursors()
    kept.update([[key, key] for key in map(encode, range(2 * PORTION_ITEMS))])

    before = sys.getallocatedblocks()
    _, portion = cursors.begin(kept.items())

    assert len(portion) == PORTION_ITEMS
    assert sys.getallocatedblocks() - before < 1.5 * PORTION_ITEMS  # pairs of one portion, not two


def test_pairs_count_with_both_their_parts() -> None:
    pairs = [(ITEM, ITEM)] * ITEMS_PER_PORTION
    cursor, portion = Cursors().begin(pairs)
    assert cursor is not None
    assert len(portion) == ITEMS_PER_PORTION // 2


def test_a_large_item_does_not_ride_with_others() -> None:
    """Each fits into a frame by itself, as it came; together they might not."""
    large = bytes(MAX_FRAME_BYTES - 1024)
    cursors = Cursors()
    cursor, first = cursors.begin([ITEM, large, ITEM])
    assert first == [ITEM]
    assert cursor is not None
    assert cursors.next(cursor) == (cursor, [large])
    assert cursors.next(cursor) == (None, [ITEM])


def test_streams_of_one_session_do_not_mix() -> None:
    cursors = Cursors()
    ones, twos = numbered(3 * ITEMS_PER_PORTION), [ITEM] * 2 * ITEMS_PER_PORTION
    one, two = cursors.begin(ones), cursors.begin(twos)
    assert read(cursors, one) == ones
    assert read(cursors, two) == twos


def test_a_closed_stream_is_forgotten_and_may_be_closed_again() -> None:
    cursors = Cursors()
    cursor, _ = cursors.begin([ITEM] * 2 * ITEMS_PER_PORTION)
    assert cursor is not None
    cursors.close(cursor)
    cursors.close(cursor)
    assert len(cursors) == 0
    with pytest.raises(LimitExceeded):
        cursors.next(cursor)


def test_too_many_unfinished_streams_cost_the_one_that_rested_longest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streams, "MAX_CURSORS", 2)
    cursors = Cursors()
    snapshot = [ITEM] * 3 * ITEMS_PER_PORTION
    (first, _), (second, _) = cursors.begin(snapshot), cursors.begin(snapshot)
    assert first is not None
    assert second is not None
    second_portion = cursors.next(first)  # so that the other one has rested longer
    third = cursors.begin(snapshot)
    assert len(cursors) == 2
    with pytest.raises(LimitExceeded, match="2 unfinished"):
        cursors.next(second)
    assert read(cursors, second_portion) == snapshot[ITEMS_PER_PORTION:]
    assert read(cursors, third) == snapshot


def test_rows_count_with_all_their_parts() -> None:
    row = ("semaphore", 3, [["host", 4711, "x" * 1000, 0.5]])
    cursor, portion = Cursors().begin([row] * 2 * ITEMS_PER_PORTION)
    assert cursor is not None
    assert ITEMS_PER_PORTION // 2 < len(portion) < ITEMS_PER_PORTION


# Through a service


PAIRS = [[bytes((number,)), number.to_bytes(8192, "big")] for number in range(96)]
"""Small integers as keys, as msgpack writes them, and values that make three portions of them."""


@pytest.fixture
def reader(simulation: Simulation) -> Peer:
    """A client, and a dict ``d`` that takes some portions to read."""
    peer = simulation.peer("dict.open", "d")
    peer.call("dict.update", "d", PAIRS)
    return peer


def rest(peer: Peer, cursor: int | None) -> list[Any]:
    """Return what the service has left behind `cursor`."""
    found: list[Any] = []
    while cursor is not None:
        cursor, portion = peer.call("state.next_portion", "", cursor)
        found += portion
    return found


def test_a_snapshot_does_not_see_what_is_written_meanwhile(
    simulation: Simulation, reader: Peer
) -> None:
    writer = simulation.peer()
    cursor, first = reader.call("dict.items", "d")
    writer.call("dict.clear", "d")
    writer.call("dict.set", "d", b"\xa1a", b"\x01")
    writer.call("state.delete", "", "d")
    assert first + rest(reader, cursor) == PAIRS
    with pytest.raises(ObjectNotFound):
        reader.call("dict.items", "d")


def test_a_portion_whose_reply_was_lost_is_sent_again_and_not_the_next_one(reader: Peer) -> None:
    cursor, first = reader.call("dict.items", "d")
    lost = reader.ask("state.next_portion", "", cursor)
    del reader.replies[lost]
    reader.lose()
    again = reader.connect_again()
    again.ask_again(lost)
    cursor, second = again.outcome(lost)
    assert first + second + rest(again, cursor) == PAIRS


def test_a_portion_that_has_arrived_is_not_remembered(reader: Peer) -> None:
    cursor, _ = reader.call("dict.items", "d")
    number = reader.ask("state.next_portion", "", cursor)
    assert number in reader.lane.replies
    reader.confirm(number)
    assert number not in reader.lane.replies


def test_a_cursor_is_of_one_session_only(simulation: Simulation, reader: Peer) -> None:
    cursor, first = reader.call("dict.items", "d")
    stranger = simulation.peer()
    stranger.call("dict.items", "d")
    with pytest.raises(LimitExceeded):
        stranger.call("state.next_portion", "", cursor)
    stranger.call("state.close_cursor", "", cursor)
    assert first + rest(reader, cursor) == PAIRS


def test_threads_of_a_session_may_share_a_cursor(reader: Peer) -> None:
    cursor, first = reader.call("dict.items", "d")
    assert first + rest(reader.thread(2), cursor) == PAIRS


def test_a_stream_that_is_left_does_not_outlive_its_session(
    simulation: Simulation, reader: Peer
) -> None:
    reader.call("dict.items", "d")
    session = reader.lane.session
    assert len(session.cursors) == 1
    reader.say_goodbye()
    assert session.id not in simulation.service.sessions


def test_a_client_has_room_for_many_loops_inside_each_other(reader: Peer) -> None:
    opened = [reader.call("dict.items", "d") for _ in range(MAX_CURSORS)]
    for cursor, first in opened:
        assert first + rest(reader, cursor) == PAIRS


def test_rows_are_packed_no_further_than_a_portion_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    packed: list[object] = []

    def pack(row: object) -> bytes:
        packed.append(row)
        return ormsgpack.packb(row)

    monkeypatch.setattr(streams, "packb", pack)
    rows = [("attribute", bytes(PORTION_BYTES // 2))] * 100
    assert len(Cursors().begin(rows)[1]) == 1
    assert len(packed) == 2
