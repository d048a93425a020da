"""A manager of a program's own, with classes and functions, used by child processes."""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing import Process
from multiprocessing.managers import BaseProxy, IteratorProxy, SyncManager
from typing import Any

from tests.managers.programs.stage import play_alone


class Ledger:
    def __init__(self) -> None:
        self.entries: list[tuple[str, int]] = []

    def enter(self, who: str, amount: int) -> None:
        self.entries.append((who, amount))

    def total(self) -> int:
        return sum(amount for _, amount in self.entries)

    def names(self) -> list[str]:
        return sorted({who for who, _ in self.entries})


class LedgerProxy(BaseProxy):
    _exposed_ = ("enter", "total", "names")

    def enter(self, who: str, amount: int) -> None:
        self._callmethod("enter", (who, amount))

    def total(self) -> Any:
        return self._callmethod("total")


def powers(base: int) -> Iterator[int]:
    return (base**exponent for exponent in range(5))


class Books(SyncManager):
    pass


Books.register("Ledger", Ledger, LedgerProxy)
Books.register("PlainLedger", Ledger)
Books.register("powers", powers, proxytype=IteratorProxy)


def enter(ledger: Any, plain: Any, who: str, done: Any) -> None:
    for amount in range(5):
        ledger.enter(who, amount)
        plain.enter(who, amount)
    done.put((who, ledger.total() >= 10, type(plain).__name__))


def main() -> None:
    with Books() as books:
        manager: Any = books
        ledger, plain, done = manager.Ledger(), manager.PlainLedger(), manager.Queue()
        processes = [Process(target=enter, args=(ledger, plain, who, done)) for who in "abc"]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        print(sorted(done.get() for _ in processes))
        print(ledger.total(), plain.total(), plain.names(), ledger._callmethod("names"))
        print(list(manager.powers(2)), [process.exitcode for process in processes])


if __name__ == "__main__":
    play_alone(main)
