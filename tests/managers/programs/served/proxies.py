"""A client that sends proxies: of this server's objects, and of one that would be elsewhere."""

from __future__ import annotations

import sys
from multiprocessing.managers import AutoProxy, BaseManager, ListProxy, Token
from typing import Any

from tests.managers.programs.stage import KEY, Address, address_of


class Shared(BaseManager):
    pass


Shared.register("items", proxytype=ListProxy)
Shared.register("jobs")


def use(address: Address, elsewhere: Address) -> None:
    manager: Any = Shared(address, KEY)
    manager.connect()
    jobs, items = manager.jobs(), manager.items()
    print(AutoProxy(jobs._token, "pickle", authkey=KEY).qsize())
    items.append(1)
    items.extend(items)
    print(items)
    foreign: Any = ListProxy(Token("list", elsewhere, "an object"), "pickle", incref=False)
    try:
        jobs.put(foreign)
    except Exception as error:  # noqa: BLE001  # its text is what is looked at
        print(str(error).splitlines()[-2])
    print(jobs.qsize())


if __name__ == "__main__":
    use(address_of(sys.argv[1]), address_of(sys.argv[2]))
