"""Connections that travel through shared objects, and a class with a reducer of its own."""

from __future__ import annotations

import copyreg
import gc
import os
from multiprocessing import Pipe
from multiprocessing.managers import SyncManager
from multiprocessing.reduction import ForkingPickler
from typing import Any

from tests.managers.programs.stage import play_alone

FILES = 30


class Reduced:
    """Somebody who is written in his own way, whatever `pickle` alone would do."""


def reduce(obj: Reduced) -> Any:
    return str, ("as registered",)


def reduce_otherwise(obj: Reduced) -> Any:
    return str, ("as others have it",)


ForkingPickler.register(Reduced, reduce)
copyreg.pickle(Reduced, reduce_otherwise)


class Keeper:
    def reduced(self) -> Any:
        return Reduced()


class Manager(SyncManager):
    pass


Manager.register("keeper", Keeper)


def main() -> None:
    with Manager() as started:
        manager: Any = started
        mine, theirs = Pipe()
        jobs, config = manager.Queue(), manager.dict()
        jobs.put(theirs)
        config["connection"] = theirs
        files = [open(os.devnull) for _ in range(FILES)]  # noqa: SIM115  # they are looked at below
        arrived = jobs.get()
        mine.send("through a queue")
        print(arrived.recv())
        del arrived
        gc.collect()
        again = config["connection"]
        mine.send("through a dict")
        print(again.recv())
        again.close()
        for each in files:
            os.fstat(each.fileno())  # nobody else has closed it
            each.close()
        print(manager.keeper().reduced())
        config["sent"] = Reduced()
        print(config["sent"])


if __name__ == "__main__":
    play_alone(main)
