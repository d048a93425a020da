"""Connections: the bytes between a socket and the service.

Policy is elsewhere: the handshake in `wire.connection`, requests in `service`. What is decided here
is how much one connection may take of the others' time and memory:

* every whole frame that has arrived is carried out, `REQUESTS_PER_TURN` at the most and for no
  longer than `TURN_S` before others have their turn, and all replies of a turn are one write;
* a client that does not read its replies is not read from either once `OUTPUT_HIGH_BYTES` wait for
  it; it is cut off when nothing has moved for `STALLED_READER_TIMEOUT_S`, and at once when more
  than the output limit waits for it;
* a peer that is not authenticated within `HANDSHAKE_TIMEOUT_S` is cut off, without a refusal: a
  slow network is no wrong key, and its client is to try again.

A connection that closes in order is the end of its process. But a client that came back and is
interrupted before it says a word (`_is_back`) closes what it has just made, too. Over TCP it does
so by a reset; a Unix socket knows none, so there the kernel is asked whether the process is gone.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections import deque
from collections.abc import Sequence
from typing import Any

from shared_state_protocol.errors import AuthenticationError, ProtocolError
from shared_state_protocol.wire.connection import HANDSHAKE_TIMEOUT_S, ServerOpening
from shared_state_protocol.wire.frames import HEADER_BYTES, FrameReader, read_header
from shared_state_protocol.wire.handshake import MAGIC, NONCE_BYTES, REFUSAL
from shared_state_protocol.wire.large import LARGE_BYTES, Frame, Pieces, parts_of

from .hall import Hall
from .lane import Lane
from .large_frame import LargeFrame
from .sharing import Sharing
from .sockets import keep_alive, may_enter, process_of
from .stdlib.connection import StdlibConnection
from .stdlib.office import Office

__all__ = ["Connection"]

REQUESTS_PER_TURN = 128
"""Some 1 ms of work, if they are small."""

TURN_S = 0.002
"""What one client's flood can add to another's round trip, but for the last request of its turn."""

OUTPUT_HIGH_BYTES = 1024 * 1024
"""Bytes waiting for a client from which on its requests wait too."""

STALLED_READER_TIMEOUT_S = 30.0
"""For how long bytes may wait without one being read. Longer than any garbage collection."""

log = logging.getLogger(__name__)


class Connection(asyncio.Protocol):
    """One connection, from accept to close."""

    __slots__ = (
        "_backlog",
        "_deadline",
        "_hall",
        "_has_turn",
        "_host",
        "_is_back",
        "_is_working",
        "_lane",
        "_opening",
        "_out",
        "_out_bytes",
        "_process",
        "_reader",
        "_said_bytes",
        "_sharing",
        "_stall",
        "_transport",
    )

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self._host: str = ""
        self._process = 0
        self._transport: Any = None  # uvloop's transports do not inherit from asyncio's
        self._opening: ServerOpening | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._lane: Lane | None = None
        self._reader = FrameReader(hall.settings.max_frame_bytes)
        self._backlog: deque[bytes | Pieces] = deque()
        self._sharing: Sharing | None = None
        self._out: list[bytes | memoryview] = []
        self._out_bytes = 0
        self._said_bytes = 0
        self._stall: asyncio.TimerHandle | None = None
        self._is_back = False
        self._is_working = False
        self._has_turn = False

    # Opening

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        peer = transport.get_extra_info("peername")
        self._host = str(peer[0]) if isinstance(peer, tuple) else ""  # pyright: ignore[reportUnknownArgumentType]  # (host, port, ...)
        sock = transport.get_extra_info("socket")
        is_unix = sock.family == socket.AF_UNIX
        if self._hall.is_closed:
            self._transport.abort()
        elif is_unix and not may_enter(sock):
            self._turn_away("it is another user's")
        elif not self._hall.admission.enter(self._host):
            self._turn_away("no place is free")
        else:
            self._hall.enter(self)
            if is_unix:
                self._process = process_of(sock)
                self._sharing = Sharing(self._process, self._hall.arenas)
                self._reader.sharing = self._sharing
            else:
                keep_alive(sock, self._hall.settings.peer_timeout)
            self._transport.set_write_buffer_limits(high=OUTPUT_HIGH_BYTES)
            self._greet()

    def _turn_away(self, reason: str) -> None:
        log.warning("refused a peer from %s: %s", self._host or "this host", reason)
        self._transport.abort()

    def _greet(self) -> None:
        self._opening = ServerOpening(self._hall.settings.authkey, os.urandom(NONCE_BYTES))
        self._deadline = asyncio.get_running_loop().call_later(
            HANDSHAKE_TIMEOUT_S, self._turn_away, "no handshake in time"
        )
        self._transport.write(self._opening.greeting)

    def _open(self, opening: ServerOpening, data: bytes) -> None:
        if self._hall.office is not None and data[:1] != MAGIC[:1] and not opening.has_begun:
            self._hand_over(self._hall.office, opening, data)
            return
        try:
            hello = opening.receive(data)
        except AuthenticationError as error:
            self._refuse(str(error))
            return
        if hello is None:
            return
        self._end_opening()
        self._is_back = hello.session in self._hall.service.sessions
        self._lane, welcome = self._hall.attach(self, hello)
        if self._sharing is not None:
            self._sharing.lane = self._lane
        self._hall.admission.authenticated(self._host)
        self._transport.write(opening.accept(welcome))
        log.debug("%s pid %d is here, lane %d", hello.host, hello.pid, hello.lane)
        if opening.rest:
            self.data_received(opening.rest)

    def _hand_over(self, office: Office, opening: ServerOpening, data: bytes) -> None:
        """Let the standard library's protocol go on from here: its first byte is a length's."""
        hall = self._hall
        self._end_opening()
        hall.leave(self)
        other = StdlibConnection(hall, office, self._host, self._transport, opening.nonce)
        hall.enter(other)
        self._transport.set_protocol(other)
        other.data_received(data)

    def _refuse(self, reason: str) -> None:
        log.warning("refused a peer from %s: %s", self._host or "this host", reason)
        self._end_opening()
        self._transport.write(REFUSAL)
        self._transport.close()

    def _end_opening(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._opening = self._deadline = None

    # Requests

    def data_received(self, data: bytes) -> None:
        if self._lane is None:
            if self._opening is not None and not self._transport.is_closing():
                self._open(self._opening, data)
            return
        self._is_back = False
        self._hall.heard()
        reader, size = self._reader, len(data) - HEADER_BYTES
        try:
            if (
                0 < size <= reader.limit
                and read_header(data)[0] == size
                and not (reader.pending_bytes or self._backlog or self._stall)
            ):
                # One request and none before it, as blocking clients send them.
                self._hall.service.receive(self._lane, data[HEADER_BYTES:])
                return
            payloads = reader.feed(data)
        except ProtocolError as error:
            self._cut_off(str(error))
            return
        self._carry_out(payloads)
        if not self._backlog and self._stall is None and not self._transport.is_closing():
            large = reader.take_start(LARGE_BYTES)
            if large is not None:
                LargeFrame(self, self._transport, *large)

    def large_received(self, payload: bytes | Pieces) -> None:
        """Take a large payload, which was received where it is to stay."""
        self._carry_out([payload])

    def _carry_out(self, payloads: Sequence[bytes | Pieces]) -> None:
        self._backlog.extend(payloads)
        self._work()

    def _work(self) -> None:
        """Carry out what is in the backlog, as much as one turn and the client's reading allow."""
        lane, backlog, service = self._lane, self._backlog, self._hall.service
        if lane is None or self._stall is not None:
            return
        self._is_working = True
        end = service.clock() + TURN_S
        try:
            for _ in range(min(len(backlog), REQUESTS_PER_TURN)):
                service.receive(lane, backlog.popleft())
                if self._out_bytes > OUTPUT_HIGH_BYTES or service.clock() > end:
                    break
        except ProtocolError as error:
            self._cut_off(str(error))
        self._is_working = False
        self._flush()
        if backlog and self._stall is None:
            self._transport.pause_reading()
            self._has_turn = True
            asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        self._has_turn = False
        if self._transport.is_closing():
            return
        self._work()
        if not self._backlog and self._stall is None:
            self._transport.resume_reading()

    # Replies

    def send(self, frame: Frame) -> None:
        """Send a frame to the client; what one turn says goes in one write."""
        if self._lane is None:
            return  # it is gone and not yet seen off: see `Hall.depart`
        size = len(frame)
        if size > LARGE_BYTES:
            self._send_large(frame)
            return
        if not self._is_working and self._stall is None:
            self._said_bytes += size
            self._transport.write(frame)
            return
        self._out.append(frame)  # type: ignore[arg-type]  # what is short is in one piece
        self._out_bytes += size
        if not self._is_working:
            self._flush()

    def _send_large(self, frame: Frame) -> None:
        """Send a frame through shared memory, or else as it lies."""
        notice = None if self._sharing is None else self._sharing.put(frame)
        if notice is not None:
            self.send(notice)
            return
        self._out.extend(parts_of(frame))
        self._out_bytes += len(frame)
        if not self._is_working:
            self._flush()

    def _flush(self) -> None:
        out = self._out
        if not out:
            return
        self._said_bytes += self._out_bytes
        if self._out_bytes > LARGE_BYTES:
            for part in out:
                self._transport.write(part)
        else:
            self._transport.write(out[0] if len(out) == 1 else b"".join(out))
        self._out_bytes = 0
        out.clear()
        if (
            self._stall is not None
            and self._transport.get_write_buffer_size() > self._hall.settings.output_limit_bytes
        ):
            self._cut_off("more than the output limit waits to be read")

    def pause_writing(self) -> None:
        self._transport.pause_reading()
        self._stall = asyncio.get_running_loop().call_later(
            STALLED_READER_TIMEOUT_S, self._check_stall, self._left_bytes()
        )

    def _left_bytes(self) -> int:
        """Return how many of the bytes for this client the kernel has taken so far."""
        return self._said_bytes - int(self._transport.get_write_buffer_size())

    def _check_stall(self, left_bytes: int) -> None:
        if self._left_bytes() <= left_bytes:
            self._cut_off("it does not read its replies")
        else:
            self.pause_writing()

    def resume_writing(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
        if not self._has_turn:
            self._go_on()

    # Closing

    def close(self) -> None:
        """Close once everything that was said has left."""
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def _cut_off(self, reason: str) -> None:
        log.warning("cut off a client from %s: %s", self._host or "this host", reason)
        self._backlog.clear()
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        hall = self._hall
        if self not in hall.connections:
            return
        hall.leave(self)
        if self._sharing is not None:
            self._sharing.close()
        if self._stall is not None:
            self._stall.cancel()
        self._backlog.clear()
        if self._lane is None:
            self._end_opening()
            hall.admission.gave_up(self._host)
            return
        hall.admission.left()
        orderly = exc is None and not (self._process and self._is_back)
        hall.depart(self, self._lane, orderly=orderly, process=self._process)
        self._lane = None
