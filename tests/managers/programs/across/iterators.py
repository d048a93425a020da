"""Methods that return proxies of other types: iterators, generators, and objects of the program."""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing.managers import BaseManager, IteratorProxy
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, attempt, play


class Reader:
    def __init__(self, lines: int) -> None:
        self.lines = lines

    def __iter__(self) -> Iterator[str]:
        return iter([f"line {number}" for number in range(self.lines)])

    def cursor(self) -> Cursor:
        return Cursor(self)

    def squares(self) -> Iterator[int]:
        return (number * number for number in range(self.lines))


class Cursor:
    def __init__(self, reader: Reader) -> None:
        self.reader, self.at = reader, 0

    def move(self, by: int) -> int:
        self.at += by
        return self.at

    def rest(self) -> int:
        return self.reader.lines - self.at


def echo() -> Any:
    got: Any = None
    while True:
        got = yield got


class Manager(BaseManager):
    pass


Manager.register("Iterator", proxytype=IteratorProxy, create_method=False)
Manager.register("Cursor", exposed=("move", "rest"), create_method=False)
Manager.register(
    "Reader",
    Reader,
    exposed=("__iter__", "cursor", "squares"),
    method_to_typeid={"__iter__": "Iterator", "squares": "Iterator", "cursor": "Cursor"},
)
Manager.register("count", range, proxytype=IteratorProxy)
Manager.register("generator", Reader.squares, proxytype=IteratorProxy)
Manager.register("echo", echo, proxytype=IteratorProxy)


def serve() -> BaseManager:
    return Manager(LOOPBACK, KEY)


def use(address: Address) -> None:
    manager: Any = Manager(address, KEY)
    manager.connect()
    reader = manager.Reader(4)
    print(list(reader.squares()), type(reader.squares()).__name__)
    lines = reader._callmethod("__iter__")
    print(next(lines), next(lines), list(lines))
    attempt(next, lines)
    cursor = reader.cursor()
    print(cursor.move(3), cursor.rest(), cursor.move(-1), cursor._token.typeid)
    coroutine = manager.echo()
    print(next(coroutine), coroutine.send("there"), coroutine.send([1]))
    attempt(coroutine.throw, ValueError("thrown"))
    attempt(next, coroutine)
    coroutine.close()


if __name__ == "__main__":
    play(serve, use)
