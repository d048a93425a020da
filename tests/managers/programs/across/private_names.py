"""The private names that programs use all the same, and patch."""

from __future__ import annotations

from multiprocessing import managers
from multiprocessing.managers import BaseManager, SyncManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, attempt, play

library: Any = managers


class Manager(SyncManager):
    pass


def serve() -> BaseManager:
    return Manager(LOOPBACK, KEY)


def use(address: Address) -> None:
    manager: Any = Manager(address, KEY)
    manager.connect()
    ask_the_server(address, manager)
    call_by_name(manager)
    look_into_the_registry()
    patch(manager)


def ask_the_server(address: Address, manager: Any) -> None:
    _, client = library.listener_client["pickle"]
    connection = client(address, authkey=KEY)
    print(library.dispatch(connection, None, "dummy"))
    connection.close()
    connection = client(address, authkey=KEY)
    attempt(library.dispatch, connection, None, "nonsense")
    connection.close()
    connection = client(address, authkey=KEY)
    before = library.dispatch(connection, None, "number_of_objects")
    connection.close()
    made = manager.dict()
    print(before, manager._number_of_objects(), type(manager._debug_info()).__name__)
    print(made._id in manager._debug_info())


def call_by_name(manager: Any) -> None:
    made = manager.list([3, 1, 2])
    print(made._callmethod("__len__"), made._callmethod("index", (1,)))
    made._callmethod("sort", (), {"reverse": True})
    print(made._getvalue(), made._callmethod("#GETVALUE"), made._token.typeid)
    attempt(made._callmethod, "no_such_method")
    made._connect()
    print(len(made), made._id == made._token.id, made._token.address == manager.address)


def look_into_the_registry() -> None:
    function, exposed, method_to_typeid, proxytype = Manager._registry["dict"]
    print(function is dict, "setdefault" in exposed, method_to_typeid, proxytype.__name__)
    print(library.public_methods(Manager)[:3], library.all_methods(dict)[:3])
    print(type(library.BaseProxy._address_to_local).__name__, library.AutoProxy.__name__)


def patch(manager: Any) -> None:
    called = []
    original = library.BaseProxy._callmethod

    def spy(self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        called.append(name)
        return original(self, name, *args, **kwargs)

    library.BaseProxy._callmethod = spy
    made = manager.dict(a=1)
    made["b"] = made["a"]
    print(called, len(made), called)
    library.BaseProxy._address_to_local.clear()
    print(made.copy(), len(called))


if __name__ == "__main__":
    play(serve, use)
