"""The stage on which the programs of this folder play: a server on one side, a client on the other.

A program is written for the standard library, prints what it sees, and knows nothing of us. A
program in `across` has two roles, ``serve`` and ``use``, which play in processes of their own; one
in `alone` starts its own server. What is printed may hold nothing that differs from run to run. A
program in `better` prints whether a promise is kept that the standard library does not make.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from collections.abc import Callable
from typing import Any

KEY = b"the key of the programs"
LOOPBACK = ("127.0.0.1", 0)

Address = Any
"""Host and port, or the path of a Unix socket."""


def play(serve: Callable[[], Any], use: Callable[[Address], None]) -> None:
    """Play the role that the command line names.

    `serve` returns a manager that is not started; `use` gets the address where it serves.
    """
    if sys.argv[1] == "serve":
        server = serve().get_server()
        print(json.dumps(server.address), flush=True)
        server.serve_forever()
    else:
        use(address_of(sys.argv[2]))


def address_of(text: str) -> Address:
    """Return the address that `play` printed, as managers want it."""
    address = json.loads(text)
    return tuple(address) if isinstance(address, list) else address


def attempt(function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """Print what a call returns, or the class of what it raises."""
    try:
        print(repr(function(*args, **kwargs)))
    except Exception as error:  # noqa: BLE001  # which class it is, is what the program shows
        print("raises", type(error).__name__)


def play_alone(main: Callable[[], None]) -> None:
    """Play a program that starts its own server, with the start method that was asked for."""
    multiprocessing.set_start_method(sys.argv[1])
    main()


def play_better(main: Callable[[float], bool]) -> None:
    """Print whether a promise was kept; `main` gets how long to wait for that, in seconds."""
    multiprocessing.set_start_method("spawn")
    print("kept" if main(float(sys.argv[1])) else "broken", flush=True)
    for process in multiprocessing.active_children():
        process.kill()
    os._exit(0)  # a server that keeps no promise may not end either
