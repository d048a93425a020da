"""Batches: results in order, errors where they belong, and what a block must not do."""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import CodeType, FrameType
from typing import Any

import pytest

import shared_state
from shared_state.batch import Batch
from shared_state.lane import BATCH_BYTES, Lane
from shared_state_server.settings import MIN_FRAME_BYTES, Settings

from ..fixtures.servers import ThreadServer
from ..fixtures.watching import LONG_S


@pytest.fixture
def shared(client: shared_state.Client) -> shared_state.Dict[Any, Any]:
    return client.dict("d")


def test_results_stand_in_the_order_of_the_calls(
    client: shared_state.Client, shared: shared_state.Dict[str, int]
) -> None:
    items = client.list("l")
    with client.batch() as batch:
        shared["a"] = 1
        before = shared.pop("a")
        after = shared.get("a", -1)
        items.append("x")
        size = items.size()
        assert len(batch) == 5
    assert batch.results == [None, 1, -1, None, 1]
    assert (before.result(), after.result(), size.result()) == (1, -1, 1)  # type: ignore[attr-defined, union-attr]  # promises


def test_a_default_is_the_very_object_that_was_given(
    client: shared_state.Client, shared: shared_state.Dict[Any, Any]
) -> None:
    nothing = object()
    with client.batch() as batch:
        shared.get("a", nothing)
        shared.pop("a", nothing)
    assert all(each is nothing for each in batch.results)


def test_an_error_stands_in_the_place_of_the_call_that_failed(
    client: shared_state.Client, shared: shared_state.Dict[Any, Any]
) -> None:
    items = client.list("l")
    with client.batch() as batch:
        shared["a"] = 1
        missing: Any = shared.pop((1, "key"))
        wrong: Any = items.pop()
        shared["b"] = 2
    assert [type(each) for each in batch.results] == [type(None), KeyError, IndexError, type(None)]
    with pytest.raises(KeyError) as caught:
        missing.result()
    assert caught.value.args == ((1, "key"),)
    with pytest.raises(IndexError):
        wrong.result()
    assert shared == {"a": 1, "b": 2}


def test_calls_of_all_kinds_are_carried_out_in_their_order(client: shared_state.Client) -> None:
    """What takes or waits for something travels by itself, between the others."""
    shared, jobs, guard = client.dict("d"), client.queue("jobs"), client.lock("guard")
    with client.batch() as batch:
        shared["a"] = 1
        jobs.put("job")
        shared.pop("a")
        jobs.get_nowait()
        jobs.get_nowait()
        shared.pop("a")
        guard.acquire()
        shared.get("a", "none")
    assert batch.results[:4] == [None, None, 1, "job"]
    assert [type(each) for each in batch.results[4:6]] == [queue.Empty, KeyError]
    assert batch.results[6]
    assert batch.results[7] == "none"


