"""Wake-ups of a condition, on virtual time: none is lost, whoever goes before it has the lock."""

from __future__ import annotations

import threading

import pytest

from shared_state_protocol.errors import ObjectNotFound

from ..fixtures.simulation import GRACE_S, Simulation

AGENT = 7


class Party:
    """A process and what its agent does with the condition ``changed``."""

    def __init__(self, simulation: Simulation, on: str) -> None:
        self.peer = simulation.peer(f"{on}.open", "guard")
        self.peer.call("condition.open", "changed", "guard")

    def take(self) -> None:
        assert self.peer.call("rlock.acquire", "changed", True, None, AGENT)

    def release(self) -> None:
        self.peer.call("rlock.release", "changed", AGENT)

    def wait(self, timeout: float | None = None) -> int:
        self.take()
        return self.peer.ask("condition.wait", "changed", timeout, AGENT)

    def resume(self) -> int:
        return self.peer.ask("condition.resume", "changed", AGENT)

    def notify(self, n: int = 1) -> None:
        self.peer.call("condition.notify", "changed", n, AGENT)

    def take_and_notify(self) -> None:
        self.take()
        self.notify()
        self.release()

    def is_woken(self, number: int) -> bool:
        return number in self.peer.replies

    def was_notified(self, number: int) -> bool:
        notified: bool
        notified, _ = self.peer.outcome(number)
        return notified


@pytest.fixture(params=["lock", "rlock"])
def parties(simulation: Simulation, request: pytest.FixtureRequest) -> list[Party]:
    """One that notifies, two that sleep, on each kind of lock."""
    return [Party(simulation, request.param) for _ in range(3)]


def test_a_sleeper_that_is_gone_is_not_counted(parties: list[Party]) -> None:
    changer, gone, sleeper = parties
    gone.wait()
    number = sleeper.wait()
    gone.peer.die()
    changer.take_and_notify()
    assert sleeper.was_notified(number)


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_notified_one_that_goes_before_it_has_the_lock_passes_its_wake_up_on(
    parties: list[Party], is_gone: bool
) -> None:
    changer, leaving, sleeper = parties
    cancelled, number = leaving.wait(), sleeper.wait()
    changer.take()
    changer.notify()
    leaving.peer.die() if is_gone else leaving.peer.cancel(cancelled)
    changer.release()
    assert sleeper.was_notified(number)


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_notified_one_that_goes_before_it_knows_passes_its_wake_up_and_the_lock_on(
    parties: list[Party], is_gone: bool
) -> None:
    changer, leaving, sleeper = parties
    cancelled, number = leaving.wait(), sleeper.wait()
    changer.take_and_notify()
    assert leaving.is_woken(cancelled)
    assert not sleeper.is_woken(number)
    leaving.peer.die() if is_gone else leaving.peer.cancel(cancelled)
    assert sleeper.was_notified(number)


@pytest.mark.parametrize("is_over", [False, True])
def test_one_that_was_not_notified_passes_nothing_on(
    simulation: Simulation, parties: list[Party], is_over: bool
) -> None:
    changer, leaving, sleeper = parties
    number, cancelled = sleeper.wait(), leaving.wait(5.0)
    changer.take()
    simulation.pass_time(5.0 if is_over else 4.0)
    leaving.peer.cancel(cancelled)
    changer.release()
    assert not sleeper.is_woken(number)
    assert changer.peer.call("rlock.locked", "changed") is False


def test_a_cancelled_wait_takes_the_lock_again_as_deep_as_it_was(simulation: Simulation) -> None:
    sleeper, other = Party(simulation, "rlock"), Party(simulation, "rlock")
    sleeper.take()
    sleeper.take()
    number = sleeper.wait()
    other.take()
    sleeper.peer.cancel(number)
    given_up = sleeper.resume()
    sleeper.peer.cancel(given_up)
    resumed = sleeper.resume()
    assert not sleeper.is_woken(resumed)
    other.release()
    assert sleeper.peer.holds(resumed)
    for _ in range(3):
        assert other.peer.call("rlock.locked", "changed") is True
        sleeper.release()
    assert other.peer.call("rlock.locked", "changed") is False


def test_a_wait_that_never_began_or_was_over_needs_no_lock(parties: list[Party]) -> None:
    changer, sleeper, _ = parties
    number = sleeper.wait()
    changer.take_and_notify()
    assert sleeper.was_notified(number)
    assert sleeper.peer.outcome(sleeper.resume()) is None
    sleeper.release()
    assert changer.peer.call("rlock.locked", "changed") is False


def given_up_for_good(sleeper: Party) -> None:
    """Have its wait be given up after its connection broke, and not be followed by `resume`."""
    number = sleeper.wait()
    sleeper.peer.lose()
    sleeper.peer = sleeper.peer.connect_again()
    sleeper.peer.cancel(number)


