"""What a request costs does not grow with what others have.

Counted in lines that the interpreter comes to (`tests.fixtures.work`): a few of something, and many
times as many, have to be about the same work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared_state_protocol import objects as contracts
from shared_state_server import memory
from shared_state_server.dispatch import table_of
from shared_state_server.streams import Cursors, Pairs

from ..fixtures.simulation import AGENT, Peer, Simulation
from ..fixtures.work import steps_of

FEW, MANY = 10, 1000


def check_it_is_the_same_work(work: Callable[[int], int]) -> None:
    """Check that `work` takes as many steps with few as with many, but for some that vary."""
    few, many = work(FEW), work(MANY)
    assert few > 0
    assert many < few + 100


def permits(count: int) -> tuple[Peer, Peer]:
    """Return two processes that have `count` permits each."""
    simulation = Simulation()
    first, second = (simulation.peer("semaphore.open", "room", 2 * MANY) for _ in range(2))
    for peer in (first, second):
        for _ in range(count):
            peer.call("semaphore.acquire", "room", False, None)
    return first, second


def test_a_release_looks_at_no_other_permits() -> None:
    def work(count: int) -> int:
        _, second = permits(count)
        return steps_of(lambda: second.call("semaphore.release", "room", 1))

    check_it_is_the_same_work(work)


def test_many_permits_are_released_in_so_many_steps() -> None:
    def work(count: int) -> int:
        _, second = permits(count)
        return steps_of(lambda: second.call("semaphore.release", "room", count)) // count

    check_it_is_the_same_work(work)


def test_the_permits_of_who_died_come_back_in_so_many_steps() -> None:
    def work(count: int) -> int:
        _, second = permits(count)
        return steps_of(second.die) // count

    check_it_is_the_same_work(work)


def test_parties_that_leave_a_barrier_together_do_not_count_each_other() -> None:
    def work(count: int) -> int:
        peer = Simulation().peer("barrier.open", "start", 2 * MANY, None)
        for _ in range(count):
            peer.ask("barrier.arrive", "start", None, False)
        return steps_of(peer.die) // count

    check_it_is_the_same_work(work)


@pytest.mark.parametrize("wire", ["dict.hold", "dict.let_go"])
def test_an_edit_looks_at_no_other_edits(wire: str) -> None:
    def work(count: int) -> int:
        peer = Simulation().peer("dict.open", "config")
        keys = [bytes((0xCD, *number.to_bytes(2, "big"))) for number in range(1000, 1000 + count)]
        for key in keys:
            peer.call("dict.hold", "config", key, 0.0, AGENT)
        if wire == "dict.let_go":
            return steps_of(lambda: peer.call(wire, "config", keys[0], AGENT))
        return steps_of(lambda: peer.call(wire, "config", b"\x01", 0.0, AGENT))

    check_it_is_the_same_work(work)


@pytest.mark.parametrize(
    ("contract", "behaviour", "wire", "item"),
    [
        (contracts.Dict, memory.Dict, "dict.update", [b"\xa1k", b"\xc3"]),
        (contracts.List, memory.List, "list.extend", b"\xc3"),
        (contracts.Set, memory.Set, "set.update", b"\xc3"),
    ],
)
def test_many_items_are_looked_at_together(
    contract: type, behaviour: type, wire: str, item: Any
) -> None:
    row = table_of([(contract, behaviour)])[wire]

    def work(count: int) -> int:
        arguments = [[item] * count]
        return steps_of(lambda: row.check(arguments)) + steps_of(
            lambda: row.refuse_pickles(arguments)
        )

    check_it_is_the_same_work(work)


def test_items_are_told_apart_into_portions_together() -> None:
    def work(count: int) -> int:
        pairs = Pairs([b"\xa1k"] * count, [b"\xc3"] * count)
        return steps_of(lambda: Cursors().begin(pairs))

    check_it_is_the_same_work(work)
