"""`queue.Queue` and `queue.LifoQueue`.

Items are whatever was put: nothing looks into them. A behaviour wants bytes, so each is a `Parcel`,
which passes for some. Those of a queue of the service are encoded as everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from shared_state_protocol.codec import Codec

from ...memory.lifo_queue import LifoQueue
from ...memory.queue import Queue
from ...waiting import Call
from .adapter import Adapter, convert_result

__all__ = ["LifoQueueAdapter", "QueueAdapter"]


class Parcel(bytes):
    """No bytes, and an item of whatever type."""

    item: Any

    def __new__(cls, item: Any) -> Parcel:
        made = super().__new__(cls)
        made.item = item  # not in an `__init__`: ``bytes(parcel)`` would call it once more
        return made

    def __bytes__(self) -> Parcel:
        return self  # and not a copy without the item


class QueueAdapter(Adapter):
    """Items, first in, first out."""

    exposed = frozenset(
        "put put_nowait get get_nowait qsize empty full task_done join shutdown".split()
    )

    def __init__(self, maxsize: int = 0) -> None:
        self.behaviour: Any = Queue(maxsize, find=_nothing)
        self._wrap: Callable[[Any], Any] = Parcel
        self._unwrap: Callable[[Any], Any] = attrgetter("item")

    @classmethod
    def of(cls, behaviour: Any, codec: Codec) -> QueueAdapter:
        """Return the adapter of a queue of the service, whose items are encoded."""
        made = cls()
        made.behaviour, made._wrap, made._unwrap = behaviour, codec.encode, codec.decode
        return made

    def put(
        self, call: Call, item: Any, block: bool = True, timeout: float | None = None
    ) -> object:
        return self.behaviour.put(call, self._wrap(item), block, timeout)

    def put_nowait(self, call: Call, item: Any) -> None:
        self.behaviour.put_nowait(call, self._wrap(item))

    def get(self, call: Call, block: bool = True, timeout: float | None = None) -> object:
        convert_result(call, self._unwrap)
        return self.behaviour.get(call, block, timeout)

    def get_nowait(self, call: Call) -> object:
        convert_result(call, self._unwrap)
        return self.behaviour.get_nowait(call)

    def qsize(self, call: Call) -> Any:
        return self.behaviour.qsize()

    def empty(self, call: Call) -> Any:
        return self.behaviour.empty()

    def full(self, call: Call) -> Any:
        return self.behaviour.full()

    def task_done(self, call: Call) -> None:
        self.behaviour.task_done()

    def join(self, call: Call) -> object:
        convert_result(call, _nothing)
        return self.behaviour.join(call, None)

    def shutdown(self, call: Call, immediate: bool = False) -> None:
        self.behaviour.shutdown(immediate)


class LifoQueueAdapter(QueueAdapter):
    """Items, last in, first out."""

    def __init__(self, maxsize: int = 0) -> None:
        super().__init__()
        self.behaviour = LifoQueue(maxsize, find=_nothing)


def _nothing(*_: object) -> None:
    """Join returns None, not whether all was done in time; and there are no dead letters here."""
