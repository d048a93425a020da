"""Waits on a condition that a signal ends: the lock is held again when its exception arrives."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import FrameType

import pytest

import shared_state

from ..fixtures.watching import until


@pytest.fixture(params=[KeyboardInterrupt, TimeoutError])
def raised(request: pytest.FixtureRequest) -> Iterator[type[BaseException]]:
    """What the handler of SIGALRM raises."""
    error: type[BaseException] = request.param

    def handle(number: int, frame: FrameType | None) -> None:
        raise error

    before = signal.signal(signal.SIGALRM, handle)
    yield error
    signal.signal(signal.SIGALRM, before)


def test_a_wait_that_a_signal_ends_has_the_lock_as_deep_as_before(
    client: shared_state.Client,
    other: shared_state.Client,
    threads: ThreadPoolExecutor,
    raised: type[BaseException],
) -> None:
    changed, theirs = client.condition("changed"), other.condition("changed")

    def ring() -> None:
        until(lambda: any(info.size for info in other.objects() if info.name == "changed"))
        theirs.acquire()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)
        until(lambda: any(info.waiters and not info.size for info in other.objects()))
        theirs.release()

    ringing = threads.submit(ring)
    with pytest.raises(raised), changed, changed:
        changed.wait()
    ringing.result()
    assert changed.locked() is False
