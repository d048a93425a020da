"""Exceptions that take attributes, or their state, in a way of their own."""

from __future__ import annotations

from multiprocessing.managers import BaseManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, play


class Sealed(Exception):
    def __setattr__(self, name: str, value: object) -> None:
        raise TypeError("it is sealed")


class Stated(Exception):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.code = len(text)

    def __setstate__(self, state: Any) -> None:
        (self.code,) = state.values()


class Raiser:
    def raise_sealed(self) -> None:
        raise Sealed("of a kind")

    def raise_stated(self) -> None:
        raise Stated("of a state")

    def go_on(self) -> str:
        return "it goes on"


class Manager(BaseManager):
    pass


Manager.register("raiser", Raiser)


def serve() -> BaseManager:
    return Manager(LOOPBACK, KEY)


def use(address: Address) -> None:
    manager: Any = Manager(address, KEY)
    manager.connect()
    raiser = manager.raiser()
    for call in (raiser.raise_sealed, raiser.raise_stated):
        try:
            call()
        except (Sealed, Stated) as error:
            print(repr(error), getattr(error, "code", None))
        print(raiser.go_on())


if __name__ == "__main__":
    play(serve, use)
