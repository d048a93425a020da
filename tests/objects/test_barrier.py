"""Barrier through both clients: what `threading.Barrier` promises."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from threading import BrokenBarrierError
from typing import Any

import pytest

import shared_state
from shared_state import ObjectNotFound

from ..fixtures.clients import Either, ask
from ..fixtures.watching import LONG_S, until, waiting

SHORT_S = 0.02
"""For a wait that is to end without having got anything."""

PARTIES = 4


def arrive(
    either: Either, count: int, other: shared_state.Client, threads: ThreadPoolExecutor
) -> list[Future[int]]:
    """Have so many parties come, one after the other; they wait for one more at least."""
    other.barrier("start", PARTIES)
    waits: list[Future[int]] = []
    for _ in range(count):
        waits.append(threads.submit(either.barrier("start", PARTIES).wait, LONG_S))
        until(lambda: waiting(other, "start") == len(waits))
    return waits


def test_blocking_callers_have_the_attributes_of_the_standard_librarys(
    client: shared_state.Client,
) -> None:
    start = client.barrier("start", PARTIES)
    assert (start.parties, start.n_waiting, start.broken) == (PARTIES, 0, False)


def refused(waits: list[Future[int]]) -> bool:
    for each in waits:
        with pytest.raises(BrokenBarrierError):
            each.result()
    return True


def test_all_go_on_when_the_last_has_come_each_with_its_index(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    start = either.barrier("start", PARTIES)
    for _ in range(2):
        waits = arrive(either, PARTIES - 1, other, threads)
        assert ask(start, "n_waiting") == PARTIES - 1
        assert other.barrier("start", PARTIES).wait() == PARTIES - 1
        assert [each.result() for each in waits] == list(range(PARTIES - 1))
        assert [ask(start, "n_waiting"), ask(start, "broken")] == [0, False]


def test_the_first_to_open_it_says_how_many_take_part(
    either: Either, other: shared_state.Client
) -> None:
    other.barrier("start", 1)
    start = either.barrier("start", 9)
    assert [ask(start, "parties"), start.wait()] == [1, 0]


@pytest.mark.parametrize("parties", [0, -1])
def test_it_is_for_one_party_at_least(client: shared_state.Client, parties: int) -> None:
    with pytest.raises(ValueError, match="parties must be > 0"):
        client.barrier("start", parties)
    assert client.objects() == []


def test_one_whose_time_is_over_breaks_it_for_all_until_a_reset(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    waits = arrive(either, 2, other, threads)
    start = either.barrier("start", PARTIES)
    with pytest.raises(BrokenBarrierError):
        start.wait(timeout=SHORT_S)
    assert refused(waits)
    assert [ask(start, "broken"), ask(start, "n_waiting")] == [True, 0]
    with pytest.raises(BrokenBarrierError):
        start.wait()
    start.reset()
    assert ask(start, "broken") is False
    waits = arrive(either, PARTIES - 1, other, threads)
    assert start.wait() == PARTIES - 1
    assert [each.result() for each in waits] == [0, 1, 2]


def test_the_timeout_of_its_creation_counts_for_who_gives_none(
    either: Either, other: shared_state.Client
) -> None:
    other.barrier("start", 2, timeout=SHORT_S)
    with pytest.raises(BrokenBarrierError):
        either.barrier("start", 2).wait()


@pytest.mark.parametrize("ending", ["abort", "reset"])
def test_who_waits_is_sent_away(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor, ending: str
) -> None:
    waits = arrive(either, 3, other, threads)
    getattr(either.barrier("start", PARTIES), ending)()
    assert refused(waits)
    assert ask(other.barrier("start", PARTIES), "broken") is (ending == "abort")


def test_its_action_runs_once_where_the_last_party_is_before_all_go_on(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    done: list[str] = []
    waits = arrive(either, PARTIES - 1, other, threads)

    def act() -> None:
        assert not any(each.done() for each in waits)
        done.append("acted")

    other.barrier("start", PARTIES, lambda: done.append("of one that does not wait"))
    assert either.barrier("start", PARTIES, act).wait() == PARTIES - 1
    assert [each.result() for each in waits] == [0, 1, 2]
    assert done == ["acted"]


def test_an_action_that_raises_breaks_it_for_all(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    waits = arrive(either, PARTIES - 1, other, threads)

    def act() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        either.barrier("start", PARTIES, act).wait()
    assert refused(waits)
    assert ask(either.barrier("start", PARTIES), "broken") is True


def test_an_action_after_which_nobody_waits_any_more_is_in_vain(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    waits = arrive(either, PARTIES - 1, other, threads)
    with pytest.raises(BrokenBarrierError):
        either.barrier("start", PARTIES, other.barrier("start", PARTIES).abort).wait()
    assert refused(waits)


@pytest.mark.parametrize("timeout", ["soon", float("nan")])
def test_a_timeout_is_a_number(either: Either, timeout: Any) -> None:
    start = either.barrier("start", 2)
    with pytest.raises((TypeError, ValueError)):
        start.wait(timeout)
    assert [ask(start, "n_waiting"), ask(start, "broken")] == [0, False]


def test_it_is_listed_with_who_waits(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    waits = arrive(either, 2, other, threads)
    (info,) = other.objects()
    assert (info.type, info.size, info.waiters) == ("barrier", 2, 2)
    other.barrier("start", PARTIES).abort()
    assert refused(waits)


def test_who_waits_at_one_that_is_deleted_is_told(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    waits = arrive(either, 2, other, threads)
    other.delete("start")
    for each in waits:
        with pytest.raises(ObjectNotFound, match="was deleted"):
            each.result()
