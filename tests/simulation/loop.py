"""An event loop on virtual time: no socket, no thread, and no second that really passes.

Callbacks that are ready run in the order in which they became so, as asyncio promises. When none is
ready, the clock jumps to the next timer; timers of the same instant run in the order in which they
were set. Nothing else has a say, so the same program runs the same way each time: what is random
comes from whoever uses the loop, out of one seed.

`stall` is a machine that stands still for a while: the clock goes on, nobody is served, and then
everything that is due is due at once.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from .network import Network

__all__ = ["Deadlock", "VirtualLoop"]

T = TypeVar("T")


LONGEST_RUN_S = 3600.0
"""Of virtual time: a program that is not at its end by then only waits, and looks at its watch."""


class Deadlock(Exception):
    """The program waits for what will never happen."""


class VirtualLoop(asyncio.AbstractEventLoop):
    """A loop whose `time` is virtual, and whose connections are those of `network`.

    `errors` are the contexts of exceptions that nobody handled.
    """

    network: Network

    def __init__(self) -> None:
        self.errors: list[dict[str, Any]] = []
        self._now = 0.0
        self._order = itertools.count()
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []

    def run(self, program: Coroutine[Any, Any, T]) -> T:
        """Run `program` to its end and return its result.

        Raises:
            Deadlock: it waits for what cannot happen.
        """
        asyncio._set_running_loop(self)
        try:
            task = self.create_task(program)
            while not task.done():
                self._run_next()
            result: T = task.result()
            return result
        finally:
            asyncio._set_running_loop(None)

    def stall(self, seconds: float) -> None:
        """Let time pass in which nothing runs."""
        self._now += seconds

    def _run_next(self) -> None:
        if not self._ready:
            self._jump()
        handle = self._ready.popleft()
        if not handle.cancelled():
            handle._run()

    def _jump(self) -> None:
        """Go on to the next timer, and make ready all that are due then."""
        timers = self._timers
        while timers and timers[0][2].cancelled():
            heapq.heappop(timers)
        if not timers or timers[0][0] > LONGEST_RUN_S:
            raise Deadlock("everybody waits for somebody else")
        self._now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= self._now:
            self._ready.append(heapq.heappop(timers)[2])

    # What asyncio asks of a loop

    def time(self) -> float:
        return self._now

    def call_soon(  # type: ignore[override]  # typeshed's variadic generics say the same
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(  # type: ignore[override]  # as above
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]  # as above
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._order), handle))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Do nothing: it is passed over when its time comes."""

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, **options: Any) -> asyncio.Task[Any]:
        return asyncio.Task(coro, loop=self, **options)

    def get_debug(self) -> bool:
        return False

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.errors.append(context)

    # What the client and the server ask of a loop

    async def create_connection(self, protocol_factory: Any, host: Any, port: Any) -> Any:  # type: ignore[override]  # this is all that the client says
        return await self.network.connect(protocol_factory, host)

    async def create_server(self, protocol_factory: Any, *, sock: Any, backlog: int) -> Any:  # type: ignore[override]  # this is all that the server says
        return self.network.listen(protocol_factory)
