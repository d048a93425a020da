"""What a client has written down as arrived, in memory that it shares, is not handed out again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared_state_protocol.wire.arena import ARENA_BYTES, CLIENT, SERVER, Arena

from ..fixtures.simulation import GRACE_S, Peer, Simulation

Ending = Callable[[Simulation, Peer], object]


def sharing_with(consumer: Peer) -> Arena:
    """Return the client's side of memory that it shares with the server from now on."""
    memory = memoryview(bytearray(ARENA_BYTES))
    consumer.lane.arena = Arena(memory, SERVER)
    consumer.lane.arena.open()
    return Arena(memory, CLIENT)


def killed(simulation: Simulation, consumer: Peer) -> None:
    consumer.die()


def cut_off(simulation: Simulation, consumer: Peer) -> None:
    consumer.lose()
    simulation.pass_time(GRACE_S + 1)


def closed(simulation: Simulation, consumer: Peer) -> None:
    consumer.say_goodbye()


def back_and_killed(simulation: Simulation, consumer: Peer) -> None:
    """Come back over another connection, and be killed before saying anything there."""
    consumer.lose()
    consumer.connect_again().die()


def replaced_and_killed(simulation: Simulation, consumer: Peer) -> None:
    """The same, before the server knows that the connection before is gone."""
    consumer.connect_again().die()


@pytest.mark.parametrize("end", [killed, cut_off, closed, back_and_killed, replaced_and_killed])
def test_what_was_written_down_stays_with_who_got_it(
    simulation: Simulation, producer: Peer, consumer: Peer, end: Ending
) -> None:
    for item in (b"1", b"2", b"3"):
        producer.put(item)
    arena = sharing_with(consumer)
    first, second, third = [consumer.get() for _ in range(3)]
    consumer.confirm(first)
    assert arena.note(second)
    assert consumer.outcome(third) == b"3"
    end(simulation, consumer)
    assert producer.take_all() == [b"3"]


def test_a_number_of_nothing_changes_nothing(producer: Peer, consumer: Peer) -> None:
    producer.put(b"1")
    arena = sharing_with(consumer)
    consumer.get()
    arena.note(2**60)
    consumer.die()
    assert producer.take_all() == [b"1"]
