"""Pipe on virtual time: who waits at one end learns of its end, and a poll takes nothing away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ..fixtures.simulation import GRACE_S, Peer, Simulation

RECEIVERS = 4
TICK_S = 0.001

READ, WRITE = 1, 0
"""The ends, by who uses them here."""


@pytest.fixture
def writer(simulation: Simulation) -> Peer:
    """The one process that uses the one end."""
    return attached(simulation, WRITE)


def attached(simulation: Simulation, end: int) -> Peer:
    """Return a process that uses an end."""
    peer = simulation.peer("pipe.open", "pipe", True)
    peer.call("pipe.attach", "pipe", end)
    return peer


def waiters(simulation: Simulation) -> int:
    """Return how many requests wait at the pipe."""
    _, ((_, _, _, _, count),) = simulation.peer().call("state.objects", "")
    return int(count)


ENDINGS: dict[str, Callable[[Peer], Any]] = {
    "closed": lambda writer: writer.call("pipe.close", "pipe", WRITE),
    "said goodbye": Peer.say_goodbye,
    "died": Peer.die,
    "lost": Peer.lose,
}


@pytest.mark.parametrize("processes", [1, RECEIVERS])
@pytest.mark.parametrize("ending", ENDINGS)
def test_all_who_receive_at_one_end_are_told_of_the_end(
    simulation: Simulation, writer: Peer, ending: str, processes: int
) -> None:
    peers = [attached(simulation, READ) for _ in range(processes)]
    receivers = [peers[i % processes].thread(2 + i) for i in range(RECEIVERS)]
    asked = [each.ask("pipe.recv", "pipe", READ) for each in receivers]
    polling = receivers[0].thread(9)
    poll = polling.ask("pipe.poll", "pipe", READ, None)
    for message in (b"a", b"b"):
        writer.call("pipe.send", "pipe", WRITE, message)
    ENDINGS[ending](writer)
    if ending == "lost":
        assert waiters(simulation) == RECEIVERS - 2 + 1  # and who polls
        simulation.pass_time(GRACE_S)
    outcomes = [outcome(each, number) for each, number in zip(receivers, asked, strict=True)]
    assert outcomes == [b"a", b"b", EOFError, EOFError]
    assert polling.outcome(poll) is True
    assert waiters(simulation) == 0


def outcome(peer: Peer, number: int) -> Any:
    """Return what came of a request: its result, or the class of its error."""
    try:
        return peer.outcome(number)
    except EOFError as error:
        return type(error)


@given(
    st.lists(st.sampled_from(["recv", "send", "large", "cancel"]), max_size=12),
    st.sampled_from([name for name in ENDINGS if name != "lost"]),
)
def test_whatever_was_under_way_nobody_is_left_waiting_at_the_end(
    steps: list[str], ending: str
) -> None:
    simulation = Simulation()
    writer, reader = attached(simulation, WRITE), attached(simulation, READ)
    asked: list[int] = []
    sent: Counter[bytes] = Counter()
    for step in steps:
        if step == "recv":
            asked.append(reader.ask("pipe.recv", "pipe", READ))
        elif step == "cancel" and asked:
            reader.cancel(asked.pop())
        elif step != "cancel":
            message = b"%d " % len(sent) + bytes((1 << 20) if step == "large" else 0)
            writer.ask("pipe.send", "pipe", WRITE, message)
            sent[message] += 1
    parked = len(writer.lane.waiters)
    ENDINGS[ending](writer)
    received = [outcome(reader, number) for number in asked]
    while (last := outcome(reader, reader.ask("pipe.recv", "pipe", READ))) is not EOFError:
        received.append(last)
    arrived = Counter(each for each in received if each is not EOFError)
    assert not arrived - sent
    assert sum(sent.values()) - sum(arrived.values()) <= parked  # sends that had no reply
    assert waiters(simulation) == 0


@pytest.mark.parametrize("timeout", [0.0, TICK_S, 1.0])
@pytest.mark.parametrize("ticks", [-2, -1, 0, 1, 2])
def test_a_send_around_the_deadline_of_a_poll_is_seen_or_left_for_later(
    simulation: Simulation, writer: Peer, timeout: float, ticks: int
) -> None:
    """The one or the other: what a poll did not see, the next receive gets."""
    reader = attached(simulation, READ)
    poll = reader.ask("pipe.poll", "pipe", READ, timeout)
    simulation.pass_time(max(timeout + ticks * TICK_S, 0.0))
    writer.call("pipe.send", "pipe", WRITE, b"a")
    simulation.pass_time(1.0)
    assert reader.outcome(poll) is (timeout > 0 and ticks < 0)
    assert reader.call("pipe.poll", "pipe", READ, 0.0) is True
    assert reader.call("pipe.recv", "pipe", READ) == b"a"
    assert reader.call("pipe.poll", "pipe", READ, 0.0) is False
    assert waiters(simulation) == 0


def test_a_poll_takes_nothing_from_who_receives(simulation: Simulation, writer: Peer) -> None:
    first, second = attached(simulation, READ), attached(simulation, READ)
    poll = first.ask("pipe.poll", "pipe", READ, 1.0)
    recv = second.ask("pipe.recv", "pipe", READ)
    writer.call("pipe.send", "pipe", WRITE, b"a")
    assert second.outcome(recv) == b"a"
    assert poll not in first.replies  # there is nothing for it to see
    simulation.pass_time(1.0)
    assert first.outcome(poll) is False


def test_a_message_that_comes_back_is_seen_by_who_polls(
    simulation: Simulation, writer: Peer
) -> None:
    dying, polling = attached(simulation, READ), attached(simulation, READ)
    writer.call("pipe.send", "pipe", WRITE, b"a")
    assert dying.call("pipe.recv", "pipe", READ) == b"a"
    poll = polling.ask("pipe.poll", "pipe", READ, 1.0)
    dying.die()
    assert polling.outcome(poll) is True
    assert polling.call("pipe.recv", "pipe", READ) == b"a"
