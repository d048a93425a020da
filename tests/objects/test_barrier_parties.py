"""Parties of a barrier that come early, give up, are lost or die, on virtual time."""

from __future__ import annotations

import threading
from threading import BrokenBarrierError

import pytest

from ..fixtures.simulation import GRACE_S, Peer, Simulation


def party(simulation: Simulation) -> Peer:
    return simulation.peer("barrier.open", "start", 3, None)


def come(peer: Peer, *, acts: bool = False, timeout: float | None = None) -> int:
    return peer.ask("barrier.arrive", "start", timeout, acts)


def n_waiting(peer: Peer) -> int:
    number: int = peer.call("barrier.n_waiting", "start")
    return number


def is_broken(peer: Peer) -> bool:
    broken: bool = peer.call("barrier.broken", "start")
    return broken


@pytest.fixture
def parties(simulation: Simulation) -> list[Peer]:
    """Three processes of a barrier for three."""
    return [party(simulation) for _ in range(3)]


def test_one_that_dies_while_it_waits_breaks_it(parties: list[Peer]) -> None:
    dead, waiting, late = parties
    come(dead)
    number = come(waiting)
    dead.die()
    with pytest.raises(BrokenBarrierError):
        waiting.outcome(number)
    with pytest.raises(BrokenBarrierError):
        late.outcome(come(late))


def test_one_that_dies_after_it_went_on_breaks_nothing(parties: list[Peer]) -> None:
    numbers = [come(each) for each in parties]
    assert [each.outcome(n) for each, n in zip(parties, numbers, strict=True)] == [
        [0, False],
        [1, False],
        [2, False],
    ]
    parties[0].die()
    assert not is_broken(parties[1])


def test_one_that_gives_up_takes_its_place_back(parties: list[Peer]) -> None:
    leaving, waiting, last = parties
    given_up, number = come(leaving), come(waiting)
    leaving.cancel(given_up)
    assert n_waiting(last) == 1
    leaving.die()
    assert not is_broken(last)
    numbers = [come(last), come(last)]
    assert waiting.outcome(number) == [0, False]
    assert [last.outcome(each) for each in numbers] == [[1, False], [2, False]]


def test_one_that_lost_its_connection_may_come_back(
    simulation: Simulation, parties: list[Peer]
) -> None:
    lost, waiting, last = parties
    again, number = come(lost), come(waiting)
    lost.lose()
    simulation.pass_time(GRACE_S / 2)
    back = lost.connect_again()
    back.ask_again(again)
    come(last)
    assert waiting.outcome(number) == [0, False]
    assert back.outcome(again) == [1, False]


def test_one_that_does_not_come_back_breaks_it(simulation: Simulation, parties: list[Peer]) -> None:
    lost, waiting, _ = parties
    come(lost)
    number = come(waiting)
    lost.lose()
    simulation.pass_time(GRACE_S)
    with pytest.raises(BrokenBarrierError):
        waiting.outcome(number)


def test_one_that_gives_up_after_its_connection_broke_breaks_nothing_later(
    parties: list[Peer],
) -> None:
    lost, waiting, last = parties
    given_up, number = come(lost), come(waiting)
    lost.lose()
    back = lost.connect_again()
    back.cancel(given_up)
    back.say_goodbye()
    come(last)
    assert not is_broken(last)
    come(last)
    assert waiting.outcome(number) == [0, False]


def test_one_whose_connection_was_replaced_is_waited_for(parties: list[Peer]) -> None:
    lost, waiting, _ = parties
    come(lost)
    number = come(waiting)
    lost.connect_again().die()
    with pytest.raises(BrokenBarrierError):
        waiting.outcome(number)


