"""Proxy classes of a program's own: by hand, by MakeProxyType, and with a property."""

from __future__ import annotations

from multiprocessing.managers import BaseManager, BaseProxy, MakeProxyType, NamespaceProxy
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, attempt, play


class Account:
    def __init__(self, owner: str) -> None:
        self.owner, self.balance = owner, 0

    def deposit(self, amount: int) -> int:
        self.balance += amount
        return self.balance

    def __len__(self) -> int:
        return self.balance

    def __getitem__(self, index: int) -> str:
        return self.owner[index]

    def _secret(self) -> str:
        return "told"


class AccountProxy(BaseProxy):
    _exposed_ = ("deposit", "__len__", "_secret", "__getattribute__")

    def deposit(self, amount: int) -> Any:
        return self._callmethod("deposit", (amount,))

    def deposit_all(self, *amounts: int) -> list[Any]:
        return [self.deposit(amount) for amount in amounts]

    def __len__(self) -> Any:
        return self._callmethod("__len__")

    @property
    def balance(self) -> Any:
        return self._callmethod("__getattribute__", ("balance",))


MadeProxy: Any = MakeProxyType("MadeProxy", ("deposit", "__len__", "__getitem__", "_secret"))


class OpenProxy(NamespaceProxy):  # type: ignore[misc]  # the stubs do not have it
    _exposed_ = ("__getattribute__", "__setattr__", "__delattr__", "deposit")

    def deposit(self, amount: int) -> Any:
        return object.__getattribute__(self, "_callmethod")("deposit", (amount,))


class Bank(BaseManager):
    pass


Bank.register("Account", Account, AccountProxy)
Bank.register("Made", Account, proxytype=MadeProxy)
Bank.register("Open", Account, OpenProxy)
Bank.register("Exposed", Account, exposed=("deposit", "_secret"))


def serve() -> BaseManager:
    return Bank(LOOPBACK, KEY)


def use(address: Address) -> None:
    bank: Any = Bank(address, KEY)
    bank.connect()
    account = bank.Account("Ada")
    print(account.deposit(5), account.deposit_all(1, 2), len(account), account.balance)
    print(account._callmethod("_secret"), isinstance(account, AccountProxy))
    attempt(account._callmethod, "__getitem__", (0,))
    made = bank.Made("Bob")
    print(made.deposit(3), len(made), made[0], made._secret(), list(made._exposed_))
    open_one = bank.Open("Cy")
    open_one.balance = 10
    print(open_one.owner, open_one.deposit(1), open_one.balance)
    exposed = bank.Exposed("Di")
    print(exposed.deposit(2), exposed._secret(), hasattr(exposed, "owner"), exposed._exposed_)
    attempt(exposed._callmethod, "__len__")
    print(repr(made).split(" at ")[0], "|", repr(exposed).split(" at ")[0])


if __name__ == "__main__":
    play(serve, use)
