"""Blocking calls that something interrupts: Ctrl-C, or any exception of a signal handler.

An interrupted call has had no effect, and the next one on the same thread gets its own reply.
"""

from __future__ import annotations

import contextlib
import inspect
import random
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any

import pytest

import shared_state
from shared_state import lane
from shared_state.lane import Lane

from ..fixtures.breaking import reset
from ..fixtures.children import Children
from ..fixtures.servers import ThreadServer
from ..fixtures.watching import LONG_S, until, waiting


class Interrupted(BaseException):
    """What the signal handlers of most of these tests raise."""


def get_until_interrupted(state: shared_state.Client, parent: Connection) -> None:
    """Wait for an item, hear Ctrl-C, and go on with the next calls."""
    jobs = state.queue("jobs")
    jobs.put("first")
    assert jobs.get() == "first"
    try:
        jobs.get()
    except KeyboardInterrupt:
        parent.send("interrupted")
    assert parent.recv() == "go on"
    parent.send((jobs.qsize(), jobs.get(), state.lock("mine").owner()))


def test_ctrl_c_ends_a_wait_and_nothing_else(
    server: ThreadServer, client: shared_state.Client, children: Children
) -> None:
    child = children(get_until_interrupted, server)
    until(lambda: bool(client.objects()) and waiting(client, "jobs") == 1)
    child.interrupt()
    assert child.hear() == "interrupted"
    until(lambda: waiting(client, "jobs") == 0)
    client.queue("jobs").put("second")
    child.tell("go on")
    assert child.hear() == (1, "second", None)
    child.end()


def test_an_interrupted_acquire_holds_nothing(
    client: shared_state.Client, other: shared_state.Client, alarm: Alarm
) -> None:
    mine, leader = client.lock("mine"), client.lock("leader")
    mine.acquire()
    other.lock("leader").acquire()
    with pytest.raises(Interrupted), alarm.when(lambda: waiting(other, "leader") == 1):
        leader.acquire()
    until(lambda: waiting(other, "leader") == 0)
    other.lock("leader").release()
    assert leader.locked() is False
    assert mine.locked() is True, "the process has not ended, and its session has not"
    assert leader.acquire(timeout=LONG_S) is True


class Alarm:
    """Sends this process a signal, whose handler raises `error` in the main thread."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self.error: type[BaseException] = Interrupted
        self._threads = threads

    def when(self, condition: Callable[[], bool]) -> _Ringing:
        """Return a block in which it rings as soon as `condition` holds."""
        return _Ringing(self._threads, condition)


class _Ringing:
    def __init__(self, threads: ThreadPoolExecutor, condition: Callable[[], bool]) -> None:
        self._threads = threads
        self._condition = condition

    def __enter__(self) -> None:
        self._done = self._threads.submit(self._ring)

    def __exit__(self, *exception: object) -> None:
        self._done.result()

    def _ring(self) -> None:
        until(self._condition)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)


@pytest.fixture
def alarm(threads: ThreadPoolExecutor) -> Iterator[Alarm]:
    made = Alarm(threads)

    def raise_it(number: int, frame: FrameType | None) -> None:
        raise made.error

    before = signal.signal(signal.SIGALRM, raise_it)
    yield made
    signal.signal(signal.SIGALRM, before)


def test_a_timeout_of_the_callers_own_reaches_the_caller(
    client: shared_state.Client, other: shared_state.Client, alarm: Alarm
) -> None:
    """`TimeoutError` is what many handlers raise, and it is an `OSError`, as those of sockets."""
    jobs = client.queue("jobs")
    alarm.error = TimeoutError
    with pytest.raises(TimeoutError), alarm.when(lambda: waiting(other, "jobs") == 1):
        jobs.get()
    until(lambda: waiting(other, "jobs") == 0)
    jobs.put("item")
    assert jobs.get() == "item"


# At any moment


def _line_of(function: Callable[..., Any], text: str) -> int:
    lines, first = inspect.getsourcelines(function)
    return first + next(at for at, line in enumerate(lines) if text in line)


_CONFIRMS = _line_of(Lane.exchange, "self._accept(")


def _is_waiting(frame: FrameType | None) -> bool:
    """Return whether a call is at work that has not said yet that its item arrived.

    One that has may lose it, as one that has just returned: Python cannot tell the two apart. What
    measures coverage is left alone: it has a lock that it would never give back.
    """
    if frame is None or not frame.f_globals["__name__"].startswith("shared_state"):
        return False
    while frame is not None and frame.f_code is not Lane.exchange.__code__:
        frame = frame.f_back
    return frame is not None and frame.f_lineno < _CONFIRMS


@contextlib.contextmanager
def _interrupted_after(seconds: float) -> Iterator[None]:
    def raise_it(number: int, frame: FrameType | None) -> None:
        if _is_waiting(frame):
            raise Interrupted

    before = signal.signal(signal.SIGALRM, raise_it)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_whenever_a_get_is_interrupted_its_item_is_in_the_queue_or_with_the_caller(
    server: ThreadServer, client: shared_state.Client, other: shared_state.Client
) -> None:
    rounds, chance = 500, random.Random(1)
    jobs, theirs = client.queue("jobs"), other.queue("jobs")
    got, interrupted = [], 0
    for item in range(rounds):
        theirs.put(item)
        try:
            with _interrupted_after(chance.uniform(5e-6, 100e-6)):
                got.append(jobs.get())
        except Interrupted:
            interrupted += 1
    assert interrupted, "nothing was tested"
    until(lambda: theirs.qsize() == interrupted)
    assert sorted(got + theirs.get_many(interrupted)) == list(range(rounds))


# In the middle of a frame


class Socket:
    """A socket whose calls are interrupted when they have done a part of their work."""

    def __init__(self, real: socket.socket) -> None:
        self._real = real
        self.writes_at_most = self.reads_at_most = 1 << 30

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def sendall(self, data: bytes, flags: int = 0) -> None:
        self._real.sendall(data[: self.writes_at_most])
        if self.writes_at_most < 1 << 30:
            raise Interrupted

    def recv_into(self, buffer: bytearray) -> int:
        if self.reads_at_most == 1 << 30:
            return self._real.recv_into(buffer)
        self._real.recv_into(memoryview(buffer)[: self.reads_at_most])
        raise Interrupted


@pytest.fixture
def cut(client: shared_state.Client) -> Socket:
    """The socket that this thread's calls to `client` go through."""
    lane = client._lane()
    socket: Any = Socket(lane._opened)
    lane._opened = lane._socket = socket
    made: Socket = socket
    return made


