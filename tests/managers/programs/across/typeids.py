"""Typeids with dots and leading underscores; names of base managers; `create_method=False`."""

from __future__ import annotations

from multiprocessing.managers import BaseManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, play


class Mail:
    def __init__(self, *names: str, sep: str = ",") -> None:
        self.names, self.sep = names, sep

    def joined(self) -> str:
        return self.sep.join(self.names)


class Office(BaseManager):
    pass


class Branch(Office):
    pass


class Stranger(BaseManager):
    pass


def serve() -> BaseManager:
    Office.register("Mail.Box", Mail)
    Office.register("_box", callable=Mail)
    Office.register("hidden", Mail, create_method=False)
    Branch.register("late", Mail)
    return Branch(LOOPBACK, KEY)


def use(address: Address) -> None:
    Office.register("Mail.Box")
    Office.register("_box", callable=None)
    Office.register("hidden", create_method=False)
    Branch.register("late")
    manager: Any = Branch(address, authkey=KEY)
    manager.connect()
    print(getattr(manager, "Mail.Box")("a", "b").joined())
    print(manager._box("a", "b", sep="-").joined(), manager._box().joined() == "")
    print(hasattr(manager, "hidden"), hasattr(Office, "late"), hasattr(Stranger, "_box"))
    print(manager.late("x", sep="?").joined())
    print(repr(getattr(manager, "Mail.Box")()).split(" at ")[0])
    token, exposed = manager._create("hidden", "y", "z")
    print(token.typeid, sorted(exposed))
    print(sorted(Office._registry), sorted(Branch._registry))


if __name__ == "__main__":
    play(serve, use)
