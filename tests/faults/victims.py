"""Victims: members in a process of their own, to be stopped or killed at any byte.

A victim tells what it does through a pipe, in the words of `Books`, each as soon as it is true; so
when it is dead it is known what it was told. What it had in its hands is gone with it: a put that
it did not speak of any more is possible, and so is the end of what it had got or claimed last.
"""

from __future__ import annotations

import multiprocessing
import signal
from multiprocessing.connection import Connection
from typing import Any

import shared_state

from .books import Books
from .members import BlockingMember

__all__ = ["Victim"]

STEPS = 8
FIRST_ITEM = 1_000_000
"""The victim's own items begin here: it has nobody to ask."""

IN_HANDS = 3
"""Items that it may have got without a chance to say so: `get_many` of a member takes so many."""

LONGEST_BATCH = 12

Names = tuple[str, str, str]


class Ledger:
    """What a victim keeps in place of `Books`: it sends each entry to its parent."""

    once = True

    def __init__(self, names: Names, gets: bool, parent: Connection) -> None:
        self.queue, self.lock, self.counts = names
        self.gets = gets
        self._parent = parent
        self._next = FIRST_ITEM

    def new_items(self, count: int) -> list[int]:
        items = list(range(self._next, self._next + count))
        self._next += count
        self._parent.send(("new_items", items))
        return items

    def __getattr__(self, entry: str) -> Any:
        def send(*arguments: Any, **options: Any) -> None:
            self._parent.send((entry, arguments, options))

        return send

    def maybe_got(self, claim: Any) -> None:
        raise AssertionError("its session does not end before it does")

    enter = leave = lambda self: None


class Victim:
    """A blocking member in a process of its own; unless `gets`, it only claims."""

    def __init__(
        self, address: tuple[str, int], key: bytes, books: Books, seed: str, *, gets: bool
    ) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        self._pipe, theirs = context.Pipe(duplex=False)
        names = books.queue, books.lock, books.counts
        self.process = context.Process(
            target=_live, args=(address, key, names, seed, gets, theirs), daemon=True
        )
        self.process.start()
        theirs.close()
        self._books = books
        self._in_hands = IN_HANDS if gets else 0

    def bury(self, patience: float) -> None:
        """Wait for its end, and enter into the books what it said."""
        self.process.join(patience)
        assert self.process.exitcode in (0, -signal.SIGKILL), "it lives, or has failed"
        announced: set[int] = set()
        claims: list[int] = []
        for entry, *given in self._words():
            if entry == "new_items":
                announced.update(given[0])
            elif entry == "claimed":
                claims.extend(given[0])
            else:
                arguments, options = given
                getattr(self._books, entry)(*arguments, **options)
                if entry == "put":
                    announced -= set(arguments[0])
        if self.process.exitcode:
            self._books.died(announced, claims, in_hands=self._in_hands, adds=LONGEST_BATCH)
        self._pipe.close()

    def _words(self) -> list[Any]:
        words: list[Any] = []
        try:
            while True:
                words.append(self._pipe.recv())
        except EOFError:
            return words


def _live(
    address: tuple[str, int], key: bytes, names: Names, seed: str, gets: bool, parent: Connection
) -> None:
    with shared_state.connect(address, authkey=key, same_host=False) as client:
        ledger: Any = Ledger(names, gets, parent)
        BlockingMember(client).work(ledger, seed, STEPS)
