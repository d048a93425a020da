"""Members of a round: clients that do seeded work on shared objects, and keep the books.

A blocking member makes one call after the other; an async one has many under way, and cancels some.
What a call says is noted; only what may be said of a broken connection is no failure.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import random
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import shared_state
from shared_state import ClaimLost, OutcomeUnknown

from .books import Books

__all__ = ["AsyncMember", "BlockingMember", "open_objects"]

T = TypeVar("T")

MAXSIZE = 6
"""Of the queue: small enough for putters to wait, and larger than what one puts at once."""

LONGEST_WAIT_S = 0.006
KEYS = "ab"
REGRETS = 0.3
"""Of the claimed items: so many return."""


class Regret(Exception):
    """What goes wrong with a claimed item."""


def open_objects(client: shared_state.Client, books: Books) -> None:
    """Have the objects of a round there before anything can break."""
    client.queue(books.queue, MAXSIZE)
    client.lock(books.lock)
    client.dict(books.counts)


class BlockingMember:
    """Works with a blocking client."""

    def __init__(self, client: shared_state.Client) -> None:
        self.client = client

    def work(self, books: Books, seed: str, steps: int) -> None:
        """Do so many things, one after the other."""
        chance = random.Random(seed)
        shift = _BlockingShift(self.client, books, chance)
        for _ in range(steps):
            chance.choice(shift.things_to_do)()
        self.client.ping()  # behind all that was given up


class _BlockingShift:
    """What a blocking member can do in a round."""

    def __init__(self, client: shared_state.Client, books: Books, chance: random.Random) -> None:
        self._client = client
        self._books = books
        self._chance = chance
        self._jobs = self._opened(lambda: client.queue(books.queue, MAXSIZE))
        self._lock = self._opened(lambda: client.lock(books.lock))
        self._counts = self._opened(lambda: client.dict(books.counts))
        self.things_to_do: list[Callable[[], None]] = [
            *[self._put, self._claim, self._add] * 2,
            self._put_many,
            *[self._get, self._get, self._get_many, self._batch] * books.gets,
            *[self._hold] * books.once,  # else it may be lost
        ]

    def _opened(self, find: Callable[[], T]) -> T:
        """Open an object; to do so twice is to do it once."""
        while True:
            try:
                return find()
            except OutcomeUnknown:
                self._books.ended_without_a_word()

    def _wait(self) -> float:
        return self._chance.uniform(0.0, LONGEST_WAIT_S)

    def _put(self) -> None:
        items = self._books.new_items(1)
        self._note_put(items, lambda: self._jobs.put(items[0], timeout=self._wait()))

    def _put_many(self) -> None:
        items = self._books.new_items(self._chance.randint(1, MAXSIZE))
        self._note_put(items, lambda: self._jobs.put_many(items, timeout=self._wait()))

    def _get(self) -> None:
        self._note_got(lambda: [self._jobs.get(timeout=self._wait())])

    def _get_many(self) -> None:
        self._note_got(lambda: self._jobs.get_many(3, timeout=self._wait()))

    def _note_got(self, get: Callable[[], list[int]]) -> None:
        try:
            self._books.got(get())
        except queue.Empty:
            return
        except OutcomeUnknown:
            self._books.ended_without_a_word()

    def _note_put(self, items: list[int], put: Callable[[], object]) -> None:
        with contextlib.suppress(queue.Full):
            self._books.put(items, certain=self._is_certain(put))

    def _note_added(self, key: str, add: Callable[[], object]) -> None:
        self._books.added(key, certain=self._is_certain(add))

    def _is_certain(self, call: Callable[[], object]) -> bool:
        try:
            call()
        except OutcomeUnknown:
            self._books.ended_without_a_word()
            return False
        return True

    def _claim(self) -> None:
        claim = self._jobs.claim(timeout=self._wait())
        try:
            with claim as item:
                self._books.claimed(item)
                self._end_of_work(item)
        except (queue.Empty, Regret):
            return
        except (OutcomeUnknown, ClaimLost):
            self._books.ended_without_a_word()
            self._books.maybe_got(claim)
        else:
            self._books.got([item])

    def _end_of_work(self, item: int) -> None:
        self._books.let_go(item)
        if self._chance.random() < REGRETS:
            raise Regret

    def _add(self) -> None:
        key = self._chance.choice(KEYS)
        self._note_added(key, lambda: self._counts.add(key, 1))

    def _hold(self) -> None:
        if self._lock.acquire(timeout=self._wait()):
            self._books.enter()
            self._add()
            self._books.leave()
            self._lock.release()

    def _batch(self) -> None:
        keys = self._chance.choices(KEYS, k=self._chance.randint(1, 12))
        items = self._books.new_items(3)
        with self._client.batch():
            adds: list[Any] = [self._counts.add(key, 1) for key in keys]
            put: Any = self._jobs.put_many(items, block=False)
            got: Any = self._jobs.get_nowait()
        for key, added in zip(keys, adds, strict=True):
            self._note_added(key, added.result)
        self._note_put(items, put.result)
        self._note_got(lambda: [got.result()])


class AsyncMember:
    """Works with an async client: all at once."""

    def __init__(self, client: shared_state.AsyncClient) -> None:
        self.client = client

    async def work(self, books: Books, seed: str, tasks: int) -> None:
        """Do so many things at the same time, some of which are cancelled."""
        chance = random.Random(seed)
        shift = _AsyncShift(self.client, books, chance)
        begun = [asyncio.ensure_future(chance.choice(shift.things_to_do)()) for _ in range(tasks)]
        for task in chance.sample(begun, tasks // 5):
            for _ in range(chance.randrange(6)):
                await asyncio.sleep(0)
            task.cancel()
        for ended in await asyncio.gather(*begun, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
        await self.client.ping()  # behind all that was given up


class _AsyncShift:
    """What an async member can do in a round."""

    def __init__(
        self, client: shared_state.AsyncClient, books: Books, chance: random.Random
    ) -> None:
        self._books = books
        self._chance = chance
        self._jobs = client.queue(books.queue, MAXSIZE)
        self._lock = client.lock(books.lock)
        self._counts = client.dict(books.counts)
        self.things_to_do: list[Callable[[], Awaitable[None]]] = [
            *[self._add] * 6,
            *[self._put, self._get, self._claim] * 2,
            *[self._hold] * books.once,  # else it may be lost
        ]

    def _wait(self) -> float:
        return self._chance.uniform(0.0, LONGEST_WAIT_S)

    async def _put(self) -> None:
        items = self._books.new_items(1)
        try:
            await self._jobs.put(items[0], timeout=self._wait())
        except queue.Full:
            return
        except OutcomeUnknown:
            self._books.ended_without_a_word()
            self._books.put(items, certain=False)
        except asyncio.CancelledError:
            self._books.put(items, certain=False)
            raise
        else:
            self._books.put(items, certain=True)

    async def _get(self) -> None:
        try:
            self._books.got([await self._jobs.get(timeout=self._wait())])
        except queue.Empty:
            return
        except OutcomeUnknown:
            self._books.ended_without_a_word()

    async def _claim(self) -> None:
        claim = self._jobs.claim(timeout=self._wait())
        try:
            async with claim as item:
                self._books.claimed(item)
                try:
                    await asyncio.sleep(0)
                finally:
                    self._end_of_work(item)
        except (queue.Empty, Regret):
            return
        except (OutcomeUnknown, ClaimLost):
            self._books.ended_without_a_word()
            self._books.maybe_got(claim)
        except asyncio.CancelledError:
            self._books.maybe_got(claim)
            raise
        else:
            self._books.got([item])

    def _end_of_work(self, item: int) -> None:
        self._books.let_go(item)
        if self._chance.random() < REGRETS:
            raise Regret

    async def _add(self) -> None:
        key = self._chance.choice(KEYS)
        try:
            await self._counts.add(key, 1)
        except OutcomeUnknown:
            self._books.ended_without_a_word()
            self._books.added(key, certain=False)
        except asyncio.CancelledError:
            self._books.added(key, certain=False)
            raise
        else:
            self._books.added(key, certain=True)

    async def _hold(self) -> None:
        if not await self._lock.acquire(timeout=self._wait()):
            return
        self._books.enter()
        try:
            await self._add()
        finally:
            self._books.leave()
            await self._lock.release()
