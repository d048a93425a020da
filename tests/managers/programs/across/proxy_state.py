"""Proxy classes with a state of their own: from `__init__`, and one that travels with the proxy."""

from __future__ import annotations

import multiprocessing
from multiprocessing.managers import BaseProxy, SyncManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, play


class Account:
    def balance(self) -> int:
        return 1


class ScaledProxy(BaseProxy):
    _exposed_ = ("balance",)

    def __init__(self, *args: Any, **kwds: Any) -> None:
        super().__init__(*args, **kwds)
        self.factor = 100

    def balance(self) -> Any:
        return self._callmethod("balance")

    def cents(self) -> Any:
        return self.balance() * self.factor


class LabelledProxy(BaseProxy):
    _exposed_ = ("balance",)
    label = "none"

    def __reduce__(self) -> Any:
        rebuild, arguments = super().__reduce__()
        return rebuild, arguments, {"label": self.label}

    def __setstate__(self, state: dict[str, str]) -> None:
        self.label = state["label"]


class Reader:
    def cents(self, account: Any) -> Any:
        return account.cents()

    def label(self, account: Any) -> Any:
        return account.label


class Bank(SyncManager):
    pass


Bank.register("scaled", Account, ScaledProxy)
Bank.register("labelled", Account, LabelledProxy)
Bank.register("reader", Reader)


def serve() -> SyncManager:
    multiprocessing.current_process().authkey = KEY
    return Bank(LOOPBACK, KEY)


def use(address: Address) -> None:
    multiprocessing.current_process().authkey = KEY
    bank: Any = Bank(address, KEY)
    bank.connect()
    reader, jobs = bank.reader(), bank.Queue()
    scaled, labelled = bank.scaled(), bank.labelled()
    print(scaled.cents(), reader.cents(scaled))
    labelled.label = "mine"
    print(reader.label(labelled))
    jobs.put(scaled)
    jobs.put(labelled)
    print(jobs.get().cents(), jobs.get().label)


if __name__ == "__main__":
    play(serve, use)
