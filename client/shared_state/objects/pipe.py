"""Pipe, bound twice: two ends, each like a `multiprocessing.connection.Connection`."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from shared_state_protocol.objects import Pipe as PipeContract
from shared_state_protocol.shapes import V

from ..proxy import AsyncProxy, Proxy

__all__ = ["AsyncPipe", "AsyncPipeEnd", "Pipe", "PipeEnd"]


class Pipe(PipeContract[V], Proxy):
    """A shared pipe for blocking callers; `ends` are what is used of it."""

    def ends(self, duplex: bool) -> tuple[PipeEnd, PipeEnd]:
        """Return both ends; a process attaches to the one that it uses."""
        return PipeEnd(self, 0, True, duplex), PipeEnd(self, 1, duplex, True)


class _Direction:
    """Which end of a pipe this is, what it may do, and whether it is closed here."""

    def __init__(self, pipe: Any, end: int, readable: bool, writable: bool) -> None:
        self._pipe = pipe
        self._end = end
        self.readable = readable
        self.writable = writable
        self.closed = False

    def _check_open(self) -> None:
        if self.closed:
            raise OSError("handle is closed")

    def __repr__(self) -> str:
        return f"<end {self._end} of {self._pipe!r}>"


def _part(data: Any, offset: int, size: int | None) -> bytes:
    """Return what `Connection.send_bytes` sends of a buffer."""
    view = memoryview(data).cast("B")
    if offset < 0 or offset > len(view):
        raise ValueError("buffer length < offset")
    end = len(view) if size is None else offset + size
    if end < offset or end > len(view):
        raise ValueError("buffer length < offset + size")
    return bytes(view[offset:end])


def _within(data: bytes, maxlength: int | None) -> bytes:
    if maxlength is not None and len(data) > maxlength:
        raise OSError("bad message length")
    return data


class PipeEnd(_Direction):
    """One end of a pipe, for blocking callers; a context manager that uses it, and closes it."""

    _pipe: Pipe[Any]

    def send(self, value: Any) -> None:
        """Send a value, waiting while the buffer is full.

        Raises:
            BrokenPipeError: the other end is closed.
            OSError: this end is closed, or only receives.
        """
        self._check_open()
        self._pipe.send(self._end, value)

    def recv(self) -> Any:
        """Receive a value, waiting for one.

        Raises:
            EOFError: the other end is closed, and everything that it sent was received.
            OSError: this end is closed, or only sends.
        """
        self._check_open()
        return self._pipe.recv(self._end)

    def send_bytes(self, data: Any, offset: int = 0, size: int | None = None) -> None:
        """Send a buffer, or the part of it from `offset` on, as one message."""
        self._check_open()
        self._pipe.send_bytes(self._end, _part(data, offset, size))

    def recv_bytes(self, maxlength: int | None = None) -> bytes:
        """Receive a message of bytes; OSError if it is longer than `maxlength`."""
        self._check_open()
        return _within(self._pipe.recv_bytes(self._end), maxlength)

    def poll(self, timeout: float | None = 0.0) -> bool:
        """Return whether there is something to receive within `timeout` seconds (None: ever)."""
        self._check_open()
        return self._pipe.poll(self._end, timeout)

    def close(self) -> None:
        """Close this end for this process. Closing twice is allowed."""
        if not self.closed:
            self._pipe.close(self._end)
            self.closed = True

    def __enter__(self) -> PipeEnd:
        self._check_open()
        self._pipe.attach(self._end)  # from here on the other end is told if this process dies
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncPipe(PipeContract[V], AsyncProxy):
    """A shared pipe for awaiting callers; `ends` are what is used of it."""

    def ends(self, duplex: bool) -> tuple[AsyncPipeEnd, AsyncPipeEnd]:
        """Return both ends; a client attaches to the one that it uses."""
        return AsyncPipeEnd(self, 0, True, duplex), AsyncPipeEnd(self, 1, duplex, True)


class AsyncPipeEnd(_Direction):
    """One end of a pipe, for awaiting callers; an async context manager that closes it.

    See `PipeEnd` for what each method promises.
    """

    _pipe: AsyncPipe[Any]

    async def send(self, value: Any) -> None:
        """Send a value, waiting while the buffer is full."""
        self._check_open()
        await self._pipe.send(self._end, value)

    async def recv(self) -> Any:
        """Receive a value, waiting for one."""
        self._check_open()
        return await self._pipe.recv(self._end)

    async def send_bytes(self, data: Any, offset: int = 0, size: int | None = None) -> None:
        """Send a buffer, or the part of it from `offset` on, as one message."""
        self._check_open()
        await self._pipe.send_bytes(self._end, _part(data, offset, size))

    async def recv_bytes(self, maxlength: int | None = None) -> bytes:
        """Receive a message of bytes; OSError if it is longer than `maxlength`."""
        self._check_open()
        return _within(await self._pipe.recv_bytes(self._end), maxlength)

    async def poll(self, timeout: float | None = 0.0) -> bool:
        """Return whether there is something to receive within `timeout` seconds (None: ever)."""
        self._check_open()
        return await self._pipe.poll(self._end, timeout)

    async def close(self) -> None:
        """Close this end for this client. Closing twice is allowed."""
        if not self.closed:
            await self._pipe.close(self._end)
            self.closed = True

    async def __aenter__(self) -> AsyncPipeEnd:
        self._check_open()
        await self._pipe.attach(self._end)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
