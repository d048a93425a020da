"""Accessors: the methods of a client that get an object, or create it, by its name.

They are named after the contracts, and take the options that the standard library's own classes
take. The first to open an object decides its options; those of later callers are not looked at. So
programs that share an object have one function that opens it.
"""

# pyright: reportUnknownVariableType=false
# A class that is handed to `_open` without its parameters, as `Dict`, has unknown ones; each method
# says which ones it returns.

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, SupportsIndex, TypeVar

from shared_state_protocol.shapes import Scalar
from shared_state_protocol.typecodes import check_code, pack, pack_first

from .objects import (
    Array,
    AsyncArray,
    AsyncBarrier,
    AsyncBoundedSemaphore,
    AsyncCondition,
    AsyncDict,
    AsyncEvent,
    AsyncJoinableQueue,
    AsyncLifoQueue,
    AsyncList,
    AsyncLock,
    AsyncNamespace,
    AsyncPipe,
    AsyncPipeEnd,
    AsyncPriorityQueue,
    AsyncQueue,
    AsyncRLock,
    AsyncSemaphore,
    AsyncSet,
    AsyncValue,
    Barrier,
    BoundedSemaphore,
    Condition,
    Dict,
    Event,
    JoinableQueue,
    LifoQueue,
    List,
    Lock,
    Namespace,
    Pipe,
    PipeEnd,
    PriorityQueue,
    Queue,
    RLock,
    Semaphore,
    Set,
    Value,
)
from .objects.barrier import Action
from .proxy import AsyncProxy, Proxy

__all__ = ["AwaitingAccessors", "BlockingAccessors"]

B = TypeVar("B", bound=Proxy)
A = TypeVar("A", bound=AsyncProxy)


def _name_of(lock: object) -> str:
    name = getattr(lock, "name", lock)
    if not isinstance(name, str):
        raise TypeError(f"a condition is on a shared lock or rlock, or its name, not {lock!r}")
    return name


def _length_and_items(
    typecode: str, size_or_initializer: SupportsIndex | Iterable[Scalar]
) -> tuple[int, bytes]:
    """Return what opens an array: a length, or else its items, packed.

    A NumPy array has `__index__` too, for there are such of one item; it is an initializer.
    """
    check_code(typecode)
    if isinstance(size_or_initializer, Iterable):
        return 0, pack(typecode, size_or_initializer)
    return operator.index(size_or_initializer), b""


