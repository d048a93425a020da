"""Errors of the server's side: raised where the call was made, by their own class."""

from __future__ import annotations

import traceback
from multiprocessing.managers import BaseManager, RemoteError, SyncManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, attempt, play


class Refusal(Exception):
    def __init__(self, why: str, code: int = 7) -> None:
        super().__init__(why, code)
        self.code = code


class Service:
    def __init__(self, *, broken: bool = False) -> None:
        if broken:
            raise RuntimeError("cannot be made")

    def divide(self, a: int, b: int) -> float:
        return a / b

    def refuse(self) -> None:
        raise Refusal("not today")

    def local(self) -> Any:
        return lambda: None

    def stop(self) -> None:
        raise StopIteration


class Manager(SyncManager):
    pass


Manager.register("Service", Service)


def serve() -> BaseManager:
    return Manager(LOOPBACK, KEY)


def use(address: Address) -> None:
    manager: Any = Manager(address, KEY)
    manager.connect()
    service = manager.Service()
    for call in (lambda: service.divide(1, 0), service.refuse, service.stop):
        attempt(call)
    try:
        service.refuse()
    except Refusal as error:
        print(error.args, error.code)
    for call in (lambda: manager.Service(broken=True), service.local):
        try:
            call()
        except RemoteError as error:
            text = str(error)
            print("Traceback" in text, "RuntimeError" in text, text.startswith("\n---------"))
    attempt(service.divide, 1)
    attempt(manager.list([1]).index, 5)
    attempt(manager.dict().pop, "nothing")
    attempt(manager.list().pop)
    attempt(manager.dict().__getitem__, "nothing")
    attempt(getattr, service, "nothing")
    print(service.divide(6, 3), len(traceback.format_exc()) > 0)


if __name__ == "__main__":
    play(serve, use)
