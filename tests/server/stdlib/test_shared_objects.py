"""Clients of the standard library at ``serve --allow-stdlib-clients``: objects by their names."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import AuthenticationError, managers
from multiprocessing.managers import BaseManager, RemoteError
from typing import Any

import pytest

import shared_state
from shared_state_server.memory.list import MAX_REPEATED_ITEMS

from ...fixtures.watching import LONG_S, until, waiting

KEY = "a key for clients of all kinds"
SHARED = (
    "config=dict items=list names=set ns=namespace jobs=queue stack=lifo_queue"
    " ranked=priority_queue lock=lock rlock=rlock permits=semaphore bounded=bounded_semaphore"
    " done=event ready=condition"
)
theirs: Any = managers
PROXYTYPES = {"config": theirs.DictProxy, "ns": theirs.NamespaceProxy}


class Manager(BaseManager):
    """What any client has: the names, and nothing that makes the objects."""


for _pair in SHARED.split():
    _name = _pair.partition("=")[0]
    Manager.register(_name, proxytype=PROXYTYPES.get(_name))
Manager.register("missing")


@shared_state.register
@dataclass(order=True, frozen=True)
class Ours:
    """A class that only our clients know."""

    number: int


class Unknown:
    """A class that nobody has allowed."""


def serve(*options: str) -> tuple[subprocess.Popen[str], int]:
    """Run ``serve``; return its process and its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "shared_state_server", "serve", "--port", "0", *options],
        env={**os.environ, "SHARED_STATE_AUTHKEY": KEY},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline().rpartition(":")[2])


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    shares = [argument for pair in SHARED.split() for argument in ("--share", pair)]
    process, port = serve("--allow-stdlib-clients", *shares)
    with process:
        yield port
        process.terminate()


@pytest.fixture
def manager(port: int) -> Any:
    """A manager of the standard library that has connected."""
    made = Manager(("127.0.0.1", port), KEY.encode())
    made.connect()
    return made


def test_a_dict_is_the_one_that_our_clients_see(manager: Any, port: int) -> None:
    config = manager.config()
    config.update({"a": (1, 2)}, b=[3])
    config["c"] = None
    assert config.copy() == {"a": (1, 2), "b": [3], "c": None}
    assert (len(config), "a" in config, config.get("x", 5), config.pop("b")) == (3, True, 5, [3])
    assert str(config) == "{'a': (1, 2), 'c': None}"
    with shared_state.connect(("127.0.0.1", port), authkey=KEY.encode()) as state:
        assert state.dict("config") == {"a": (1, 2), "c": None}
    with pytest.raises(KeyError, match="missing"):
        config["missing"]
    with pytest.raises(TypeError, match="cannot send"):
        config["x"] = object()


def test_a_list_a_set_and_a_namespace(manager: Any) -> None:
    items, names, namespace = manager.items(), manager.names(), manager.ns()
    items.extend([3, 1, 2])
    items.sort()
    assert (items.__getitem__(slice(None)), items.pop(), items.__len__()) == ([1, 2, 3], 3, 2)
    names.update(["a", "b"])
    assert (names.__contains__("a"), names.copy()) == (True, {"a", "b"})
    namespace.rate = 10
    assert (namespace.rate, str(namespace)) == (10, "Namespace(rate=10)")


def test_a_product_of_a_list_has_the_limits_of_a_repeated_one(manager: Any) -> None:
    items = manager.items()
    before = items.copy()
    items.append(1)
    assert items.__mul__(2) == [*before, 1, *before, 1]
    for times in (MAX_REPEATED_ITEMS + 1, 10**18):
        with pytest.raises(ValueError, match="MAX_REPEATED_ITEMS"):
            items.__mul__(times)
    items.pop()
    assert items.copy() == before


@pytest.mark.parametrize(
    ("name", "order"), [("jobs", [2, 1, 3]), ("stack", [3, 1, 2]), ("ranked", [1, 2, 3])]
)
def test_queues_each_in_its_order(manager: Any, name: str, order: list[int]) -> None:
    jobs = getattr(manager, name)()
    for item in (2, 1, 3):
        jobs.put(item)
    assert [jobs.get() for _ in order] == order
    with pytest.raises(queue.Empty):
        jobs.get(timeout=0.01)
    for _ in order:
        jobs.task_done()
    assert jobs.join() is None


@pytest.fixture
def state(port: int) -> Iterator[shared_state.Client]:
    with shared_state.connect(("127.0.0.1", port), authkey=KEY.encode()) as connected:
        yield connected