@pytest.mark.parametrize("is_acting", [False, True])
def test_a_party_is_waited_for_though_another_of_its_process_gave_up(
    simulation: Simulation, parties: list[Peer], is_acting: bool
) -> None:
    """It waits no more in the line: it is acting, or its connection broke."""
    gone, waiting, _ = parties
    thread = gone.thread(2)
    if not is_acting:
        come(thread)
        thread.lose()
    given_up, number = come(gone), come(waiting)
    if is_acting:
        assert thread.outcome(come(thread, acts=True)) == [2, True]
    gone.cancel(given_up)
    thread.lose()
    gone.die()
    simulation.pass_time(GRACE_S)
    with pytest.raises(BrokenBarrierError):
        waiting.outcome(number)


def test_the_others_wait_until_the_last_has_acted(parties: list[Peer]) -> None:
    first, second, last = parties
    numbers = [come(first, acts=True), come(second)]
    assert last.outcome(come(last, acts=True)) == [2, True]
    assert [numbers[0] in first.replies, numbers[1] in second.replies] == [False, False]
    last.call("barrier.pass_all", "start")
    assert first.outcome(numbers[0]) == [0, False]
    assert second.outcome(numbers[1]) == [1, False]


@pytest.mark.parametrize("is_known", [False, True])
def test_a_last_party_that_dies_before_it_has_acted_breaks_it(
    parties: list[Peer], is_known: bool
) -> None:
    first, _, last = parties
    number = come(first)
    come(first)
    come(last, acts=True)
    if is_known:
        last.ask("barrier.parties", "start", acknowledged=last.previous)
    last.die()
    with pytest.raises(BrokenBarrierError):
        first.outcome(number)


def test_a_last_party_that_gives_up_before_it_has_acted_is_waited_for_again(
    parties: list[Peer],
) -> None:
    first, second, last = parties
    numbers = [come(first), come(second)]
    last.cancel(come(last, acts=True))
    assert n_waiting(last) == 2
    with pytest.raises(BrokenBarrierError):
        last.call("barrier.pass_all", "start")
    assert last.outcome(come(last)) == [2, False]
    assert [first.outcome(numbers[0]), second.outcome(numbers[1])] == [[0, False], [1, False]]
    last.die()
    assert not is_broken(first)


def test_who_comes_while_one_acts_is_of_the_next_round(
    simulation: Simulation, parties: list[Peer]
) -> None:
    first, second, last = parties
    come(first)
    come(second)
    come(last, acts=True)
    early = party(simulation)
    numbers = [come(early), come(early)]
    assert n_waiting(early) == 2
    last.call("barrier.pass_all", "start")
    assert n_waiting(early) == 2
    assert last.outcome(come(last)) == [2, False]
    assert [early.outcome(each) for each in numbers] == [[0, False], [1, False]]


def test_only_who_was_told_to_act_lets_the_others_go(parties: list[Peer]) -> None:
    first, second, last = parties
    come(first)
    number = come(second)
    come(last, acts=True)
    with pytest.raises(BrokenBarrierError):
        first.call("barrier.pass_all", "start")
    assert number not in second.replies


@pytest.mark.parametrize("is_in_time", [True, False])
def test_a_last_party_at_the_deadline_comes_before_it_or_after_it(
    simulation: Simulation, parties: list[Peer], is_in_time: bool
) -> None:
    first, second, last = parties
    number = come(first, timeout=5.0)
    come(second)
    simulation.pass_time(4.999 if is_in_time else 5.0)
    last_number = come(last)
    simulation.pass_time(1.0)
    assert is_broken(last) is not is_in_time
    if is_in_time:
        assert [first.outcome(number), last.outcome(last_number)] == [[0, False], [2, False]]
        return
    for peer, asked in ((first, number), (last, last_number)):
        with pytest.raises(BrokenBarrierError):
            peer.outcome(asked)


def test_a_thousand_parties_are_a_thousand_list_entries(simulation: Simulation) -> None:
    before = threading.active_count()
    peer = simulation.peer("barrier.open", "many", 1001, None)
    numbers = [peer.ask("barrier.arrive", "many", None, False) for _ in range(1001)]
    assert threading.active_count() == before
    assert [peer.outcome(each)[0] for each in numbers] == list(range(1001))
