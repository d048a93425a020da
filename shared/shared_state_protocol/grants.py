"""Grants: what proves that somebody was given a lock, and what fences off who has lost it.

A process may be paused, or cut off, for longer than the server waits for it. Then its lock is given
to somebody else, and the process does not know: it goes on writing as if it held the lock. Nothing
in that process can prevent this; the objects that it writes to can. Each time that a lock is given
to somebody it gets a *token*, which is larger than all before it. A command that is called with
``fence=grant`` is carried out only while the lock is held with the token of that grant.

    with state.lock("leader") as leading:
        config.set("rate", 10, fence=leading)

A token may also be sent along to other systems: one that refuses tokens smaller than the largest it
has seen is fenced, too. Tokens say nothing but their order; there may be gaps between them.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

__all__ = ["Fence", "Grant"]


class Grant(NamedTuple):
    """One time of holding a lock, an rlock or a permit of a semaphore.

    `lock` is its name, `token` larger than that of anybody who held it before. It was `abandoned`
    if the holder before died with it: what it protects may be half done.
    """

    lock: str
    token: int
    abandoned: bool = False


Fence = Annotated[Grant | None, "fence"]
"""The parameter `fence` of a command: it is refused unless the lock is held as this grant says."""
