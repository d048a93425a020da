"""Pipe: nothing is lost, doubled or out of order between many processes, and after a death."""

from __future__ import annotations

import gc
import weakref
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from multiprocessing.connection import Connection
from typing import Any

import pytest

import shared_state

from ..fixtures.children import Children
from ..fixtures.clients import Either
from ..fixtures.servers import ThreadServer
from ..fixtures.simulation import Simulation
from ..fixtures.watching import LONG_S, until, waiting

SENDERS = RECEIVERS = 4
MESSAGES = 50
SIZE = 8 * 1024
"""Of some messages, so that the buffer is full at times."""


def _send(state: shared_state.Client, parent: Connection, sender: int) -> None:
    with state.pipe("pipe")[0] as end:
        parent.send("ready")
        parent.recv()
        for number in range(MESSAGES):
            end.send((sender, number, bytes(SIZE * (number % 8))))
    parent.send("done")


def _receive(state: shared_state.Client, parent: Connection) -> None:
    received: list[tuple[int, int]] = []
    with state.pipe("pipe")[1] as end:
        parent.send("ready")
        try:
            while True:
                sender, number, _ = end.recv()
                received.append((sender, number))
        except EOFError:
            parent.send(received)


def test_every_message_is_received_once_and_in_the_order_of_its_sender(
    server: ThreadServer, children: Children
) -> None:
    senders = [children(_send, server, sender) for sender in range(SENDERS)]
    receivers = [children(_receive, server) for _ in range(RECEIVERS)]
    assert {each.hear() for each in senders + receivers} == {"ready"}
    for each in senders:
        each.tell("go")
    received = [each.hear() for each in receivers]
    expected = [(sender, number) for sender in range(SENDERS) for number in range(MESSAGES)]
    assert Counter(chain.from_iterable(received)) == Counter(expected)
    for messages in received:
        for sender in range(SENDERS):
            numbers = [number for each, number in messages if each == sender]
            assert numbers == sorted(numbers)


def test_what_a_dead_process_did_not_confirm_returns_to_the_others(
    simulation: Simulation,
) -> None:
    sender = simulation.peer("pipe.open", "pipe", True)
    dying, living = simulation.peer(), simulation.peer("pipe.attach", "pipe", 1)
    for message in (b"a", b"b", b"c"):
        sender.call("pipe.send", "pipe", 0, message)
    number = dying.ask("pipe.recv", "pipe", 1)
    assert dying.outcome(number) == b"a"
    dying.confirm(number)
    assert dying.call("pipe.recv", "pipe", 1) == b"b"
    dying.die()
    assert [living.call("pipe.recv", "pipe", 1) for _ in range(2)] == [b"b", b"c"]


def test_what_comes_back_goes_to_who_waits_before_the_end_is_told(
    simulation: Simulation,
) -> None:
    sender = simulation.peer("pipe.open", "pipe", True)
    dying, living = simulation.peer(), simulation.peer("pipe.attach", "pipe", 1)
    sender.call("pipe.send", "pipe", 0, b"a")
    assert dying.call("pipe.recv", "pipe", 1) == b"a"
    waiting = living.ask("pipe.recv", "pipe", 1)
    dying.die()
    assert living.outcome(waiting) == b"a"
    sender.call("pipe.close", "pipe", 0)
    with pytest.raises(EOFError):
        living.call("pipe.recv", "pipe", 1)


def test_a_message_that_comes_back_counts_against_the_bound(simulation: Simulation) -> None:
    sender = simulation.peer("pipe.open", "pipe", True)
    dying, living = simulation.peer(), simulation.peer("pipe.attach", "pipe", 1)
    large, more = bytes(1 << 20), b"more"
    sender.call("pipe.send", "pipe", 0, large)
    dying.call("pipe.recv", "pipe", 1)
    dying.die()
    parked = sender.ask("pipe.send", "pipe", 0, more)
    assert parked not in sender.replies
    assert living.call("pipe.recv", "pipe", 1) == large
    assert sender.outcome(parked) is None
    assert living.call("pipe.recv", "pipe", 1) == more


def test_a_cancelled_receive_has_received_nothing(simulation: Simulation) -> None:
    sender = simulation.peer("pipe.open", "pipe", True)
    receiver = simulation.peer("pipe.attach", "pipe", 1)
    sender.call("pipe.send", "pipe", 0, b"a")
    receiver.cancel(receiver.ask("pipe.recv", "pipe", 1))
    assert receiver.call("pipe.recv", "pipe", 1) == b"a"
    receiver.cancel(receiver.ask("pipe.recv", "pipe", 1))
    sender.call("pipe.send", "pipe", 0, b"b")
    assert receiver.call("pipe.recv", "pipe", 1) == b"b"


def test_a_sender_that_gives_up_has_sent_nothing(simulation: Simulation) -> None:
    sender = simulation.peer("pipe.open", "pipe", True)
    receiver = simulation.peer("pipe.attach", "pipe", 1)
    sender.call("pipe.send", "pipe", 0, bytes(1 << 20))
    given_up = sender.ask("pipe.send", "pipe", 0, bytes(1 << 20))
    sender.ask("pipe.send", "pipe", 0, b"next")
    sender.cancel(given_up)
    assert receiver.call("pipe.recv", "pipe", 1) == bytes(1 << 20)
    assert receiver.call("pipe.recv", "pipe", 1) == b"next"


def test_a_pipe_that_is_deleted_is_not_kept_by_those_who_used_it(simulation: Simulation) -> None:
    both = simulation.peer("pipe.open", "pipe", True)
    one = simulation.peer()
    both.call("pipe.attach", "pipe", 1)
    for peer in (both, one):
        peer.call("pipe.send", "pipe", 0, b"never received")
    pipe = weakref.ref(simulation.service.objects.behaviour_of("pipe"))
    both.call("state.delete", "", "pipe")
    gc.collect()
    assert pipe() is None
    assert not both.lane.session.stakes
    assert not one.lane.session.stakes


# Death


def _use(state: shared_state.Client, parent: Connection, end: int, values: list[Any]) -> None:
    """Send what is given, and then receive until killed."""
    own = state.pipe("pipe")[end]
    for value in values:
        own.send(value)
    parent.send("sent")
    while True:
        parent.send(own.recv())


def test_what_a_killed_process_sent_is_received_and_then_it_is_the_end(
    either: Either, server: ThreadServer, children: Children, threads: ThreadPoolExecutor
) -> None:
    first, _ = either.pipe("pipe")
    child = children(_use, server, 1, ["a", "b"])
    assert child.hear() == "sent"
    child.kill()
    assert [first.recv(), first.recv()] == ["a", "b"]
    with pytest.raises(EOFError):
        first.recv()


def test_who_waits_for_a_process_that_is_killed_is_told(
    either: Either,
    other: shared_state.Client,
    server: ThreadServer,
    children: Children,
    threads: ThreadPoolExecutor,
) -> None:
    first, _ = either.pipe("pipe")
    child = children(_use, server, 1, [])
    assert child.hear() == "sent"
    until(lambda: waiting(other, "pipe") == 1)
    receiving = threads.submit(first.recv)
    until(lambda: waiting(other, "pipe") == 2)
    child.kill()
    with pytest.raises(EOFError):
        receiving.result(LONG_S)
    with pytest.raises(BrokenPipeError):
        first.send("x")