def test_who_has_taken_the_lock_again_does_not_wait_for_himself(parties: list[Party]) -> None:
    _, sleeper, _ = parties
    given_up_for_good(sleeper)
    sleeper.take()
    assert sleeper.peer.outcome(sleeper.resume()) is None
    sleeper.release()
    assert sleeper.peer.call("rlock.locked", "changed") is False
    assert sleeper.peer.outcome(sleeper.resume()) is None


def test_a_wait_that_was_given_up_does_not_give_the_lock_to_a_later_one(
    parties: list[Party],
) -> None:
    _, sleeper, _ = parties
    given_up_for_good(sleeper)
    refused = sleeper.peer.ask("condition.wait", "changed", None, AGENT)
    with pytest.raises(RuntimeError, match="un-acquired"):
        sleeper.peer.outcome(refused)
    assert sleeper.peer.outcome(sleeper.resume()) is None
    assert sleeper.peer.call("rlock.locked", "changed") is False


def test_what_is_notified_while_a_sleepers_connection_is_broken_wakes_it(
    parties: list[Party],
) -> None:
    changer, sleeper, _ = parties
    number = sleeper.wait()
    sleeper.peer.lose()
    changer.take_and_notify()
    sleeper.peer = sleeper.peer.connect_again()
    sleeper.peer.ask_again(number)
    assert sleeper.was_notified(number)
    sleeper.release()
    sleeper.take()


def test_one_that_was_notified_before_its_connection_broke_does_not_keep_the_wake_up(
    simulation: Simulation, parties: list[Party]
) -> None:
    changer, lost, sleeper = parties
    lost.wait()
    number = sleeper.wait()
    changer.take()
    changer.notify()
    lost.peer.lose()
    changer.release()
    assert sleeper.was_notified(number)
    simulation.pass_time(GRACE_S)
    sleeper.release()
    assert sleeper.peer.call("rlock.locked", "changed") is False


@pytest.mark.parametrize("is_in_time", [True, False])
def test_a_notify_at_the_deadline_comes_before_it_or_after_it(
    simulation: Simulation, parties: list[Party], is_in_time: bool
) -> None:
    changer, sleeper, other = parties
    number, later = sleeper.wait(5.0), other.wait()
    changer.take()
    simulation.pass_time(4.999 if is_in_time else 5.0)
    changer.notify()
    simulation.pass_time(1.0)
    changer.release()
    assert sleeper.was_notified(number) is is_in_time
    sleeper.release()
    assert other.is_woken(later) is not is_in_time


def test_the_lock_of_a_process_that_died_goes_to_who_was_notified(parties: list[Party]) -> None:
    changer, sleeper, _ = parties
    number = sleeper.wait()
    changer.take()
    changer.notify()
    changer.peer.die()
    assert sleeper.was_notified(number)


def test_whoever_is_at_a_condition_whose_lock_is_deleted_is_told(parties: list[Party]) -> None:
    """A lock that is made again under the old name would give its tokens a second time."""
    holder, sleeper, lost = parties
    sleeping, broken_off = sleeper.wait(), lost.wait()
    lost.peer.lose()
    lost.peer = lost.peer.connect_again()
    holder.take()
    entering = sleeper.peer.ask("rlock.acquire", "changed", True, None, AGENT + 1)
    holder.peer.call("state.delete", "", "guard")
    holder.peer.call("lock.open", "guard")
    for number in (sleeping, entering):
        with pytest.raises(ObjectNotFound, match="'guard' was deleted"):
            sleeper.peer.outcome(number)
    lost.peer.ask_again(broken_off)
    for call in (
        lambda: lost.peer.outcome(broken_off),
        lambda: lost.peer.outcome(lost.resume()),
        lost.take,
        holder.notify,
        holder.release,
    ):
        with pytest.raises(ObjectNotFound, match="lock of the condition 'changed'"):
            call()
    assert holder.peer.call("rlock.locked", "changed") is False


def test_a_thousand_sleepers_are_a_thousand_list_entries(simulation: Simulation) -> None:
    before = threading.active_count()
    changer, many = Party(simulation, "rlock"), simulation.peer()
    numbers: list[int] = []
    for agent in range(1000):
        many.call("rlock.acquire", "changed", True, None, agent)
        numbers.append(many.ask("condition.wait", "changed", None, agent))
    assert threading.active_count() == before
    assert len(many.lane.waiters) == 1000
    changer.take()
    changer.notify(999)
    changer.release()
    for agent, number in enumerate(numbers[:-1]):
        assert many.outcome(number)[0] is True
        assert numbers[agent + 1] not in many.replies
        many.call("rlock.release", "changed", agent)
    assert len(many.lane.waiters) == 1