@pytest.mark.parametrize("written", [0, 3, 20, 1 << 20], ids=["none", "head", "half", "all"])
def test_an_interrupted_write_leaves_the_next_call_right_and_the_session_alive(
    client: shared_state.Client, other: shared_state.Client, cut: Socket, written: int
) -> None:
    mine, jobs = client.lock("mine"), client.queue("jobs")
    mine.acquire()
    cut.writes_at_most = written
    with pytest.raises(Interrupted):
        jobs.get()
    assert other.lock("mine").locked() is True
    assert jobs.qsize() == 0
    other.queue("jobs").put("item")
    assert jobs.get_nowait() == "item"
    assert mine.locked() is True
    mine.release()


@pytest.mark.parametrize("read", [1, 4, 100, 1 << 20], ids=["head", "length", "half", "all"])
def test_an_interrupted_read_leaves_the_next_call_right_and_the_item_in_its_place(
    client: shared_state.Client, other: shared_state.Client, cut: Socket, read: int
) -> None:
    mine, jobs = client.lock("mine"), client.queue("jobs")
    mine.acquire()
    other.queue("jobs").put_many(["x" * 200_000, "second"])  # `client` shares no memory yet
    cut.reads_at_most = read
    with pytest.raises(Interrupted):
        jobs.get()
    assert mine.locked() is True
    assert [len(item) for item in jobs.get_many(2)] == [200_000, len("second")]
    until(other.queue("jobs").empty)


# During an outage


@pytest.fixture
def held(server: ThreadServer) -> Iterator[shared_state.Lock]:
    """A lock that is held by a client whose connection has just broken."""
    with server.connect(same_host=False) as connected:
        leader = connected.lock("leader")
        leader.acquire()
        reset(connected._lane()._opened)
        connected._lane()._opened.close()
        yield leader


@pytest.mark.parametrize(
    ("ending", "is_locked"), [(Interrupted, False), (TimeoutError, True)], ids=["signal", "error"]
)
def test_a_release_in_an_outage_is_made_up_for_if_its_caller_was_given_no_error(
    held: shared_state.Lock,
    other: shared_state.Client,
    monkeypatch: pytest.MonkeyPatch,
    ending: type[BaseException],
    is_locked: bool,
) -> None:
    def redial(*args: Any) -> Any:
        raise ending

    with monkeypatch.context() as patch:
        patch.setattr(lane, "redial", redial)
        with pytest.raises(ending):
            held.release()
    assert other.lock("leader").locked() is True
    held.client.ping()
    assert other.lock("leader").locked() is is_locked