class BlockingAccessors(ABC):
    """Accessors of the blocking client."""

    @abstractmethod
    def _open(self, proxy_class: type[B], name: str, *arguments: Any) -> B:
        """Create the object if there is none, and return its proxy."""

    def dict(self, name: str) -> Dict[Any, Any]:
        """Get or create the dict `name`."""
        return self._open(Dict, name)

    def list(self, name: str) -> List[Any]:
        """Get or create the list `name`."""
        return self._open(List, name)

    def set(self, name: str) -> Set[Any]:
        """Get or create the set `name`."""
        return self._open(Set, name)

    def namespace(self, name: str) -> Namespace[Any]:
        """Get or create the namespace `name`."""
        return self._open(Namespace, name)

    def queue(
        self,
        name: str,
        maxsize: int = 0,
        *,
        max_attempts: int | None = None,
        dead_letters: str | None = None,
    ) -> Queue[Any]:
        """Get or create the queue `name`; `maxsize` 0 is no bound.

        An item whose claim failed `max_attempts` times goes to the queue named `dead_letters`. A
        queue that is there already keeps the options that it was made with.
        """
        return self._open(Queue, name, maxsize, max_attempts, dead_letters)

    def lifo_queue(
        self,
        name: str,
        maxsize: int = 0,
        *,
        max_attempts: int | None = None,
        dead_letters: str | None = None,
    ) -> LifoQueue[Any]:
        """Get or create the lifo queue `name`; options as for `queue`."""
        return self._open(LifoQueue, name, maxsize, max_attempts, dead_letters)

    def priority_queue(
        self,
        name: str,
        maxsize: int = 0,
        *,
        max_attempts: int | None = None,
        dead_letters: str | None = None,
    ) -> PriorityQueue[Any]:
        """Get or create the priority queue `name`; options as for `queue`."""
        return self._open(PriorityQueue, name, maxsize, max_attempts, dead_letters)

    def joinable_queue(
        self,
        name: str,
        maxsize: int = 0,
        *,
        max_attempts: int | None = None,
        dead_letters: str | None = None,
    ) -> JoinableQueue[Any]:
        """Get or create the joinable queue `name`; options as for `queue`."""
        return self._open(JoinableQueue, name, maxsize, max_attempts, dead_letters)

    def lock(self, name: str) -> Lock:
        """Get or create the lock `name`."""
        return self._open(Lock, name)

    def rlock(self, name: str) -> RLock:
        """Get or create the rlock `name`."""
        return self._open(RLock, name)

    def semaphore(self, name: str, value: int = 1) -> Semaphore:
        """Get or create the semaphore `name`; a new one has `value` permits."""
        return self._open(Semaphore, name, value)

    def bounded_semaphore(self, name: str, value: int = 1) -> BoundedSemaphore:
        """Get or create the bounded semaphore `name`; a new one has `value` permits."""
        return self._open(BoundedSemaphore, name, value)

    def condition(self, name: str, lock: Lock | RLock | str | None = None) -> Condition:
        """Get or create the condition `name`, on `lock` (or its name) or on a lock of its own.

        It stays on the lock that it was made with.
        """
        if lock is None:
            return self._open(Condition, name, None)
        its_name = _name_of(lock)
        return self._open(Condition, name, its_name).on(its_name)

    def event(self, name: str) -> Event:
        """Get or create the event `name`."""
        return self._open(Event, name)

    def barrier(
        self, name: str, parties: int, action: Action | None = None, timeout: float | None = None
    ) -> Barrier:
        """Get or create the barrier `name` for `parties`; `timeout`, in seconds, is that of `wait`.

        `action` is run by this client if it is the last to arrive, before all go on. A barrier that
        is there already keeps its parties and its timeout.
        """
        return self._open(Barrier, name, parties, timeout).with_action(action)

    def value(self, name: str, typecode: str, value: Scalar = 0) -> Value:
        """Get or create the value `name`; a new one is of this C type (`typecodes`) and `value`."""
        pack_first(typecode, value)  # refused here, where the mistake is
        return self._open(Value, name, typecode, value)

    def array(
        self, name: str, typecode: str, size_or_initializer: SupportsIndex | Iterable[Scalar] = 0
    ) -> Array:
        """Get or create the array `name`; a new one has so many zeros, or these items."""
        items = _length_and_items(typecode, size_or_initializer)
        return self._open(Array, name, typecode, *items)

    def pipe(self, name: str, duplex: bool = True) -> tuple[PipeEnd, PipeEnd]:
        """Get or create the pipe `name` and return its two ends; each process uses one of them.

        Unless `duplex`, the first end only receives and the second only sends.
        """
        return self._open(Pipe, name, duplex).ends(duplex)


