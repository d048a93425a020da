"""Places in shared memory where clients on this host write down what has arrived."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared_state.arrivals import Note, find_place
from shared_state_server import arrivals
from shared_state_server.arrivals import Arrivals, make_arrivals

from ..fixtures.simulation import Simulation


@pytest.fixture
def memory() -> Iterator[Arrivals]:
    made = make_arrivals()
    assert made is not None, sys.platform
    yield made
    made.close()


def note_of(memory: Arrivals, offset: int) -> Note:
    note = find_place(memory.path, memory.token, offset)
    assert note is not None
    return note


def test_what_is_written_down_is_read_in_its_own_place(memory: Arrivals) -> None:
    places = [memory.give_place() for _ in range(2000)]  # several pages
    offsets = [place.offset for place in places if place is not None]
    assert len(set(offsets)) == len(places)
    for number, offset in enumerate(offsets):
        if number % 100 == 0:
            note_of(memory, offset)(2**40 + number)
    read = [place.last() for place in places if place is not None]
    assert read == [0 if number % 100 else 2**40 + number for number in range(2000)]


def test_a_place_can_be_read_when_the_memory_is_found_no_more(memory: Arrivals) -> None:
    other = make_arrivals()
    assert other is not None
    place = other.give_place()
    assert place is not None
    note_of(other, place.offset)(7)
    other.close()
    assert place.last() == 7
    assert find_place(other.path, other.token, place.offset) is None


def test_who_finds_another_file_there_does_not_write_to_it(
    memory: Arrivals, tmp_path: Path
) -> None:
    file = tmp_path / "memfd:shared-state (deleted)"
    content = memory.token + bytes(200)
    file.write_bytes(content)
    path = f"/proc/{os.getpid()}/fd/{os.open(file, os.O_RDWR)}"
    assert find_place(path, memory.token, 64) is None
    assert find_place(memory.path, bytes(16), 64) is None, "another server's"
    assert find_place("", b"", 0) is None
    assert find_place("/proc/0/fd/0", memory.token, 64) is None
    assert find_place(memory.path, memory.token, 1 << 40) is None, "behind its end"
    assert file.read_bytes() == content


def test_no_place_is_given_twice_and_there_is_an_end(
    memory: Arrivals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "MAX_PLACES", 2)
    first, second = memory.give_place(), memory.give_place()
    assert first is not None
    assert second is not None
    assert first.offset != second.offset
    assert memory.give_place() is None


def test_a_system_without_such_memory_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create")
    assert make_arrivals() is None


# In the service


@pytest.fixture
def simulation(memory: Arrivals) -> Simulation:
    return Simulation(arrivals=memory)


def test_what_was_written_down_does_not_return_when_the_session_ends(
    simulation: Simulation, memory: Arrivals
) -> None:
    producer = simulation.peer("queue.open", "jobs", 0, None, None)
    for item in (b"1", b"2", b"3"):
        producer.put(item)
    consumer = simulation.peer()
    path, token, offset = consumer.call("state.arrivals", "")
    assert (path, token) == (memory.path, memory.token)
    first, second, third = [consumer.get() for _ in range(3)]
    consumer.confirm(first)
    note_of(memory, offset)(second)
    assert consumer.outcome(third) == b"3"
    consumer.die()
    assert producer.take_all() == [b"3"]


def test_a_lane_has_one_place(simulation: Simulation) -> None:
    one, other = simulation.peer(), simulation.peer()
    assert one.call("state.arrivals", "") == one.call("state.arrivals", "")
    assert one.call("state.arrivals", "") != other.call("state.arrivals", "")


def test_a_service_without_memory_says_so() -> None:
    assert tuple(Simulation().peer().call("state.arrivals", "")) == ("", b"", 0)
