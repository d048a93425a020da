"""The connection breaks and the network is down: a call waits for it, as for a server."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Any

import pytest

import shared_state

from ..fixtures.servers import ProcessServer
from ..fixtures.watching import LONG_S

PATIENCE_S = 0.2
"""Of a client that waits for a network that stays away."""

CountAfter = Callable[[ProcessServer, float, Callable[[], None]], int]


def address_of(server: ProcessServer) -> tuple[str, int]:
    return "localhost", server.address[1]  # a name, for there has to be something to resolve


def options_of(server: ProcessServer, timeout: float) -> dict[str, Any]:
    return {"authkey": server.settings.authkey, "timeout": timeout, "same_host": False}


def blocking_count(server: ProcessServer, timeout: float, between: Callable[[], None]) -> int:
    with shared_state.connect(address_of(server), **options_of(server, timeout)) as client:
        between()
        return len(client.objects())


def async_count(server: ProcessServer, timeout: float, between: Callable[[], None]) -> int:
    async def count() -> int:
        async with shared_state.connect_async(
            address_of(server), **options_of(server, timeout)
        ) as client:
            between()
            return len(await client.objects())

    return asyncio.run(count())


@pytest.fixture(params=[blocking_count, async_count], ids=["blocking", "async"])
def count_after(request: pytest.FixtureRequest) -> CountAfter:
    """Connect, do something that breaks the connection, and count the objects of the server."""
    chosen: CountAfter = request.param
    return chosen


class Outage:
    """Has so many of this process's attempts to connect fail with an error."""

    def __init__(self, patch: pytest.MonkeyPatch, error: OSError, failures: float) -> None:
        self.attempts = 0
        self._patch = patch
        self._error = error
        self._failures = failures

    def begin(self) -> None:
        """Fail from now on."""
        place: Any = socket if isinstance(self._error, socket.gaierror) else socket.socket
        name = "getaddrinfo" if place is socket else "connect"
        self._patch.setattr(place, name, self._in_place_of(getattr(place, name)))

    def _in_place_of(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def attempt(*args: Any, **kwargs: Any) -> Any:
            self.attempts += 1
            if self.attempts <= self._failures:
                raise self._error
            return function(*args, **kwargs)

        return attempt


def restart(server: ProcessServer) -> None:
    server.kill()
    server.start()


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENETUNREACH, "Network is unreachable"),
        OSError(errno.EHOSTUNREACH, "No route to host"),
        socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
    ],
    ids=["network", "route", "name"],
)
def test_a_call_waits_for_the_network(
    process_server: ProcessServer,
    count_after: CountAfter,
    monkeypatch: pytest.MonkeyPatch,
    error: OSError,
) -> None:
    outage = Outage(monkeypatch, error, failures=3)

    def between() -> None:
        restart(process_server)
        outage.begin()

    with pytest.raises(shared_state.StateLost):  # it was waited for; it has another server
        count_after(process_server, LONG_S, between)
    assert outage.attempts == 4


def test_a_network_that_stays_away_is_told_as_it_is(
    process_server: ProcessServer, count_after: CountAfter, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = OSError(errno.ENETUNREACH, "Network is unreachable")
    outage = Outage(monkeypatch, error, failures=float("inf"))

    def between() -> None:
        process_server.kill()
        outage.begin()

    with pytest.raises(OSError, match=r"Network is unreachable.*localhost") as raised:
        count_after(process_server, PATIENCE_S, between)
    assert raised.value.errno == errno.ENETUNREACH
    assert outage.attempts > 1


def test_a_time_out_is_not_waited_for_again(
    process_server: ProcessServer, count_after: CountAfter, monkeypatch: pytest.MonkeyPatch
) -> None:
    outage = Outage(monkeypatch, TimeoutError(errno.ETIMEDOUT, "timed out"), failures=1)

    def between() -> None:
        restart(process_server)
        outage.begin()

    with pytest.raises(TimeoutError):
        count_after(process_server, LONG_S, between)
    assert outage.attempts == 1
