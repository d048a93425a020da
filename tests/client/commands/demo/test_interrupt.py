"""Signals are noted, and heard where the demo looks."""

from __future__ import annotations

import signal

import pytest

from shared_state.commands.demo.interrupt import SIGNALS, Interrupted, interruptible


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_heard_at_the_next_step(number: signal.Signals) -> None:
    with interruptible() as note:
        note.check()
        signal.raise_signal(number)
        with pytest.raises(Interrupted, match=number.name) as interrupted:
            note.check()
    assert interrupted.value.signal_number == number


def test_handlers_are_given_back() -> None:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    with interruptible() as note:
        assert {signal.getsignal(number) for number in SIGNALS} == {note.take}
    assert {number: signal.getsignal(number) for number in SIGNALS} == before
