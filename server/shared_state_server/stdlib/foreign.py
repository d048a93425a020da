"""Foreign proxies: those of other managers, which clients store in this one.

They are what they are in the standard library: real proxies, whose calls go to their own server.
Making one connects to that server, and so does letting go of it, so neither is done in the event
loop: two managers that have each other's proxies would wait for each other.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from functools import partial
from multiprocessing import AuthenticationError, process
from typing import Any

from .loops import is_in_loop

__all__ = ["foreign_proxy"]


def foreign_proxy(
    made_by: Any, token: Any, serializer: str, kwds: dict[str, Any], authkey: bytes
) -> Any:
    """Return the proxy of another manager that `made_by`, a proxy class or `AutoProxy`, makes.

    The other manager has our key, or that of our process, as the standard library would have it.

    Raises:
        multiprocessing.AuthenticationError: it has neither.
        OSError, EOFError, RemoteError: it is not there, or its object is not.
    """
    make = partial(made_by, token, serializer)
    try:
        proxy = make(**{"authkey": authkey, **kwds})
    except AuthenticationError:
        proxy = make(**{**kwds, "authkey": process.current_process().authkey})
    end = getattr(proxy, "_close", None)  # which counts one reference less
    if end is not None:
        end._callback = partial(_outside_of_a_loop, end._callback)
    return proxy


def _outside_of_a_loop(callback: Callable[..., None], *arguments: Any) -> None:
    if not is_in_loop():
        callback(*arguments)
        return
    with contextlib.suppress(RuntimeError):  # no thread starts while the interpreter ends
        threading.Thread(target=callback, args=arguments, daemon=True).start()