@pytest.mark.parametrize(
    ("name", "items", "order"),
    [("jobs", [3, 1, 2], [3, 1, 2]), ("stack", [3, 1, 2], [2, 1, 3]), ("ranked", [1], [1])],
)
@pytest.mark.parametrize("getters", [1, 3])
def test_items_that_the_server_cannot_read_stay_in_their_order_for_who_can(
    manager: Any,
    state: shared_state.Client,
    name: str,
    items: list[int],
    order: list[int],
    getters: int,
) -> None:
    jobs, ours = getattr(manager, name)(), getattr(state, name_of_type(name))(name)
    with ThreadPoolExecutor(getters) as threads:
        waits = [threads.submit(getattr(manager, name)().get) for _ in range(getters)]
        until(lambda: waiting(state, name) == getters)
        ours.put_many(list(map(Ours, items)))  # while they wait: all of them are told
        for wait in waits:
            with pytest.raises(ValueError, match="Ours"):
                wait.result(LONG_S)
    with pytest.raises(ValueError, match="Ours"):  # and while there are some
        jobs.get(timeout=LONG_S)
    assert [ours.get(timeout=LONG_S) for _ in order] == [Ours(each) for each in order]
    jobs.put(2)
    assert jobs.get() == 2


def test_an_item_that_one_cannot_read_goes_to_the_next_who_waits(
    manager: Any, state: shared_state.Client
) -> None:
    ours = state.queue("jobs")
    with ThreadPoolExecutor(2) as threads:
        theirs = threads.submit(manager.jobs().get)
        until(lambda: waiting(state, "jobs") == 1)
        mine = threads.submit(ours.get)
        until(lambda: waiting(state, "jobs") == 2)
        ours.put(Ours(1))
        with pytest.raises(ValueError, match="Ours"):
            theirs.result(LONG_S)
        assert mine.result(LONG_S) == Ours(1)


@pytest.mark.parametrize("index", [0, 1, 2, -1, -2, -3])
def test_what_cannot_be_popped_from_a_list_stays_in_its_place(
    manager: Any, state: shared_state.Client, index: int
) -> None:
    items = state.list("items")
    items[:] = [Ours(1), Ours(2), Ours(3)]
    with pytest.raises(ValueError, match="Ours"):
        manager.items().pop(index)
    assert items[:] == [Ours(1), Ours(2), Ours(3)]
    items.append(4)
    assert manager.items().pop() == 4


def test_what_cannot_be_popped_from_a_dict_or_a_set_stays(
    manager: Any, state: shared_state.Client
) -> None:
    config, names = state.dict("config"), state.set("names")
    config.clear()
    config["ours"] = Ours(1)
    names.clear()
    names.add(Ours(2))
    theirs = manager.config()
    for pop in (lambda: theirs.pop("ours"), theirs.popitem, manager.names().pop):
        with pytest.raises(ValueError, match="Ours"):
            pop()
    assert dict(config) == {"ours": Ours(1)}
    assert set(names) == {Ours(2)}
    config.clear()
    names.clear()


def name_of_type(name: str) -> str:
    return dict(pair.split("=") for pair in SHARED.split())[name]


@pytest.mark.parametrize("name", ["lock", "rlock", "permits", "bounded", "ready"])
def test_what_is_acquired_and_released(manager: Any, name: str) -> None:
    lock = getattr(manager, name)()
    assert lock.acquire() is True
    lock.release()
    if name in {"lock", "rlock", "ready"}:
        with pytest.raises(RuntimeError):
            lock.release()


def test_an_event(manager: Any) -> None:
    done = manager.done()
    assert (done.is_set(), done.wait(0.01)) == (False, False)
    done.set()
    assert done.wait() is True


def test_what_is_not_shared_and_what_is_not_allowed_is_refused_by_name(manager: Any) -> None:
    with pytest.raises(RemoteError, match="missing"):
        manager.missing()
    with pytest.raises(RemoteError, match=rf"{Unknown.__module__}.Unknown is not allowed"):
        manager.jobs().put(Unknown())


def test_a_request_cannot_ask_for_a_memo_larger_than_itself(manager: Any) -> None:
    connection = manager._Client(manager.address, authkey=KEY.encode())
    connection.send_bytes(b"\x80\x04Nr\x80\xc3\xc9\x01.")
    kind, told = connection.recv()
    assert (kind, "needs no memo" in told) == ("#TRACEBACK", True)


def test_a_client_cannot_end_a_server_that_is_not_its_own(manager: Any) -> None:
    connection = manager._Client(manager.address, authkey=KEY.encode())
    with pytest.raises(RemoteError, match="operator"):
        theirs.dispatch(connection, None, "shutdown")
    manager.connect()


def test_without_the_flag_it_is_not_spoken() -> None:
    process, port = serve()
    with process:
        with pytest.raises(AuthenticationError):
            Manager(("127.0.0.1", port), KEY.encode()).connect()
        process.terminate()
