"""What a road does to bytes: late, in parts, or cut; but never out of order, and never twice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest

from shared_state_protocol.wire.liveness import PEER_TIMEOUT_S, probes

from .loop import VirtualLoop
from .network import End, Network, Road

MESSAGE = bytes(range(256))

NOTICED_S = PEER_TIMEOUT_S + probes(PEER_TIMEOUT_S).interval_s
"""After so much silence, both ends have given up."""


class Protocol(asyncio.Protocol):
    """Keeps what arrives, and how it ended."""

    def __init__(self) -> None:
        self.transport: End
        self.heard = b""
        self.ends: list[Exception | None] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, End)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.ends.append(exc)


Program = Callable[[Road, Protocol, Protocol], Awaitable[None]]


def connected(program: Program, seed: int = 1) -> None:
    """Run `program` with a road, and the client's and the server's end of a connection."""
    loop = VirtualLoop()  # type: ignore[abstract]  # it has what we ask of a loop
    network = Network(loop, random.Random(seed))
    server = Protocol()
    network.listen(lambda: server)
    road = network.road("here")

    async def run() -> None:
        _, client = await loop.create_connection(Protocol, "here", 1)
        await program(road, client, server)

    loop.run(run())


@pytest.mark.parametrize("seed", range(20))
def test_bytes_arrive_in_order_and_then_the_end(seed: int) -> None:
    async def program(road: Road, client: Protocol, server: Protocol) -> None:
        for start in range(0, 256, 16):
            client.transport.write(MESSAGE[start : start + 16])
        client.transport.close()
        await asyncio.sleep(1.0)
        assert server.heard == MESSAGE
        assert server.ends == [None]
        assert client.ends == [None]
        assert not road.links

    connected(program, seed)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("orderly", [True, False])
def test_of_what_is_cut_a_beginning_arrives(seed: int, orderly: bool) -> None:
    async def program(road: Road, client: Protocol, server: Protocol) -> None:
        for start in range(0, 256, 16):
            client.transport.write(MESSAGE[start : start + 16])
        road.links[0].cut(orderly=orderly)
        await asyncio.sleep(1.0)
        assert MESSAGE.startswith(server.heard)
        assert len(server.ends) == len(client.ends) == 1
        assert (server.ends[0] is None) is orderly

    connected(program, seed)


def test_a_short_hole_delays_and_a_long_one_is_noticed() -> None:
    async def program(road: Road, client: Protocol, server: Protocol) -> None:
        road.close(5.0, ("server",))
        client.transport.write(MESSAGE)
        await asyncio.sleep(4.9)
        assert server.heard == b""
        await asyncio.sleep(0.2)
        assert server.heard == MESSAGE
        road.close(60.0, ("server", "client"))
        client.transport.write(MESSAGE)
        await asyncio.sleep(PEER_TIMEOUT_S)
        assert client.ends == server.ends == []
        await asyncio.sleep(NOTICED_S - PEER_TIMEOUT_S)
        assert isinstance(client.ends[0], TimeoutError)
        assert isinstance(server.ends[0], TimeoutError)
        await asyncio.sleep(60.0)
        assert server.heard == MESSAGE  # nobody sent the second one again

    connected(program)


def test_a_paused_side_reads_later() -> None:
    async def program(road: Road, client: Protocol, server: Protocol) -> None:
        road.pause("server", 2.0)
        client.transport.write(MESSAGE)
        server.transport.write(MESSAGE)
        await asyncio.sleep(1.0)
        assert (client.heard, server.heard) == (MESSAGE, b"")
        await asyncio.sleep(1.1)
        assert server.heard == MESSAGE

    connected(program)


def test_who_pauses_reading_is_told_nothing() -> None:
    async def program(road: Road, client: Protocol, server: Protocol) -> None:
        server.transport.pause_reading()
        client.transport.write(MESSAGE)
        await asyncio.sleep(1.0)
        assert server.heard == b""
        server.transport.resume_reading()
        await asyncio.sleep(0.0)
        await asyncio.sleep(0.0)
        assert server.heard == MESSAGE

    connected(program)


def test_the_killed_close_and_the_powerless_are_silent() -> None:
    async def killed(road: Road, client: Protocol, server: Protocol) -> None:
        road.sever(power=False)
        await asyncio.sleep(1.0)
        assert server.ends == [None]
        assert client.ends == []  # there is nobody to tell

    async def powerless(road: Road, client: Protocol, server: Protocol) -> None:
        road.sever(power=True)
        await asyncio.sleep(PEER_TIMEOUT_S)
        assert server.ends == []
        await asyncio.sleep(NOTICED_S - PEER_TIMEOUT_S)
        assert isinstance(server.ends[0], TimeoutError)

    connected(killed)
    connected(powerless)


def test_a_forgotten_end_is_found_out_when_it_is_spoken_to() -> None:
    async def program(road: Road, client: Protocol, server: Protocol) -> None:
        client.transport.write(MESSAGE)
        road.links[0].forget(late=0.5)
        await asyncio.sleep(0.4)
        assert isinstance(client.ends[0], ConnectionResetError)
        assert (server.heard, server.ends) == (b"", [])
        await asyncio.sleep(0.2)
        assert server.heard == MESSAGE
        server.transport.write(MESSAGE)
        await asyncio.sleep(0.1)
        assert isinstance(server.ends[0], ConnectionResetError)

    connected(program)


def test_nobody_connects_to_who_refuses_or_is_in_a_hole() -> None:
    async def program(road: Road, client: Protocol, server: Protocol) -> None:
        loop = road.network.loop
        road.network.refuses_until = loop.time() + 1.0
        with pytest.raises(ConnectionRefusedError):
            await loop.create_connection(Protocol, "here", 1)
        await asyncio.sleep(1.0)
        road.close(10.0, ("client",))
        began = loop.time()
        await loop.create_connection(Protocol, "here", 1)
        assert loop.time() >= began + 10.0

    connected(program)
