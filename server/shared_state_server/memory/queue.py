"""A queue in memory, and the two lines before it.

In which order items are taken is the business of `ordering`. Items and getters never wait at the
same time, nor room and putters: after every change `_serve` hands over until one side of each is
empty. An item that comes back, because the reply that carried it did not arrive, is the next again.
"""

from __future__ import annotations

import queue

from shared_state_protocol.errors import ShutDown

from ..waiting import Call, Line, Undo
from .ordering import Fifo, Ranked

__all__ = ["Queue"]

DELIVERY_BYTES = 8 * 1024 * 1024
"""Of items that `get_many` hands over in one reply, the last one apart: well within a frame."""

NEGATIVE_TIMEOUT = "'timeout' must be a non-negative number"


class Queue:
    """Keeps the contract `shared_state_protocol.objects.Queue`."""

    order: type[Fifo | Ranked] = Fifo
    """The order in which items are taken."""

    def __init__(self, maxsize: int = 0) -> None:
        self._maxsize = max(maxsize, 0)
        self._items = self.order()
        self._unfinished = 0
        self._shut = False
        self._drops = False
        self._getters = Line()
        self._putters = Line(self._serve)
        self._joiners = Line()

    def put(self, call: Call, item: bytes, block: bool, timeout: float | None) -> object:
        return self.put_many(call, [item], block, timeout)

    def put_nowait(self, item: bytes) -> None:
        self._refuse_after_shutdown()
        if not self._has_room(1):
            raise queue.Full
        self._add([item])

    def put_many(
        self, call: Call, items: list[bytes], block: bool, timeout: float | None
    ) -> object:
        self._refuse_after_shutdown()
        if self._maxsize and block:
            _refuse_negative(timeout)
        if self._has_room(len(items)):
            self._add(items)
            return None
        if 0 < self._maxsize < len(items):
            raise ValueError(f"{len(items)} items never fit into a queue of {self._maxsize}")
        if not block:
            raise queue.Full
        return call.park(self._putters, timeout, late=queue.Full(), want=items)

    def get(self, call: Call, block: bool, timeout: float | None) -> object:
        self._check_get(block, timeout)
        if not self._items:
            return self._wait_for_items(call, block, timeout, want=None)
        item = self._items.pop()
        call.undo = self._put_back([item])
        self._serve()
        return item

    def get_nowait(self, call: Call) -> object:
        return self.get(call, block=False, timeout=None)

    def get_many(self, call: Call, max_items: int, block: bool, timeout: float | None) -> object:
        if max_items < 1:
            raise ValueError(f"'max_items' must be at least 1, got {max_items}")
        self._check_get(block, timeout)
        if not self._items:
            return self._wait_for_items(call, block, timeout, want=max_items)
        items = self._take(max_items)
        call.undo = self._put_back(items)
        self._serve()
        return items

    def qsize(self) -> int:
        return len(self._items)

    def empty(self) -> bool:
        return not self._items

    def full(self) -> bool:
        return 0 < self._maxsize <= len(self._items)

    def maxsize(self) -> int:
        return self._maxsize

    def task_done(self) -> None:
        if self._unfinished <= 0:
            raise ValueError("task_done() called too many times")
        self._unfinished -= 1
        self._let_joiners_go()

    def join(self, call: Call, timeout: float | None) -> object:
        if not self._unfinished:
            return True
        _refuse_negative(timeout)
        return call.park(self._joiners, timeout, late=False)

    def shutdown(self, immediate: bool) -> None:
        self._shut = True
        if immediate:
            self._drops = True
            dropped = len(self._items)
            self._items.clear()
            self._count_as_done(dropped)
        self._getters.fail_all(ShutDown())
        self._putters.fail_all(ShutDown())

    def size(self) -> int:
        return len(self._items)

    def waiters(self) -> int:
        return len(self._getters) + len(self._putters) + len(self._joiners)

    def fail_all(self, error: Exception) -> None:
        """Fail whoever waits: the queue is being deleted."""
        for line in (self._getters, self._putters, self._joiners):
            line.fail_all(error)

    def _has_room(self, count: int) -> bool:
        return not self._maxsize or (
            not self._putters and len(self._items) + count <= self._maxsize
        )

    def _add(self, items: list[bytes]) -> None:
        self._items.push(items)
        self._unfinished += len(items)
        self._serve()

    def _take(self, count: int) -> list[bytes]:
        taken: list[bytes] = []
        size = 0
        while self._items and len(taken) < count and size < DELIVERY_BYTES:
            taken.append(self._items.pop())
            size += len(taken[-1])
        return taken

    def _put_back(self, items: list[bytes]) -> Undo:
        def undo(now: float) -> None:
            if self._drops:
                self._count_as_done(len(items))
                return
            self._items.put_back(items)
            self._serve()

        return undo

    def _count_as_done(self, count: int) -> None:
        """Have nobody wait for items that nobody will get."""
        self._unfinished -= min(self._unfinished, count)
        self._let_joiners_go()

    def _wait_for_items(
        self, call: Call, block: bool, timeout: float | None, want: int | None
    ) -> object:
        if not block:
            raise queue.Empty
        return call.park(self._getters, timeout, late=queue.Empty(), want=want)

    def _check_get(self, block: bool, timeout: float | None) -> None:
        if self._shut and not self._items:
            raise ShutDown
        if block:
            _refuse_negative(timeout)

    def _serve(self) -> None:
        """Hand items to getters and room to putters until neither can go on."""
        while True:
            while self._items and self._getters:
                self._serve_getter()
            if not self._putters or not self._admit_putter():
                return

    def _serve_getter(self) -> None:
        getter = self._getters.first()
        items = self._take(getter.want or 1)
        getter.answer(items if getter.want else items[0], self._put_back(items))

    def _admit_putter(self) -> bool:
        putter = self._putters.first()
        if len(self._items) + len(putter.want) > self._maxsize:
            return False
        try:
            self._items.push(putter.want)
        except TypeError as error:
            putter.fail(error)
            return True
        self._unfinished += len(putter.want)
        putter.answer(None)
        return True

    def _let_joiners_go(self) -> None:
        if not self._unfinished:
            for joiner in list(self._joiners):
                joiner.answer(True)

    def _refuse_after_shutdown(self) -> None:
        if self._shut:
            raise ShutDown


def _refuse_negative(timeout: float | None) -> None:
    if timeout is not None and timeout < 0:
        raise ValueError(NEGATIVE_TIMEOUT)