def test_what_fails_for_all_is_an_exception_of_each(
    client: shared_state.Client,
    shared: shared_state.Dict[Any, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lost(*_: object) -> None:
        raise shared_state.StateLost("the server was lost")

    monkeypatch.setattr(Lane, "exchange", lost)
    with client.batch() as batch:
        for number in range(3):
            shared[number] = number
    assert [type(each) for each in batch.results] == [shared_state.StateLost] * 3
    assert len({id(each) for each in batch.results}) == 3
    assert {str(each) for each in batch.results} == {"the server was lost"}


class Failing:
    """Has a method of lanes raise an error, from its second call on."""

    def __init__(self, patch: pytest.MonkeyPatch, name: str, error: BaseException) -> None:
        self._original: Callable[..., Any] = getattr(Lane, name)
        self._error = error
        self._calls = 0
        call = self._call

        def failing(*arguments: Any) -> Any:  # a function, for it becomes a method
            return call(*arguments)

        patch.setattr(Lane, name, failing)

    def _call(self, *arguments: Any) -> Any:
        self._calls += 1
        if self._calls > 1:
            raise self._error
        return self._original(*arguments)


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        (ConnectionResetError("the network is away"), ConnectionResetError),
        (KeyboardInterrupt(), shared_state.OutcomeUnknown),
    ],
    ids=["error", "signal"],
)
def test_what_arrived_before_a_part_failed_is_told(
    client: shared_state.Client,
    monkeypatch: pytest.MonkeyPatch,
    ending: BaseException,
    told: type[Exception],
) -> None:
    shared, jobs = client.dict("d"), client.queue("jobs")
    jobs.put("precious")

    def block() -> None:
        with batch:
            promises.extend([shared.set("a", 1), jobs.get(), shared.set("b", 2), jobs.get()])

    with monkeypatch.context() as patch:
        Failing(patch, "exchange", ending)
        batch, promises = client.batch(), list[Any]()
        with pytest.raises(type(ending)):
            block()
    assert [each.result() for each in promises[:2]] == [None, "precious"]
    for each in promises[2:]:
        with pytest.raises(told):
            each.result()
    assert batch.results[:2] == [None, "precious"]
    assert [type(each) for each in batch.results[2:]] == [told, told]
    assert shared == {"a": 1}