class AwaitingAccessors(ABC):
    """Accessors of the async client. They return at once: nothing needs to be awaited."""

    @abstractmethod
    def _open(self, proxy_class: type[A], name: str, *arguments: Any) -> A:
        """Create the object if there is none, and return its proxy."""

    def dict(self, name: str) -> AsyncDict[Any, Any]:
        """Get or create the dict `name`."""
        return self._open(AsyncDict, name)

    def list(self, name: str) -> AsyncList[Any]:
        """Get or create the list `name`."""
        return self._open(AsyncList, name)

    def set(self, name: str) -> AsyncSet[Any]:
        """Get or create the set `name`."""
        return self._open(AsyncSet, name)

    def namespace(self, name: str) -> AsyncNamespace[Any]:
        """Get or create the namespace `name`."""
        return self._open(AsyncNamespace, name)

    def queue(
        self,
        name: str,
        maxsize: int = 0,
        *,
        max_attempts: int | None = None,
        dead_letters: str | None = None,
    ) -> AsyncQueue[Any]:
        """Get or create the queue `name`; `maxsize` 0 is no bound.

        An item whose claim failed `max_attempts` times goes to the queue named `dead_letters`. A
        queue that is there already keeps the options that it was made with.
        """
        return self._open(AsyncQueue, name, maxsize, max_attempts, dead_letters)

    def lifo_queue(
        self,
        name: str,
        maxsize: int = 0,
        *,
        max_attempts: int | None = None,
        dead_letters: str | None = None,
    ) -> AsyncLifoQueue[Any]:
        """Get or create the lifo queue `name`; options as for `queue`."""
        return self._open(AsyncLifoQueue, name, maxsize, max_attempts, dead_letters)

    def priority_queue(
        self,
        name: str,
        maxsize: int = 0,
        *,
        max_attempts: int | None = None,
        dead_letters: str | None = None,
    ) -> AsyncPriorityQueue[Any]:
        """Get or create the priority queue `name`; options as for `queue`."""
        return self._open(AsyncPriorityQueue, name, maxsize, max_attempts, dead_letters)

    def joinable_queue(
        self,
        name: str,
        maxsize: int = 0,
        *,
        max_attempts: int | None = None,
        dead_letters: str | None = None,
    ) -> AsyncJoinableQueue[Any]:
        """Get or create the joinable queue `name`; options as for `queue`."""
        return self._open(AsyncJoinableQueue, name, maxsize, max_attempts, dead_letters)

    def lock(self, name: str) -> AsyncLock:
        """Get or create the lock `name`."""
        return self._open(AsyncLock, name)

    def rlock(self, name: str) -> AsyncRLock:
        """Get or create the rlock `name`."""
        return self._open(AsyncRLock, name)

    def semaphore(self, name: str, value: int = 1) -> AsyncSemaphore:
        """Get or create the semaphore `name`; a new one has `value` permits."""
        return self._open(AsyncSemaphore, name, value)

    def bounded_semaphore(self, name: str, value: int = 1) -> AsyncBoundedSemaphore:
        """Get or create the bounded semaphore `name`; a new one has `value` permits."""
        return self._open(AsyncBoundedSemaphore, name, value)

    def condition(
        self, name: str, lock: AsyncLock | AsyncRLock | str | None = None
    ) -> AsyncCondition:
        """Get or create the condition `name`, on `lock` (or its name) or on a lock of its own.

        It stays on the lock that it was made with.
        """
        if lock is None:
            return self._open(AsyncCondition, name, None)
        its_name = _name_of(lock)
        return self._open(AsyncCondition, name, its_name).on(its_name)

    def event(self, name: str) -> AsyncEvent:
        """Get or create the event `name`."""
        return self._open(AsyncEvent, name)

    def barrier(
        self, name: str, parties: int, action: Action | None = None, timeout: float | None = None
    ) -> AsyncBarrier:
        """Get or create the barrier `name` for `parties`; `timeout`, in seconds, is that of `wait`.

        `action` is run by this client if it is the last to arrive, before all go on. A barrier that
        is there already keeps its parties and its timeout.
        """
        return self._open(AsyncBarrier, name, parties, timeout).with_action(action)

    def value(self, name: str, typecode: str, value: Scalar = 0) -> AsyncValue:
        """Get or create the value `name`; a new one is of this C type (`typecodes`) and `value`."""
        pack_first(typecode, value)  # refused here: nobody waits for the reply of the opening
        return self._open(AsyncValue, name, typecode, value)

    def array(
        self, name: str, typecode: str, size_or_initializer: SupportsIndex | Iterable[Scalar] = 0
    ) -> AsyncArray:
        """Get or create the array `name`; a new one has so many zeros, or these items."""
        return self._open(
            AsyncArray, name, typecode, *_length_and_items(typecode, size_or_initializer)
        )

    def pipe(self, name: str, duplex: bool = True) -> tuple[AsyncPipeEnd, AsyncPipeEnd]:
        """Get or create the pipe `name` and return its two ends; each process uses one of them.

        Unless `duplex`, the first end only receives and the second only sends.
        """
        return self._open(AsyncPipe, name, duplex).ends(duplex)
