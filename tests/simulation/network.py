"""A network in memory: a road for each process, and on the roads connections whose bytes take time.

Every process reaches the server by a road of its own, named after it; so the name of a host is the
name of a road. What befalls a road befalls the process behind it:

* it is slow, or jittered; what is written together may arrive in parts, split at any byte;
* it is a black hole for a while, one way or both: what is sent meanwhile comes through when the
  hole is over, as TCP sends it again, unless an end has noticed the silence and given up by then;
* an end stands still: the bytes arrive, the process does not read them;
* it is cut: of what was under way, a beginning arrives, up to any byte; then come an end in order
  or a reset;
* the process behind it is killed, or its machine loses its power.

All randomness is out of the one generator that is passed in.
"""

from __future__ import annotations

import asyncio
import errno
import random
import socket
from collections import deque
from collections.abc import Callable
from typing import Any

from shared_state_protocol.wire.liveness import PEER_TIMEOUT_S, probes

from .loop import VirtualLoop

__all__ = ["End", "Link", "Listening", "Network", "Road", "reset"]

FASTEST_S = 0.0005
"""One way, within a room."""

SYN_AGAIN_S = 1.0
"""After which a lost attempt to connect is made again, by the kernel."""

SPLIT_CHANCE = 0.1
"""That what is written at once arrives in two parts."""

BACKLOG_CHANCE = 0.5
"""That a connection that is closed while bytes are under way to it answers with a reset."""


class Network:
    """The roads to one server."""

    def __init__(self, loop: VirtualLoop, chance: random.Random) -> None:
        self.loop = loop
        self.chance = chance
        self.roads: dict[str, Road] = {}
        self.refuses_until = 0.0
        self._factory: Callable[[], asyncio.Protocol] | None = None
        loop.network = self

    def listen(self, factory: Callable[[], asyncio.Protocol]) -> Listening:
        """Have the server's protocols made by `factory`."""
        self._factory = factory
        return Listening()

    def road(self, name: str) -> Road:
        """Build the road of a new process."""
        road = self.roads[name] = Road(self, name)
        return road

    async def connect(self, factory: Callable[[], asyncio.Protocol], name: str) -> Any:
        """Connect the process `name`; return its transport and its protocol."""
        road = self.roads[name]
        await road.cross()
        if self.refuses_until > self.loop.time() or self._factory is None:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "nobody listens")
        link = Link(road, self._factory())
        try:
            await road.cross()
        except asyncio.CancelledError:
            link.client.abort()  # the server has it open, the client never knew
            raise
        return link.client, link.client.meet(factory())


class Listening:
    """The server's door, and the socket that it was made from."""

    family = socket.AF_INET

    def getsockname(self) -> tuple[str, int]:
        """Return an address; nobody dials it."""
        return "127.0.0.1", 1

    def close(self) -> None:
        """Do nothing: who is connected stays."""


class Road:
    """What lies between one process and the server.

    `holes` are when what is under way to the server, or to the client, gets through again; `pauses`
    when the server, or the client, reads again. `armed` is told of each write.
    """

    def __init__(self, network: Network, name: str) -> None:
        self.network = network
        self.name = name
        self.latency = FASTEST_S
        self.jitter = 1.0
        self.is_dead = False
        self.holes = {"server": 0.0, "client": 0.0}
        self.pauses = {"server": 0.0, "client": 0.0}
        self.silent_since = 0.0
        self.links: list[Link] = []
        self.armed: Callable[[Link], None] | None = None

    def delay(self) -> float:
        """Return how long something takes from end to end, in seconds."""
        return self.latency * (1.0 + self.jitter * self.network.chance.random())

    def open_again(self, side: str) -> float:
        """Return when something that is to reach `side` can do so, as far as is known now."""
        return max(self.holes[side], self.pauses[side])

    @property
    def is_hole(self) -> bool:
        """Whether no answer can come: one way or both are closed."""
        return max(self.holes.values()) > self.network.loop.time()

    async def cross(self) -> None:
        """Take the time that a packet takes, sent again until it gets through."""
        await asyncio.sleep(self.delay())
        while self.is_hole or self.is_dead:  # noqa: ASYNC110  # as the kernel does, so many times
            await asyncio.sleep(SYN_AGAIN_S)

    def close(self, seconds: float, sides: tuple[str, ...]) -> None:
        """Let nothing through to these sides for so long."""
        now = self.network.loop.time()
        if not self.is_hole:
            self.silent_since = now
        until = now + seconds
        for side in sides:
            self.holes[side] = max(self.holes[side], until)
        for link in self.links:
            link.hear_silence()

    def pause(self, side: str, seconds: float) -> None:
        """Have one side read nothing for so long."""
        self.pauses[side] = max(self.pauses[side], self.network.loop.time() + seconds)

    def sever(self, *, power: bool) -> None:
        """End the process: its kernel closes what it had open, unless the `power` is off."""
        self.is_dead = True
        for link in list(self.links):
            link.client.die(power=power)


