"""Python 3.13's `queue.Queue.shutdown`, on every Python: each test runs on the real one, too."""

from __future__ import annotations

import queue
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from shared_state import ShutDown

from ..fixtures.clients import Either
from ..fixtures.servers import ThreadServer
from ..fixtures.watching import LONG_S, until, waiting

HAS_SHUTDOWN = hasattr(queue.Queue, "shutdown")

since_3_13 = pytest.mark.skipif(not HAS_SHUTDOWN, reason="queue.Queue.shutdown came with 3.13")


class Jobs:
    """A queue, ours or the standard library's, and whoever waits at it in other threads."""

    def __init__(
        self, subject: Any, threads: ThreadPoolExecutor, count: Callable[[], int | None]
    ) -> None:
        self.subject = subject
        self._threads = threads
        self._count = count
        self._waiters = 0

    def start(self, call: str, *arguments: Any) -> Future[Any]:
        """Call a method that will have to wait, in a thread, and return once it does."""
        future = self._threads.submit(getattr(self.subject, call), *arguments)
        self._waiters += 1
        until(lambda: self._count() == self._waiters)
        return future


def _waiting_at(plain: queue.Queue[Any]) -> int:
    conditions: list[Any] = [plain.not_empty, plain.not_full, plain.all_tasks_done]
    return sum(len(condition._waiters) for condition in conditions)


@pytest.fixture(params=["ours", pytest.param("standard library's", marks=since_3_13)])
def jobs(request: pytest.FixtureRequest, server: ThreadServer, threads: ThreadPoolExecutor) -> Any:
    """A queue with room for two."""
    if request.param == "ours":
        with server.connect() as client, server.connect() as watcher:
            yield Jobs(client.queue("jobs", maxsize=2), threads, lambda: waiting(watcher, "jobs"))
    else:
        plain: queue.Queue[Any] = queue.Queue(maxsize=2)
        yield Jobs(plain, threads, lambda: _waiting_at(plain))


def test_nothing_goes_in_any_more_and_what_is_in_comes_out(jobs: Jobs) -> None:
    jobs.subject.put("one")
    jobs.subject.shutdown()
    for put in (jobs.subject.put, jobs.subject.put_nowait):
        with pytest.raises(ShutDown):
            put("two")
    assert jobs.subject.get() == "one"
    for get in (jobs.subject.get, jobs.subject.get_nowait):
        with pytest.raises(ShutDown):
            get()


def test_it_says_what_has_happened(either: Either) -> None:
    jobs = either.queue("jobs", maxsize=1)
    jobs.shutdown()
    for call in (lambda: jobs.put("one"), jobs.get, jobs.get_nowait):
        with pytest.raises(ShutDown, match=r"^the queue was shut down$"):
            call()


def test_a_shutdown_comes_before_every_other_reason(jobs: Jobs) -> None:
    jobs.subject.shutdown()
    with pytest.raises(ShutDown):
        jobs.subject.put("one", timeout=-1)
    with pytest.raises(ShutDown):
        jobs.subject.get(timeout=-1)


def test_who_waits_for_an_item_is_told(jobs: Jobs) -> None:
    getting = [jobs.start("get"), jobs.start("get", True, LONG_S)]
    jobs.subject.shutdown()
    for each in getting:
        with pytest.raises(ShutDown):
            each.result(LONG_S)


def test_who_waits_for_room_is_told(jobs: Jobs) -> None:
    jobs.subject.put("one")
    jobs.subject.put("two")
    putting = jobs.start("put", "three")
    jobs.subject.shutdown()
    with pytest.raises(ShutDown):
        putting.result(LONG_S)
    assert [jobs.subject.get(), jobs.subject.get()] == ["one", "two"]
    with pytest.raises(ShutDown):
        jobs.subject.get()


def test_who_joins_waits_until_what_was_in_is_done(jobs: Jobs) -> None:
    jobs.subject.put("one")
    joining = jobs.start("join")
    jobs.subject.shutdown()
    jobs.subject.get()
    assert not joining.done()
    jobs.subject.task_done()
    joining.result(LONG_S)


def test_an_immediate_one_drops_what_is_in_and_counts_it_as_done(jobs: Jobs) -> None:
    jobs.subject.put("taken")
    jobs.subject.get()
    jobs.subject.put("dropped")
    joining = jobs.start("join")
    jobs.subject.shutdown(immediate=True)
    assert jobs.subject.qsize() == 0
    with pytest.raises(ShutDown):
        jobs.subject.get()
    assert not joining.done()
    jobs.subject.task_done()
    joining.result(LONG_S)
    with pytest.raises(ValueError, match="too many times"):
        jobs.subject.task_done()


def test_an_immediate_one_lets_go_whoever_joins(jobs: Jobs) -> None:
    jobs.subject.put("dropped")
    joining = jobs.start("join")
    jobs.subject.shutdown(immediate=True)
    joining.result(LONG_S)


def test_an_immediate_one_may_follow(jobs: Jobs) -> None:
    jobs.subject.put("one")
    jobs.subject.shutdown()
    jobs.subject.shutdown(immediate=True)
    with pytest.raises(ShutDown):
        jobs.subject.get()
