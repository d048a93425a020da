"""Condition audit on virtual time: whoever goes, and whenever, no consumer sleeps beside an item.

Consumers and producers share a number of items as everybody does with a condition: a consumer waits
until there is one, a producer adds one and notifies one. If a wake-up were lost, the lock would be
free, there would be an item, and somebody would sleep.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ..fixtures.simulation import GRACE_S, Peer, Simulation

CONSUMERS = 2
AGENT = 7
MEANWHILE = ["go_on_waiting", "give_up", "die", "lose_and_come_back"]

consumers = st.integers(0, CONSUMERS - 1)


class Consumer:
    """One process. `number` is the request that it waits for, if any; `leaves` that it gave up."""

    def __init__(self, simulation: Simulation) -> None:
        self.peer: Peer = simulation.peer()
        self.number: int | None = None
        self.sleeps = False
        self.leaves = False

    def ask(self, wire: str, *arguments: object) -> None:
        self.number = self.peer.ask(wire, "changed", *arguments, AGENT)
        self.sleeps = wire == "condition.wait"


class ConditionUnderFaults(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.simulation = Simulation()
        self.producer = self.simulation.peer("condition.open", "changed", None)
        self.consumers = [Consumer(self.simulation) for _ in range(CONSUMERS)]
        self.items = 0
        for index in range(CONSUMERS):
            self.go_on(index, None)

    @rule(index=consumers, timeout=st.none() | st.just(1.0))
    def go_on(self, index: int, timeout: float | None) -> None:
        """Take the lock; whoever has it takes an item, or waits for one."""
        consumer = self.consumers[index]
        if consumer.number is None:
            consumer.leaves = False
            consumer.ask("rlock.acquire", True, None)
        if consumer.number not in consumer.peer.replies:
            return
        consumer.peer.outcome(consumer.number)
        if not self.items and not consumer.leaves:
            consumer.ask("condition.wait", timeout)
            return
        self.items -= not consumer.leaves
        consumer.number = None
        consumer.peer.call("rlock.release", "changed", AGENT)

    @rule(items=st.integers(1, 2), index=consumers, meanwhile=st.sampled_from(MEANWHILE))
    def produce(self, items: int, index: int, meanwhile: str) -> None:
        """Add items one by one; something happens to a consumer before the lock is free again."""
        if not self.producer.call("rlock.acquire", "changed", False, None, AGENT):
            return
        for _ in range(items):
            self.items += 1
            self.producer.call("condition.notify", "changed", 1, AGENT)
        getattr(self, meanwhile)(index)
        self.producer.call("rlock.release", "changed", AGENT)

    def go_on_waiting(self, index: int) -> None:
        """Do nothing."""

    @rule(index=consumers)
    def give_up(self, index: int) -> None:
        consumer = self.consumers[index]
        if consumer.number is None or consumer.leaves:
            return
        consumer.peer.cancel(consumer.number)
        consumer.peer.replies.pop(consumer.number, None)
        if consumer.sleeps:
            consumer.leaves = True
            consumer.ask("condition.resume")
        else:
            consumer.number = None

    @rule(index=consumers)
    def lose_and_come_back(self, index: int) -> None:
        consumer = self.consumers[index]
        consumer.peer.lose()
        consumer.peer = consumer.peer.connect_again()
        if consumer.number is not None:
            consumer.peer.ask_again(consumer.number)

    @rule(index=consumers)
    def die(self, index: int) -> None:
        self.consumers[index].peer.die()
        self.consumers[index] = Consumer(self.simulation)

    @rule(seconds=st.sampled_from([0.5, 1.0]))
    def pass_time(self, seconds: float) -> None:
        self.simulation.pass_time(seconds)

    @invariant()
    def no_consumer_sleeps_beside_an_item(self) -> None:
        if self.items and not self.producer.call("rlock.locked", "changed"):
            assert not [each for each in self.consumers if each.peer.lane.waiters]

    @invariant()
    def somebody_has_the_lock_that_is_waited_for(self) -> None:
        has_it = [
            each for each in self.consumers if each.number and each.number in each.peer.replies
        ]
        assert len(has_it) == self.producer.call("rlock.locked", "changed")

    def teardown(self) -> None:
        for consumer in self.consumers:
            consumer.peer.die()
        self.simulation.pass_time(GRACE_S)
        assert not self.producer.call("rlock.locked", "changed")
        assert not self.simulation.service.deadlines.next()


TestConditionUnderFaults = ConditionUnderFaults.TestCase
TestConditionUnderFaults.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None
)
