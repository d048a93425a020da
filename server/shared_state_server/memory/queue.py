"""A queue in memory, and the two lines before it.

In which order items are taken is the business of `ordering`, who has claimed some that of `claims`.
Items and getters never wait at the same time, nor room and putters: after every change `_serve`
hands over until one side of each is empty. An item that comes back is the next again, whether the
reply that carried it did not arrive or whoever claimed it failed.

After a shutdown a getter waits only for what other sessions have claimed: if nothing of that comes
back, it has to go. It does not wait for what its own session has, which might be for itself, and
after an immediate one for nothing, since all that comes back is dropped.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from shared_state_protocol.errors import ClaimLost, ShutDown
from shared_state_protocol.limits import MAX_NODES

from ..lane import Lane, OwnerFields
from ..session import Session
from ..waiting import Call, Line, Undo
from .claims import Claimed, Claims, DeadLetters, Tried
from .ordering import Fifo, Ranked

__all__ = ["Queue"]

DELIVERY_BYTES = 8 * 1024 * 1024
"""Of items that `get_many` hands over in one reply, the last one apart: well within a frame."""

DELIVERY_ITEMS = MAX_NODES // 2
"""The same, in items: well within what a message may have, however small each of them is."""

SHUT_DOWN = "the queue was shut down"
NEGATIVE_TIMEOUT = "'timeout' must be a non-negative number"


class Several(NamedTuple):
    """What a getter wants that takes up to so many items."""

    max_items: int


class Claim(NamedTuple):
    """What a getter wants that claims one item by `number`, in that request of its lane."""

    number: int
    request: int


class Queue:
    """Keeps the contract `shared_state_protocol.objects.Queue`."""

    order: type[Fifo | Ranked] = Fifo
    """The order in which items are taken."""

    def __init__(
        self,
        maxsize: int = 0,
        max_attempts: int | None = None,
        dead_letters: str | None = None,
        *,
        find: Callable[..., Any],
    ) -> None:
        self._maxsize = max(maxsize, 0)
        self._items = self.order()
        self._claims = Claims(self)
        self._dead_letters = _dead_letters(max_attempts, dead_letters, find)
        self._unfinished = 0
        self._shut = False
        self._drops = False
        self._is_serving = False
        self._getters = Line()
        self._putters = Line(self._admit_putters)
        self._joiners = Line()

    def put(self, call: Call, item: bytes, block: bool, timeout: float | None) -> object:
        if self._maxsize or self._shut:
            return self.put_many(call, [item], block, timeout)
        self._add([item], call.now)
        return None

    def put_nowait(self, call: Call, item: bytes) -> None:
        self._refuse_after_shutdown()
        if not self._has_room(1):
            raise queue.Full
        self._add([item], call.now)

    def put_many(
        self, call: Call, items: list[bytes], block: bool, timeout: float | None
    ) -> object:
        self._refuse_after_shutdown()
        if self._maxsize and block:
            _refuse_negative(timeout)
        if self._has_room(len(items)):
            self._add(items, call.now)
            return None
        if 0 < self._maxsize < len(items):
            raise ValueError(f"{len(items)} items never fit into a queue of {self._maxsize}")
        if not block:
            raise queue.Full
        return call.park(self._putters, timeout, late=queue.Full(), want=items)

    def get(self, call: Call, block: bool, timeout: float | None) -> object:
        return self._get(call, None, block, timeout)

    def get_nowait(self, call: Call) -> object:
        return self._get(call, None, block=False, timeout=None)

    def get_many(self, call: Call, max_items: int, block: bool, timeout: float | None) -> object:
        if max_items < 1:
            raise ValueError(f"'max_items' must be at least 1, got {max_items}")
        return self._get(call, Several(max_items), block, timeout)

    def take(self, call: Call, claim: int, block: bool, timeout: float | None) -> object:
        self._claims.refuse_number_in_use(call.lane.session, claim)
        return self._get(call, Claim(claim, call.number), block, timeout)

    def acknowledge(self, call: Call, claim: int) -> None:
        self._claims.end(call.lane.session, claim)
        self._count_as_done(1)
        self._end_vain_waits()

    def give_back(self, call: Call, claim: int) -> None:
        try:
            claimed = self._claims.end(call.lane.session, claim)
        except ClaimLost:
            return
        self._return([Tried.once_more(claimed.item)], call.now)

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
        self._putters.fail_all(_shut_down())
        self._end_vain_waits()

    def size(self) -> int:
        return len(self._items)

    def waiters(self) -> int:
        return len(self._getters) + len(self._putters) + len(self._joiners)

    def owners(self, now: float) -> list[OwnerFields]:
        return self._claims.owners(now)

    def abandon(self, session: Session, now: float) -> None:
        """Take back what a session had claimed that is gone: it failed at what had reached it."""
        claims = self._claims.end_all(session)
        items = [Tried.once_more(it.item) if it.has_arrived() else it.item for it in claims]
        self._return(items, now)

    def bury(self, item: bytes, now: float) -> None:
        """Take an item that failed elsewhere too often, over `maxsize` too: it has no other place.

        Raises:
            ShutDown: the queue takes nothing any more.
            TypeError: it cannot be compared with those that are there.
        """
        self._refuse_after_shutdown()
        self._add([item], now)

    def fail_all(self, error: Exception) -> None:
        """Fail whoever waits: the queue is being deleted."""
        self._claims.clear()
        for line in (self._getters, self._putters, self._joiners):
            line.fail_all(error)

    def _has_room(self, count: int) -> bool:
        return not self._maxsize or (
            not self._putters and len(self._items) + count <= self._maxsize
        )

    def _add(self, items: list[bytes], now: float) -> None:
        self._items.push(items)
        self._unfinished += len(items)
        if self._getters:
            self._serve(now)

    def _take(self, count: int) -> list[bytes]:
        taken: list[bytes] = []
        size = 0
        count = min(count, DELIVERY_ITEMS)
        while self._items and len(taken) < count and size < DELIVERY_BYTES:
            taken.append(self._items.take())
            size += len(taken[-1])
        return taken

    def _hand_over(self, lane: Lane, want: Several | Claim | None, now: float) -> tuple[Any, Undo]:
        """Return what a getter wants of the items that are there, and how to undo that."""
        if want is None:
            item = self._items.take()
            return bytes(item), lambda now: self._put_back([item], now)
        if isinstance(want, Claim):
            return self._lend(lane, want, now)
        items = self._take(want.max_items)
        return list(map(bytes, items)), lambda now: self._put_back(items, now)

    def _lend(self, lane: Lane, want: Claim, now: float) -> tuple[Any, Undo]:
        number = want.number
        self._claims.refuse_number_in_use(lane.session, number)
        claimed = Claimed(self._items.take(), lane, now, want.request)
        self._claims.add(number, claimed)

        def undo(now: float) -> None:
            """Nobody has seen the item, so this was no attempt."""
            try:
                self._claims.end(lane.session, number)
            except ClaimLost:
                return  # with its session, so it has returned
            self._put_back([claimed.item], now)

        return (claimed.attempt, bytes(claimed.item)), undo

    def _return(self, items: Sequence[bytes], now: float) -> None:
        """Have items return, or go to the dead letters at which too many attempts have failed."""
        letters = self._dead_letters
        if letters is not None and not self._drops:
            kept = [item for item in items if not letters.take(item, now)]
            self._count_as_done(len(items) - len(kept))
            items = kept
        self._put_back(items, now)

    def _put_back(self, items: Sequence[bytes], now: float) -> None:
        """Have `items`, in this order, be the next again."""
        if self._drops:
            self._count_as_done(len(items))
        else:
            self._items.put_back(items)
            self._serve(now)
        self._end_vain_waits()

    def _count_as_done(self, count: int) -> None:
        """Have nobody wait for items that nobody will get."""
        self._unfinished -= min(self._unfinished, count)
        self._let_joiners_go()

    def _get(
        self, call: Call, want: Several | Claim | None, block: bool, timeout: float | None
    ) -> object:
        is_empty = not self._items
        if is_empty and self._is_vain(call.lane.session):
            raise _shut_down()
        if block:
            _refuse_negative(timeout)
        if is_empty:
            if not block:
                raise queue.Empty
            return call.park(self._getters, timeout, late=queue.Empty(), want=want)
        result, call.undo = self._hand_over(call.lane, want, call.now)
        if self._putters:
            self._serve(call.now)
        return result

    def _is_vain(self, session: Session) -> bool:
        """Return whether no item will come any more for which `session` could wait."""
        return self._shut and (self._drops or not self._claims.any_but_of(session))

    def _end_vain_waits(self) -> None:
        if self._shut and not self._items:
            for getter in list(self._getters):
                if self._is_vain(getter.lane.session):
                    getter.fail(_shut_down())

    def _serve(self, now: float) -> None:
        """Hand items to getters and room to putters until neither can go on.

        An item that cannot be read where it goes comes back at once: it is handed on from here.
        """
        if self._is_serving:
            return
        self._is_serving = True
        try:
            self._serve_getters(now)
            while self._putters and self._admit_putter():
                self._serve_getters(now)
        finally:
            self._is_serving = False

    def _serve_getters(self, now: float) -> None:
        while self._items and self._getters:
            getter = self._getters.first()
            try:
                handed_over = self._hand_over(getter.lane, getter.want, now)
            except ValueError as error:  # two have waited to claim by the same number
                getter.fail(error)
            else:
                getter.answer(*handed_over)

    def _admit_putters(self) -> None:
        """Give room to those who can use it, after one has left that could not.

        He waited, so there are items, and nobody waits for one.
        """
        while self._putters and self._admit_putter():
            pass

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
            raise _shut_down()


def _shut_down() -> ShutDown:
    return ShutDown(SHUT_DOWN)


def _refuse_negative(timeout: float | None) -> None:
    if timeout is not None and timeout < 0:
        raise ValueError(NEGATIVE_TIMEOUT)


def _dead_letters(
    max_attempts: int | None, name: str | None, find: Callable[..., Any]
) -> DeadLetters | None:
    if max_attempts is None and name is None:
        return None
    if max_attempts is None or name is None:
        raise ValueError("'max_attempts' needs 'dead_letters' to send the item to, and the reverse")
    return DeadLetters(max_attempts, name, find)