class Link:
    """One connection, and its two ends."""

    def __init__(self, road: Road, server: asyncio.Protocol) -> None:
        self.road = road
        self.client = End(self, "client")
        self.server = End(self, "server")
        self.client.peer, self.server.peer = self.server, self.client
        road.links.append(self)
        self.server.meet(server)
        if road.is_hole:
            self.hear_silence()

    def cut(self, *, orderly: bool) -> None:
        """Break in the middle: a beginning of what is under way arrives, and then the end."""
        for end in (self.client, self.server):
            end.truncate()
            end.expect_end(None if orderly else reset())

    def forget(self, late: float) -> None:
        """Reset the client's end only; what it has sent arrives so many seconds late."""
        self.server.held_until = self.road.network.loop.time() + late
        self.client.truncate()
        self.client.expect_end(reset())
        self.client.is_forgotten = True

    def hear_silence(self) -> None:
        """Have each end give up when it has heard nothing for too long."""
        for end in (self.client, self.server):
            end.watch()


class End(asyncio.Transport):
    """One end of a link: the transport of its protocol. `side` is ``client`` or ``server``.

    Until `held_until` nothing arrives. The other end does not hear that one has gone that
    `is_forgotten`, before it sends something there or probes it.
    """

    peer: End

    def __init__(self, link: Link, side: str) -> None:
        self._socket = Socket()
        super().__init__({"socket": self._socket, "peername": (link.road.name, 0)})
        self.side = side
        self.held_until = 0.0
        self.is_forgotten = False
        self._link = link
        self._road = link.road
        self._loop = link.road.network.loop
        self._chance = link.road.network.chance
        self._protocol: asyncio.Protocol | None = None
        self._under_way: deque[bytes | Ending] = deque()
        self._arrived: deque[bytes | Ending] = deque()
        self._last_arrival = 0.0
        self._is_paused = False
        self._is_closing = False
        self._is_lost = False

    def meet(self, protocol: asyncio.Protocol) -> asyncio.Protocol:
        """Give this end its protocol, and what has arrived for it."""
        self._protocol = protocol
        protocol.connection_made(self)
        self._loop.call_soon(self._read)
        return protocol

    # What a protocol asks of a transport

    def write(self, data: Any) -> None:
        if self._is_closing or not data:
            return
        for part in self._parts(bytes(data)):
            self.peer.expect(part)
        if self._road.armed is not None:
            self._road.armed(self._link)

    def close(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            self._hang_up(is_reset=self._socket.is_reset_at_close)
            self._loop.call_soon(self._lose, None)

    def abort(self) -> None:
        if self._is_closing:
            self._loop.call_soon(self._lose, None)
            return
        self._is_closing = True
        self._hang_up(is_reset=self._socket.is_reset_at_close or self._leaves_something())
        self._loop.call_soon(self._lose, None)

    def is_closing(self) -> bool:
        return self._is_closing

    def pause_reading(self) -> None:
        self._is_paused = True

    def resume_reading(self) -> None:
        self._is_paused = False
        self._loop.call_soon(self._read)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Do nothing: the kernel takes whatever it is given."""

    def get_write_buffer_size(self) -> int:
        return 0

    # What the network does

    def expect(self, what: bytes | Ending) -> None:
        """Have something on its way here."""
        if self.is_forgotten and self._is_lost:
            self.peer.expect_end(reset())
            return
        self._under_way.append(what)
        due = self._loop.time() + self._road.delay()
        self._last_arrival = max(self._last_arrival, due)  # in the order in which it was sent
        self._loop.call_at(self._last_arrival, self._arrive)

    def expect_end(self, error: Exception | None) -> None:
        """Have the end of the connection on its way here."""
        self.expect(Ending(error))

    def truncate(self) -> None:
        """Lose what is under way, but for a beginning."""
        data = [each for each in self._under_way if isinstance(each, bytes)]
        size = sum(map(len, data))
        kept = b"".join(data)[: round(self._chance.random() * size)]
        timers = len(self._under_way)
        self._under_way = deque([kept] + [b""] * (timers - 1) if timers else [])

    def die(self, *, power: bool) -> None:
        """End without a word to the protocol."""
        self._is_closing = self._is_lost = True
        self._gone()
        if power:
            self.peer.truncate()
            self.peer.watch()
        else:
            self._hang_up(is_reset=self._leaves_something())

    def watch(self) -> None:
        """Give up in a while, if nothing is heard until then."""
        patience = PEER_TIMEOUT_S + self._chance.random() * probes(PEER_TIMEOUT_S).interval_s
        self._loop.call_later(patience, self._check)

    def _check(self) -> None:
        if self._is_lost:
            return
        silence = self._loop.time() - self._road.silent_since
        if self._road.is_dead or (self._road.is_hole and silence >= PEER_TIMEOUT_S):
            self._is_closing = True
            self.peer.truncate()  # nobody sends that again
            self._lose(TimeoutError(errno.ETIMEDOUT, "no sign of life"))
        elif self.peer._is_lost:
            self._is_closing = True
            self._lose(reset())

    def _leaves_something(self) -> bool:
        """Return whether something was left to read: then a kernel closes with a reset."""
        return bool(self._under_way) and self._chance.random() < BACKLOG_CHANCE

    def _hang_up(self, *, is_reset: bool) -> None:
        if is_reset:
            self.peer.truncate()
        self.peer.expect_end(reset() if is_reset else None)

    def _parts(self, data: bytes) -> list[bytes]:
        if self._chance.random() >= SPLIT_CHANCE:
            return [data]
        middle = round(self._chance.random() * len(data))
        return [data[:middle], data[middle:]]

    def _arrive(self) -> None:
        """Take the next of what is under way, unless the road is closed or the process paused."""
        if self._is_lost or not self._under_way:
            return
        open_again = max(self._road.open_again(self.side), self.held_until)
        if open_again > self._loop.time():
            self._last_arrival = max(self._last_arrival, open_again)
            self._loop.call_at(open_again + self._road.delay(), self._arrive)
            return
        self._arrived.append(self._under_way.popleft())
        self._read()

    def _read(self) -> None:
        while self._arrived and self._protocol is not None:
            if self._is_paused or self._is_lost:
                return
            what = self._arrived.popleft()
            if isinstance(what, Ending):
                self._hear_end(what.error)
            elif what and not self._is_closing:
                self._protocol.data_received(what)

    def _hear_end(self, error: Exception | None) -> None:
        if error is None and self._protocol is not None and not self._is_closing:
            self._protocol.eof_received()
            self.close()
        else:
            self._is_closing = True
            self._lose(error)

    def _lose(self, error: Exception | None) -> None:
        if self._is_lost:
            return
        self._is_lost = True
        self._gone()
        if self.is_forgotten:
            self.peer.watch()
        elif not self.peer._is_closing:
            self.peer.expect_end(error and reset())
        if self._protocol is not None:
            self._protocol.connection_lost(error)

    def _gone(self) -> None:
        if self.peer._is_lost and self._link in self._road.links:
            self._road.links.remove(self._link)


class Ending:
    """The end of a stream of bytes: in order, or with an error."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error


class Socket:
    """Stands for a TCP socket; of its options only the one that makes of a close a reset counts."""

    family = socket.AF_INET
    is_reset_at_close = False

    def setsockopt(self, level: int, option: int, value: object) -> None:
        """Take note of ``SO_LINGER``, which nobody sets for another reason."""
        if (level, option) == (socket.SOL_SOCKET, socket.SO_LINGER):
            self.is_reset_at_close = True


def reset() -> ConnectionResetError:
    """Return what a protocol is told whose connection was reset."""
    return ConnectionResetError(errno.ECONNRESET, "reset")
