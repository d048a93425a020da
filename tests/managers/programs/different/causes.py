"""A method fails in the server: prints whether its traceback there can be seen here."""

from __future__ import annotations

import traceback
from multiprocessing.managers import BaseManager
from typing import Any

from tests.managers.programs.stage import play_alone


class Service:
    def fail(self) -> None:
        self.deeper()

    def deeper(self) -> None:
        raise LookupError("deep in the server")


class Manager(BaseManager):
    pass


Manager.register("Service", Service)


def main() -> None:
    with Manager() as started:
        manager: Any = started
        try:
            manager.Service().fail()
        except LookupError:
            print("in deeper" in traceback.format_exc())


if __name__ == "__main__":
    play_alone(main)
