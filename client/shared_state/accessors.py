"""Accessors: the methods of a client that get an object, or create it, by its name.

They are named after the contracts, and take the options that the standard library's own classes
take; these count when the object is created.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, TypeVar

from .objects import AsyncDict, AsyncList, AsyncLock, AsyncQueue, Dict, List, Lock, Queue
from .proxy import AsyncProxy, Proxy

__all__ = ["AwaitingAccessors", "BlockingAccessors"]

B = TypeVar("B", bound=Proxy)
A = TypeVar("A", bound=AsyncProxy)


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

    def queue(self, name: str, maxsize: int = 0) -> Queue[Any]:
        """Get or create the queue `name`; `maxsize` 0 is no bound."""
        return self._open(Queue, name, maxsize)

    def lock(self, name: str) -> Lock:
        """Get or create the lock `name`."""
        return self._open(Lock, name)


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

    def queue(self, name: str, maxsize: int = 0) -> AsyncQueue[Any]:
        """Get or create the queue `name`; `maxsize` 0 is no bound."""
        return self._open(AsyncQueue, name, maxsize)

    def lock(self, name: str) -> AsyncLock:
        """Get or create the lock `name`."""
        return self._open(AsyncLock, name)