def test_what_a_part_of_a_run_has_brought_is_told_or_goes_back(
    client: shared_state.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second part tells the server that the replies to the first have arrived."""
    jobs, results = client.queue("jobs"), client.queue("results")
    jobs.put_many(["first", "second"])

    def block() -> None:
        with batch:
            promises.append(jobs.get())
            promises.extend(results.put("x" * BATCH_BYTES) for _ in range(2))
            promises.append(jobs.get())

    with monkeypatch.context() as patch:
        Failing(patch, "_insist", ConnectionResetError("the network is away"))
        batch, promises = client.batch(), list[Any]()
        with pytest.raises(ConnectionResetError):
            block()
    assert promises[0].result() == "first"
    assert [type(each) for each in batch.results[1:]] == [ConnectionResetError] * 3
    assert jobs.get_nowait() == "second"
    assert jobs.empty()


def test_an_object_of_another_type_is_an_error_of_its_accessor(
    client: shared_state.Client, shared: shared_state.Dict[Any, Any]
) -> None:
    with client.batch() as batch:
        client.list("d")
        shared["a"] = 1
    assert isinstance(batch.results[0], shared_state.TypeMismatch)
    assert shared == {"a": 1}


def test_a_value_that_cannot_be_read_here_spoils_no_other(settings: Settings) -> None:
    server = ThreadServer(replace(settings, allow_pickle=True)).start()
    with server.connect(pickle=True) as writer:
        writer.dict("d").update({"pickled": object, "plain": 1})
    with server.connect() as reader:
        shared = reader.dict("d")
        with reader.batch() as batch:
            unreadable: Any = shared.get("pickled")
            shared.get("plain")
    server.stop()
    with pytest.raises(shared_state.DecodingError):
        unreadable.result()
    assert isinstance(batch.results[0], shared_state.DecodingError)
    assert batch.results[1] == 1


def test_what_is_done_to_a_value_after_the_call_is_not_part_of_it(
    client: shared_state.Client, shared: shared_state.Dict[Any, Any]
) -> None:
    row: list[int] = []
    with client.batch():
        for number in range(3):
            row.append(number)
            shared[number] = row
    assert shared == {0: [0], 1: [0, 1], 2: [0, 1, 2]}


def test_a_promise_is_neither_true_nor_false(
    client: shared_state.Client, shared: shared_state.Dict[Any, Any]
) -> None:
    with client.batch():
        with pytest.raises(TypeError, match="result"):
            _ = "a" in shared
        with pytest.raises(RuntimeError, match="left"):
            shared.size().result()  # type: ignore[attr-defined]  # a promise


@pytest.mark.parametrize("reading", [list, reversed, lambda shared: shared.copy()])
def test_what_is_read_in_portions_belongs_outside(
    client: shared_state.Client, shared: shared_state.Dict[Any, Any], reading: Any
) -> None:
    with client.batch(), pytest.raises(RuntimeError, match="outside the batch"):
        reading(shared)


def test_a_loop_that_began_before_goes_on_inside(client: shared_state.Client) -> None:
    source, target = client.dict("source"), client.list("target")
    source.update((number, "x" * 1000) for number in range(1000))
    numbers = iter(source.items())
    with client.batch() as batch:
        for number, _ in numbers:
            target.append(number)
    assert len(batch.results) == 1000
    assert target == list(range(1000))


def test_a_loop_that_is_left_inside_adds_no_result(client: shared_state.Client) -> None:
    shared = client.dict("source")
    shared.update((number, "x" * 1000) for number in range(1000))
    pairs = iter(shared.items())
    with client.batch() as batch:
        del pairs
        shared["a"] = 1
    assert batch.results == [None]


def test_what_an_object_is_is_not_known_in_a_batch_and_known_after_it(
    client: shared_state.Client,
) -> None:
    """It is asked for by an attribute or by `len`, and some of it is kept."""
    numbers, rate = client.array("numbers", "i", 3), client.value("rate", "d")
    jobs, start = client.queue("jobs", 5), client.barrier("start", 2)
    questions: list[Callable[[], object]] = [
        lambda: len(numbers),
        lambda: numbers.typecode,
        lambda: numbers[:],
        lambda: rate.typecode,
        lambda: jobs.maxsize,
        lambda: start.parties,
        lambda: start.broken,
    ]
    with client.batch():
        for question in questions:
            with pytest.raises(RuntimeError, match="outside"):
                question()
    assert [question() for question in questions] == [3, "i", [0, 0, 0], "d", 5, 2, False]


def test_batches_do_not_nest(client: shared_state.Client) -> None:
    with client.batch() as batch:
        client.dict("d").set("a", 1)
        with pytest.raises(RuntimeError, match="in a batch already"), client.batch():
            pytest.fail("a batch in a batch was begun")
        client.dict("d").set("b", 2)
    assert len(batch.results) == 4  # and the outer one went on as if nothing had been


def test_a_batch_has_one_block(client: shared_state.Client) -> None:
    items = client.list("l")
    with client.batch() as batch:
        items.append(1)
    with pytest.raises(RuntimeError, match="make another"), batch:
        pytest.fail("a batch was begun again")
    items.append(2)
    assert items == [1, 2]


def test_a_batch_is_of_one_thread(client: shared_state.Client) -> None:
    found: list[Any] = []
    items = client.list("l")
    with client.batch() as batch:
        items.append(1)
        thread = threading.Thread(target=lambda: found.append(items.size()))
        thread.start()
        thread.join()
    assert found == [0]
    assert batch.results == [None]


def test_a_batch_is_of_the_thread_that_enters_it(client: shared_state.Client) -> None:
    items, batch = client.list("l"), client.batch()

    def block() -> None:
        with batch:
            items.append(1)
            begun.set()
            goes_on.wait(LONG_S)

    begun, goes_on = threading.Event(), threading.Event()
    thread = threading.Thread(target=block)
    thread.start()
    assert begun.wait(LONG_S)
    items.append(2)
    assert items == [2]
    goes_on.set()
    thread.join()
    assert items == [2, 1]


class Interrupted(BaseException):
    """What signal handlers raise."""


@contextlib.contextmanager
def interrupted_in(entered: CodeType) -> Iterator[None]:
    """Raise as a function is entered, before its first line: there signals are looked for, too."""

    def trace(frame: FrameType, event: str, argument: object) -> None:
        if frame.f_code is entered:
            sys.settrace(before)
            raise Interrupted

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


def interrupted_leaving(client: shared_state.Client) -> tuple[shared_state.Batch, Interrupted]:
    """Have a batch whose block was left, and that has never learned it."""
    with pytest.raises(Interrupted) as caught, interrupted_in(Batch._leave.__code__):  # noqa: SIM117  # the inner one is left first
        with client.batch() as batch:
            client.dict("d").set("a", 1)
    return batch, caught.value


def test_a_thread_is_in_no_batch_whose_end_was_interrupted(
    client: shared_state.Client, shared: shared_state.Dict[Any, Any]
) -> None:
    batch, raised = interrupted_leaving(client)
    shared["b"] = 2
    assert shared == {"b": 2}
    assert raised.__traceback__ is not None, "it has the frame in which it was raised"
    assert batch.results == []


def test_the_next_batch_begins_after_one_whose_end_was_interrupted(
    client: shared_state.Client, shared: shared_state.Dict[Any, Any]
) -> None:
    left = interrupted_leaving(client)
    with client.batch() as batch:
        shared["b"] = 2
    assert batch.results == [None]
    assert shared == {"b": 2}
    del left


def test_a_batch_may_be_entered_by_a_stack(
    client: shared_state.Client, shared: shared_state.Dict[Any, Any]
) -> None:
    with contextlib.ExitStack() as stack:
        batch = stack.enter_context(client.batch())
        shared["a"] = 1
        assert len(batch) == 1
    assert batch.results == [None]


def test_a_lock_is_not_entered_inside_a_batch(client: shared_state.Client) -> None:
    lock = client.lock("l")
    with pytest.raises(RuntimeError, match="batch"), client.batch(), lock:
        pytest.fail("entered without waiting")
    assert not lock.locked()


def test_a_batch_of_many_long_names_is_no_larger_than_the_server_reads(settings: Settings) -> None:
    server = ThreadServer(replace(settings, max_frame_bytes=MIN_FRAME_BYTES)).start()
    with server.connect() as client:
        counters = [client.dict(f"{number:0200}") for number in range(1000)]
        value = bytes(MIN_FRAME_BYTES // 1000 - 100)  # the names are what is too much
        with client.batch() as batch:
            for counter in counters:
                counter.set("a", value)
            for counter in counters:
                counter.get("a")
        assert batch.results == [None] * 1000 + [value] * 1000
    server.stop()


class Regret(Exception):
    """Ends a block that was to be sent."""


@pytest.fixture
def held(client: shared_state.Client) -> shared_state.Lock:
    lock = client.lock("guard")
    lock.acquire()
    return lock


def test_a_release_that_is_not_sent_leaves_the_lock_with_its_grant(
    client: shared_state.Client, held: shared_state.Lock
) -> None:
    grant = held.grant

    def block() -> None:
        with client.batch():
            held.release()
            raise Regret

    with pytest.raises(Regret):
        block()
    assert held.locked()
    assert held.grant is grant is not None
    held.release()
    assert not held.locked()


def test_a_release_that_nobody_knows_of_leaves_the_grant(
    client: shared_state.Client, held: shared_state.Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant = held.grant

    def fail(*_: object) -> None:
        raise ConnectionResetError("the network is away")

    with monkeypatch.context() as patch:
        patch.setattr(Lane, "exchange", fail)
        with pytest.raises(ConnectionResetError), client.batch():
            held.release()
    assert held.grant is grant is not None


def test_a_release_in_a_batch_that_was_lost_leaves_no_grant(
    client: shared_state.Client, other: shared_state.Client, held: shared_state.Lock
) -> None:
    with client.batch() as batch:
        held.release()
        other.lock("guard").release()
    assert [type(each) for each in batch.results] == [shared_state.StaleFence]
    assert held.grant is None


def test_a_release_in_a_batch_is_of_the_grant_until_then_and_not_of_the_next(
    client: shared_state.Client, held: shared_state.Lock
) -> None:
    with client.batch() as batch:
        held.release()
        held.acquire()
        held.release()
    assert batch.results == [None, True, None]
    assert not held.locked()
    assert held.grant is None
