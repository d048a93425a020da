"""A call in the middle of another one, of the same thread: by a signal handler or a `__del__`."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Any

import pytest

import shared_state

from ..fixtures.servers import ProcessServer, ThreadServer
from ..fixtures.watching import LONG_S, until, waiting


@pytest.fixture(params=[True, False], ids=["near", "far"])
def client(request: pytest.FixtureRequest, server: ThreadServer) -> Iterator[shared_state.Client]:
    """A client over a Unix socket, or over TCP."""
    with server.connect(same_host=request.param) as opened:
        yield opened


@contextlib.contextmanager
def handling(
    handle: Callable[[], object], threads: ThreadPoolExecutor, condition: Callable[[], bool]
) -> Iterator[None]:
    """Have a signal call `handle` in this thread as soon as `condition` holds."""

    def ring() -> None:
        until(condition)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)

    before = signal.signal(signal.SIGALRM, lambda number, frame: handle())
    ringing = threads.submit(ring)
    try:
        yield
    finally:
        ringing.result()
        signal.signal(signal.SIGALRM, before)


def test_who_waits_for_an_event_is_woken_by_a_signal_handler_that_sets_it(
    client: shared_state.Client, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    stop = client.event("stop")
    with handling(stop.set, threads, lambda: waiting(other, "stop") == 1):
        assert stop.wait(LONG_S) is True


def test_an_item_that_a_signal_handler_puts_is_got_by_the_call_that_it_interrupted(
    client: shared_state.Client, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    jobs = client.queue("jobs")

    def handle() -> None:
        jobs.put_many(["first", "second"])
        assert jobs.qsize() == 1, "the one who waits has the other"

    with handling(handle, threads, lambda: waiting(other, "jobs") == 1):
        assert jobs.get(timeout=LONG_S) == "first"
    assert jobs.get() == "second"


def test_a_signal_handler_may_take_again_what_its_thread_has(
    client: shared_state.Client, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    guard, stop = client.rlock("guard"), client.event("stop")

    def handle() -> None:
        with guard:
            stop.set()

    with guard, handling(handle, threads, lambda: waiting(other, "stop") == 1):
        assert stop.wait(LONG_S) is True
    assert other.rlock("guard").acquire(blocking=False) is True


def test_a_signal_handler_in_a_call_of_a_signal_handler_may_call(
    client: shared_state.Client, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    outer, inner = client.event("outer"), client.event("inner")

    def handle() -> None:
        with handling(inner.set, threads, lambda: waiting(other, "inner") == 1):
            assert inner.wait(LONG_S) is True
        outer.set()

    with handling(handle, threads, lambda: waiting(other, "outer") == 1):
        assert outer.wait(LONG_S) is True


class Steps:
    """Counts the lines of the modules that make a call, and calls `act` at one of them.

    Not the bytecodes: since Python 3.12 it depends on what was traced before which are told of.
    """

    def __init__(self, at: int, act: Callable[[], object]) -> None:
        self.count = 0
        self._at = at
        self._act = act

    def __enter__(self) -> Steps:
        self._before = sys.gettrace()
        sys.settrace(self._enter)
        return self

    def __exit__(self, *exception: object) -> None:
        sys.settrace(self._before)

    def _enter(self, frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_globals["__name__"] not in {"shared_state.lane", "shared_state.link"}:
            return None
        return self._step

    def _step(self, frame: FrameType, event: str, argument: object) -> Any:
        if event == "line":
            self.count += 1
            if self.count == self._at:
                self._act()
        return self._step


@pytest.fixture
def impatient(server: ThreadServer) -> Iterator[shared_state.Client]:
    """A client that does not look for replies: that would be more steps at times than at others."""
    with server.connect(same_host=False, timeout=2.0, busy_poll=0) as opened:
        yield opened


def test_at_whatever_step_of_a_call_another_is_made_both_have_their_results(
    impatient: shared_state.Client, other: shared_state.Client
) -> None:
    jobs, theirs, hits = impatient.queue("jobs"), other.queue("jobs"), impatient.value("hits", "i")
    at, steps = 0, Steps(0, list)
    while at <= steps.count:
        at += 1
        theirs.put(at)
        with (steps := Steps(at, lambda: hits.add(1))):
            assert jobs.get() == at
    assert at > 20, "too little was tested"
    assert hits.get() == at - 1
    assert theirs.qsize() == 0


def test_at_whatever_step_of_a_batch_a_call_is_made_all_have_their_results(
    impatient: shared_state.Client, other: shared_state.Client
) -> None:
    jobs, theirs, hits = impatient.queue("jobs"), other.queue("jobs"), impatient.value("hits", "i")
    at, steps = 0, Steps(0, list)
    while at <= steps.count:
        at += 7
        theirs.put_many([at, -at])
        batch = impatient.batch()
        with batch:
            first, second = jobs.get(), jobs.get()
            steps = Steps(at, lambda: hits.add(1))
            steps.__enter__()
        steps.__exit__()
        assert [first.result(), second.result()] == [at, -at]
    assert hits.get() == at // 7 - 1
    assert theirs.qsize() == 0


def test_at_whatever_step_of_a_call_a_loop_is_left_the_call_has_its_result(
    server: ThreadServer, impatient: shared_state.Client
) -> None:
    shared, jobs = impatient.dict("d"), impatient.queue("jobs")
    shared.update((number, "x" * 1000) for number in range(1000))
    at, steps = 0, Steps(0, list)
    while at <= steps.count:
        at += 7
        pairs: Any = iter(shared.items())
        with (steps := Steps(at, pairs.close)):
            jobs.put(at)
        assert jobs.get() == at
        pairs.close()
    list(shared)  # now what could not be said is said
    impatient.ping()
    (session,) = server.look(lambda service: [*service.sessions.values()])
    assert len(session.cursors) == 0


def test_a_signal_handler_is_not_told_of_a_loss_of_which_its_thread_was(
    process_server: ProcessServer,
) -> None:
    with process_server.connect(same_host=False) as client:
        hits = client.value("hits", "i")
        with Steps(1, lambda: hits.add(1)):
            client.ping()
        process_server.kill()
        process_server.start()
        with pytest.raises(shared_state.StateLost):
            client.ping()
        with Steps(1, lambda: hits.add(1)):
            client.ping()
        assert hits.get() == 1
