"""Proxies that are made by looking at the object: its public methods, and nothing else."""

from __future__ import annotations

import decimal
from multiprocessing.managers import AutoProxy, BaseManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, attempt, play


class Model:
    name = "model"

    def fit(self, data: Any, *, steps: int = 1) -> Any:
        self.seen = (data, steps)
        return self.seen

    def predict(self) -> Any:
        return self.seen

    @classmethod
    def kind(cls) -> str:
        return cls.__name__

    @staticmethod
    def constant() -> int:
        return 42

    def _internal(self) -> None:
        raise AssertionError

    def __call__(self, value: int) -> int:
        return value + 1


class Limited(Model):
    _exposed_ = ("predict", "fit")


class Manager(BaseManager):
    pass


def serve() -> BaseManager:
    for name, function in (("Model", Model), ("Limited", Limited), ("Decimal", decimal.Decimal)):
        Manager.register(name, function)
    Manager.register("auto", Model, AutoProxy)
    return Manager(LOOPBACK, KEY)


def use(address: Address) -> None:
    for name in ("Model", "Limited", "Decimal", "auto"):
        Manager.register(name)
    manager: Any = Manager(address, KEY)
    manager.connect()
    model = manager.Model()
    print(model.fit([1, 2], steps=3), model.predict(), model.kind(), model.constant())
    print([name for name in dir(model) if not name.startswith("_")])
    print(hasattr(model, "name"), hasattr(model, "_internal"), callable(model))
    attempt(model._callmethod, "_internal")
    attempt(model._callmethod, "name")
    limited = manager.Limited()
    print(sorted(limited._exposed_), hasattr(limited, "kind"), limited.fit(0))
    number = manager.Decimal("2.50")
    print(str(number), number.normalize(), number.sqrt() > 1, number._getvalue())
    print(manager.auto().fit(1), type(manager.auto()).__name__, type(model).__name__)
    copied = model._getvalue()
    print(copied.seen, copied is not model)


if __name__ == "__main__":
    play(serve, use)
