"""Editing: read, change and write back, without a lock of one's own.

``with d.edit("key") as value:`` holds the key, so that edits wait for each other; gets the value;
and at the end of the block writes it back if it is still what was read. If somebody who does not
edit wrote meanwhile, nothing is written and `EditConflict` is raised. What the block raises goes
on, and nothing is written either. A value that the block left as it was is not written.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from shared_state_protocol.codec import Codec
from shared_state_protocol.errors import EditConflict

__all__ = ["edit", "edit_async"]

CONFLICT = "somebody wrote what was being edited; nothing of the edit was written"


@contextmanager
def edit(
    codec: Codec,
    hold: Callable[[], object],
    read: Callable[[], Any],
    replace: Callable[[Any, Any], bool],
    let_go: Callable[[], object],
) -> Generator[Any, None, None]:
    """Hold, read, let the block change, replace and let go.

    Raises:
        EditConflict: somebody wrote meanwhile who does not edit; nothing of the edit was written.
        RuntimeError: this is inside a batch, where nothing can be read.
    """
    if hold() is not True:
        raise RuntimeError("cannot edit inside a batch: nothing would be read")
    try:
        value = read()
        before = codec.encode(value)
        yield value
        if codec.encode(value) != before and not replace(codec.decode(before), value):
            raise EditConflict(CONFLICT)
    finally:
        let_go()


@asynccontextmanager
async def edit_async(
    codec: Codec,
    hold: Callable[[], Coroutine[Any, Any, object]],
    read: Callable[[], Coroutine[Any, Any, Any]],
    replace: Callable[[Any, Any], Coroutine[Any, Any, bool]],
    let_go: Callable[[], Coroutine[Any, Any, object]],
) -> AsyncGenerator[Any, None]:
    """Hold, read, let the block change, replace and let go.

    Raises:
        EditConflict: as for `edit`.
    """
    await hold()
    try:
        value = await read()
        before = codec.encode(value)
        yield value
        if codec.encode(value) != before and not await replace(codec.decode(before), value):
            raise EditConflict(CONFLICT)
    finally:
        await let_go()
