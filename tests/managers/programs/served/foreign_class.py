"""A client that sends what makes a file wherever it is unpickled."""

from __future__ import annotations

import pathlib
import sys
from multiprocessing.managers import BaseManager
from typing import Any

from tests.managers.programs.stage import KEY, Address, address_of


class Shared(BaseManager):
    pass


Shared.register("jobs")


class Canary:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return pathlib.Path.touch, (pathlib.Path(self.path),)


def use(address: Address, path: str) -> None:
    manager: Any = Shared(address, KEY)
    manager.connect()
    try:
        manager.jobs().put(Canary(path))
    except Exception as error:  # noqa: BLE001  # its text is what is looked at
        print(error)


if __name__ == "__main__":
    use(address_of(sys.argv[1]), sys.argv[2])
