"""Proxies of one manager that are stored in another, whether that has the same key or not."""

from __future__ import annotations

from multiprocessing.managers import SyncManager
from typing import Any

from tests.managers.programs.stage import attempt, play_alone
from tests.managers.programs.watching import until


class Keeper:
    def __init__(self) -> None:
        self.kept: Any = None

    def keep(self, proxy: Any) -> None:
        self.kept = proxy

    def ask(self) -> int:
        return len(self.kept)

    def give_back(self) -> Any:
        return self.kept


class Manager(SyncManager):
    pass


Manager.register("keeper", Keeper)


def show(first: Any, second: Any) -> None:
    keeper, config, jobs = second.keeper(), second.dict(), second.Queue()
    keeper.keep(first.list([1, 2, 3]))
    print(keeper.ask(), keeper.give_back())
    config["list"] = first.list([4])
    config["list"].append(5)
    print(config["list"])
    config["queue"] = first.Queue()
    config["queue"].put(6)
    print(config["queue"].get())
    jobs.put(first.dict(n=7))
    print(jobs.get())
    print(second.list([first.list([8])])[0])
    keeper.keep(None)
    config.clear()
    jobs.qsize()
    print(until(lambda: first._number_of_objects() == 0, 30))


def main() -> None:
    with SyncManager() as first, Manager() as second, Manager(authkey=b"another") as third:
        show(first, second)
        show(first, third)
        keeper: Any = third.keeper()
        keeper.keep(first.list())
        first.shutdown()
        attempt(keeper.ask)


if __name__ == "__main__":
    play_alone(main)
