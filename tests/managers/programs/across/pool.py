"""A pool of processes that lives in the manager's server."""

from __future__ import annotations

import operator
from multiprocessing.managers import BaseManager, SyncManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, attempt, play


def square(number: int) -> int:
    return number * number


def refuse(number: int) -> int:
    raise LookupError(number)


def serve() -> BaseManager:
    return SyncManager(LOOPBACK, KEY)


def use(address: Address) -> None:
    manager = SyncManager(address, KEY)
    manager.connect()
    pool: Any = manager.Pool(2)
    print(pool.map(square, range(5)), pool.apply(square, (9,)))
    later = pool.apply_async(square, (7,))
    print(later.get(10), later.ready(), later.successful(), type(later).__name__)
    print(list(pool.imap(square, range(4))), sorted(pool.imap_unordered(square, range(4))))
    print(pool.starmap(operator.add, [(1, 2), (3, 4)]))
    print(pool.map_async(square, [3]).get(10), pool.starmap_async(pow, [(2, 3)]).get(10))
    attempt(pool.apply, refuse, (1,))
    attempt(pool.map, refuse, [1])
    print(type(pool).__name__)
    pool.close()
    attempt(pool.apply, square, (1,))
    pool.join()
    with manager.Pool(1) as short:
        print(short.map(square, [2]))
    attempt(short.map, square, [2])


if __name__ == "__main__":
    play(serve, use)
