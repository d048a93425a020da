"""The wire of an async client: one connection, from the handshake to its end.

It cuts the bytes that arrive into messages and hands each to its lane; what the lane has to say it
writes to `transport` itself. A wire is used once: after a break the lane makes another, by the
rules of `dialling`, as `sockets` does for blocking clients.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from shared_state_protocol.address import Address
from shared_state_protocol.errors import AuthenticationError, ProtocolError
from shared_state_protocol.wire import messages
from shared_state_protocol.wire.connection import ClientOpening
from shared_state_protocol.wire.frames import FrameReader
from shared_state_protocol.wire.handshake import Welcome
from shared_state_protocol.wire.large import LARGE_BYTES, Frame

from .dialling import PREVENTED, Dialling, Steps
from .session import unreachable
from .sharing import Sharing
from .sockets import break_off, end_in_order, tune

if TYPE_CHECKING:
    from .async_lane import AsyncLane

__all__ = ["Wire", "dial", "redial"]


class Wire(asyncio.Protocol):
    """One connection of an async client. `opened` is done when the server is known."""

    def __init__(
        self, lane: AsyncLane, kind: str, opening: ClientOpening, peer_timeout: float
    ) -> None:
        loop = asyncio.get_running_loop()
        self.kind = kind
        self.transport: Any = None  # uvloop's transports do not inherit from asyncio's
        self.opened: asyncio.Future[Welcome] = loop.create_future()
        self.closed = asyncio.Event()
        self._lane = lane
        self._peer_timeout = peer_timeout
        self._opening = opening
        self._reader: FrameReader | None = None
        self._sharing: Sharing | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._lane.made(self)
        if self.kind == "tcp":
            tune(transport.get_extra_info("socket"), self._peer_timeout)
            if self._lane.session.has_begun:
                self.break_off()

    def data_received(self, data: bytes) -> None:
        try:
            if self._reader is None:
                self._open(data)
            else:
                for payload in self._reader.feed(data):
                    self._lane.receive(messages.read(payload))
                if self._reader.pending_bytes > LARGE_BYTES and self._sharing is not None:
                    for offer in self._sharing.passed_by(self._reader.pending_bytes):
                        self.transport.write(offer)
        except (ProtocolError, AuthenticationError) as error:
            if not self.opened.done():
                self.opened.set_exception(error)
            self.abort()

    def _open(self, data: bytes) -> None:
        answer = self._opening.receive(data)
        if answer:
            self.transport.write(answer)
        welcome = self._opening.welcome
        if welcome is not None and not self.opened.done():
            self._reader = FrameReader(welcome.max_frame_bytes)
            self._sharing = Sharing(self._reader, is_near=self.kind == "unix")
            self.opened.set_result(welcome)

    def parts(self, frame: Frame) -> tuple[bytes | memoryview, ...]:
        """Return what to write so that the server gets a large `frame`."""
        assert self._sharing is not None, "the wire is open"
        return self._sharing.parts(frame)

    def eof_received(self) -> None:
        """The server, or somebody on the way to it, ends the connection: the client comes back."""
        self.break_off()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()
        if self._sharing is not None:
            self._sharing.close()
        if not self.opened.done():
            self.opened.set_exception(
                ConnectionResetError("the server closed the connection before the handshake")
            )
            self.opened.exception()  # nobody waits for it when connecting was given up
        self._lane.lost(self)

    def close(self) -> None:
        """Close in order, once all is written."""
        self.transport.close()

    def abort(self) -> None:
        """Close at once, if there is anything to close, by a client that means to come back."""
        if self.transport is not None:
            self.break_off()
            self.transport.abort()

    def end_in_child(self) -> None:
        """Have this process, a fork of the one that connected, let go of the connection.

        The transport must not be closed: its loop would take the connection out of the list of what
        is watched, which the system keeps once for both processes. So the descriptor stays, and is
        one of nothing.
        """
        if self._sharing is not None:
            self._sharing.close()
        nothing = os.open(os.devnull, os.O_RDWR)
        try:
            if not self.closed.is_set():
                descriptor = self.transport.get_extra_info("socket").fileno()
                os.dup2(nothing, descriptor, inheritable=False)
        finally:
            os.close(nothing)

    def end_in_order(self) -> None:
        """Have the coming close be the end of this client; see `sockets.end_in_order`."""
        if self.kind == "tcp":
            end_in_order(self.transport.get_extra_info("socket"))

    def break_off(self) -> None:
        """Have the coming close be a reset; see `sockets.break_off`."""
        if self.kind == "tcp":
            break_off(self.transport.get_extra_info("socket"))


Opened = tuple[Wire, Welcome]


async def dial(lane: AsyncLane) -> Opened:
    """Open a wire for `lane`; see `sockets.dial`."""
    return await _follow(_dialling(lane).dial(), lane)


async def redial(lane: AsyncLane) -> Opened:
    """Do what `dial` does, but wait for a server, or for a network, that is not there yet."""
    return await _follow(_dialling(lane).redial(), lane)


def _dialling(lane: AsyncLane) -> Dialling[Wire]:
    return Dialling(lane.session, lane.number, asyncio.get_running_loop().time)


async def _follow(steps: Steps[Wire], lane: AsyncLane) -> Opened:
    try:
        step = next(steps)
        while True:
            opened = None
            try:
                if isinstance(step, Address):
                    opened = await _open(lane, step)
                else:
                    await asyncio.sleep(step)
            except PREVENTED as error:
                step = steps.throw(error)
            else:
                step = steps.send(opened)
    except StopIteration as end:
        found: Opened = end.value
        return found
    finally:
        steps.close()


async def _open(lane: AsyncLane, address: Address) -> Opened:
    session, patience = lane.session, lane.session.patience
    wire = Wire(
        lane, address.scheme, session.opening(lane.number, lane.thread), session.peer_timeout
    )
    try:
        await asyncio.wait_for(_made(wire, address), patience)
        return wire, await asyncio.wait_for(wire.opened, patience)
    except asyncio.TimeoutError:
        wire.abort()
        raise TimeoutError(f"{address} did not answer within {patience:g} s") from None
    except BaseException:
        wire.abort()
        raise


async def _made(wire: Wire, address: Address) -> None:
    """Connect a wire.

    Raises:
        OSError: what the system says, with the address.
    """
    loop = asyncio.get_running_loop()
    try:
        if address.scheme == "unix":
            await loop.create_unix_connection(lambda: wire, address.path)
        else:
            await loop.create_connection(lambda: wire, address.host, address.port)
    except OSError as error:
        raise unreachable(error, address) from None
