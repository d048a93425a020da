"""One fault at a time, between a client and its server: what the call comes to that it hits.

See `test_cuts` for many at once. The grace period is longer than any test, so whoever comes back
finds what it had.
"""

from __future__ import annotations

import queue
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import shared_state
from shared_state_server.settings import Settings

from ..fixtures.clients import Either, connected
from ..fixtures.proxies import Fault, FaultProxy, Kind, LoopThread, Pace, Way
from ..fixtures.servers import ThreadServer
from ..fixtures.watching import LONG_S, until

PATIENCE_S = 0.2
"""Of a client that gets no reply."""

CALL_BYTES = {Way.REQUESTS: 36, Way.REPLIES: 7}
"""What one `dict.add` sends at least, and what it is answered."""

HANDSHAKE_BYTES = 200
"""More than a server says before it answers requests."""

each_way = pytest.mark.parametrize("way", Way)


@pytest.fixture
def settings() -> Settings:
    return Settings(port=0, authkey=secrets.token_hex(32).encode(), session_grace=3600.0)


@pytest.fixture
def proxy(server: ThreadServer, network: LoopThread) -> Iterator[FaultProxy]:
    proxy = FaultProxy(server.address, network)
    yield proxy
    proxy.close()


@pytest.fixture(params=["blocking", "async"])
def proxied(
    request: pytest.FixtureRequest, server: ThreadServer, proxy: FaultProxy
) -> Iterator[Either]:
    """Either client, behind the proxy."""
    options: dict[str, Any] = {"timeout": LONG_S, "same_host": False}
    with connected(request.param, proxy.address, server.settings.authkey, **options) as client:
        client.ping()
        yield client


@each_way
@pytest.mark.parametrize("kind", [Kind.RESET, Kind.VANISH, Kind.LOSE, Kind.HOLD, Kind.END_REPLIES])
def test_a_call_takes_effect_once_after_whichever_byte_it_is_cut(
    proxied: Either, proxy: FaultProxy, kind: Kind, way: Way
) -> None:
    counts, connections = proxied.dict("counts"), proxy.connections
    for after in range(CALL_BYTES[way]):
        proxy.meet([Fault(kind, way, after)])
        assert counts.add(f"cut after {after}", 1) == 1
    assert proxy.connections == connections + CALL_BYTES[way]


@pytest.mark.parametrize("kind", [Kind.RESET, Kind.END_REPLIES])
def test_who_comes_back_finds_what_it_had_whenever_a_handshake_is_cut(
    proxied: Either, proxy: FaultProxy, kind: Kind
) -> None:
    """The server may have welcomed a connection of which the client knows nothing yet."""
    leader = proxied.lock("leader")
    leader.acquire()
    for after in range(0, HANDSHAKE_BYTES, 7):
        proxy.meet([Fault(Kind.RESET, Way.REQUESTS, 0), Fault(kind, Way.REPLIES, after)])
        assert leader.locked(), f"cut after {after} bytes"


CALLS: dict[str, Callable[[Any], Any]] = {
    "get": lambda client: client.queue("jobs").get(timeout=LONG_S),
    "get_nowait": lambda client: client.queue("jobs").get_nowait(),
    "get_many": lambda client: client.queue("jobs").get_many(1)[0],
    "claim": lambda client: client.queue("jobs").claim(timeout=LONG_S).__enter__(),
}


@pytest.mark.parametrize("call", CALLS)
def test_an_item_whose_delivery_is_lost_comes_all_the_same_and_once(
    proxied: Either, proxy: FaultProxy, other: shared_state.Client, call: str
) -> None:
    other.queue("jobs").put_many(["first", "second"])
    proxied.queue("jobs").qsize()
    proxy.meet([Fault(Kind.LOSE, Way.REPLIES, after=0)])
    assert CALLS[call](proxied) == "first"
    assert other.queue("jobs").get_many(9) == ["second"]


def test_a_lock_whose_grant_is_lost_is_held_all_the_same(
    proxied: Either, proxy: FaultProxy, other: shared_state.Client
) -> None:
    leader = proxied.lock("leader")
    leader.locked()
    proxy.meet([Fault(Kind.LOSE, Way.REPLIES, after=0)])
    assert leader.acquire(timeout=LONG_S)
    proxy.meet([Fault(Kind.LOSE, Way.REPLIES, after=0)])
    leader.release()
    assert other.lock("leader").acquire(blocking=False)


def test_a_claim_outlives_its_connection(
    proxied: Either, proxy: FaultProxy, other: shared_state.Client
) -> None:
    jobs = proxied.queue("jobs")
    jobs.put_many(["first", "second"])
    with jobs.claim() as item:
        proxy.cut()
        until(lambda: other.queue("jobs").get(timeout=LONG_S) == "second")
        assert other.queue("jobs").empty()
    assert item == "first"
    with pytest.raises(queue.Empty):
        jobs.get_nowait()


def test_bytes_that_come_late_and_one_by_one_are_the_same_bytes(
    proxied: Either, proxy: FaultProxy
) -> None:
    proxy.pace = Pace(piece=1)
    values = proxied.list("values")
    values.extend([b"x" * 300, "text", [1, 2, 3]])
    assert values.copy() == [b"x" * 300, "text", [1, 2, 3]]
    proxy.pace = Pace(piece=50, delay=0.002)
    assert values.copy() == [b"x" * 300, "text", [1, 2, 3]]


@each_way
@pytest.mark.parametrize("kind", ["blocking", "async"])
def test_silence_ends_a_call_and_the_next_one_goes_another_way(
    server: ThreadServer, proxy: FaultProxy, other: shared_state.Client, kind: str, way: Way
) -> None:
    options: dict[str, Any] = {"timeout": PATIENCE_S, "same_host": False}
    with connected(kind, proxy.address, server.settings.authkey, **options) as client:
        jobs = client.queue("jobs")
        jobs.put("item")
        proxy.meet([Fault(Kind.SWALLOW, way, after=0)])
        with pytest.raises(TimeoutError):
            jobs.get(timeout=0.01)
        proxy.cut()
        assert jobs.get(timeout=LONG_S) == "item"
        assert other.queue("jobs").empty()
