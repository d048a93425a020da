"""SharedMemoryManager: a manager that removes the shared memory that was made through it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from multiprocessing import resource_tracker, shared_memory
from typing import Any

from .base_manager import BaseManager, dispatch

__all__ = ["SharedMemoryManager"]


class _LazyServer:
    """`SharedMemoryManager._Server`, loaded when somebody asks for it."""

    def __get__(self, instance: object, owner: type) -> Any:
        from shared_state_server.stdlib.shared_memory import SharedMemoryServer  # the door

        return SharedMemoryServer


class SharedMemoryManager(BaseManager):
    """Makes blocks of shared memory, which end with its server at the latest."""

    _Server: Any = _LazyServer()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        resource_tracker.ensure_running()  # one for this process and the server's, not one each
        super().__init__(*args, **kwargs)

    def SharedMemory(self, size: int) -> shared_memory.SharedMemory:  # the standard library's
        """Make a block of `size` bytes."""
        made = shared_memory.SharedMemory(None, create=True, size=size)
        self._track(made)
        return made

    def ShareableList(
        self, sequence: Iterable[Any]
    ) -> shared_memory.ShareableList[Any]:  # as above
        """Make a list in shared memory, with the items of `sequence`."""
        made: shared_memory.ShareableList[Any] = shared_memory.ShareableList(sequence)
        self._track(made.shm)
        return made

    def _track(self, made: shared_memory.SharedMemory) -> None:
        try:
            client = self._Client(self._address, authkey=self._authkey)
            with contextlib.closing(client) as connected:
                dispatch(connected, None, "track_segment", (made.name,))
        except BaseException:
            made.unlink()
            raise
