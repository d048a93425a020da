"""A client that stores instances of a class, or only fetches what somebody else has stored."""

from __future__ import annotations

import sys
from multiprocessing.managers import BaseManager, DictProxy
from pathlib import PurePosixPath
from typing import Any

from tests.managers.programs.stage import KEY, Address, address_of


class Shared(BaseManager):
    pass


Shared.register("jobs")
Shared.register("config", proxytype=DictProxy)


def use(address: Address, *, stores: bool) -> None:
    manager: Any = Shared(address, KEY)
    manager.connect()
    jobs, config = manager.jobs(), manager.config()
    try:
        if stores:
            jobs.put(PurePosixPath("a"))
            config["list"] = [PurePosixPath("b")]
            print(repr(jobs.get()), end=" ")
        print(config["list"])
    except Exception as error:  # noqa: BLE001  # its text is what is looked at
        print(error)


if __name__ == "__main__":
    use(address_of(sys.argv[1]), stores=sys.argv[2:] != ["fetch"])
