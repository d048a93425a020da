"""The drop-in for `multiprocessing.managers`: the same names, another server.

Change ``from multiprocessing.managers import …`` to ``from shared_state.managers import …``, and
``multiprocessing.Manager()`` to ``shared_state.Manager()``. What is then better, and what differs,
is in docs/migrating.md.

`Token`, `RemoteError`, `State` and whatever else the two sides merely exchange are the standard
library's own. Managers and proxies are ours, and instances of the standard library's classes too.
"""

from __future__ import annotations

import multiprocessing.managers as _stdlib
from typing import TYPE_CHECKING, Any

from .base_manager import BaseManager, StartError
from .base_proxy import AutoProxy, BaseProxy, MakeProxyType, RebuildProxy
from .connecting import CONNECT_TIMEOUT_S, listener_client
from .errors import RemoteTraceback, convert_to_error
from .proxies import (
    AcquirerProxy,
    ArrayProxy,
    BarrierProxy,
    BaseListProxy,
    BasePoolProxy,
    ConditionProxy,
    DictProxy,
    EventProxy,
    IteratorProxy,
    ListProxy,
    NamespaceProxy,
    PoolProxy,
    SetProxy,
    ValueProxy,
)
from .shared_memory_manager import SharedMemoryManager
from .sync_manager import Manager, SyncManager

if TYPE_CHECKING:
    from shared_state_server.stdlib.server import Server
    from shared_state_server.stdlib.shared_memory import SharedMemoryServer

    from .shared_state_manager import SharedStateManager

__all__ = [
    "CONNECT_TIMEOUT_S",
    "AcquirerProxy",
    "Array",
    "ArrayProxy",
    "AutoProxy",
    "BarrierProxy",
    "BaseListProxy",
    "BaseManager",
    "BasePoolProxy",
    "BaseProxy",
    "ConditionProxy",
    "DictProxy",
    "EventProxy",
    "IteratorProxy",
    "ListProxy",
    "MakeProxyType",
    "Manager",
    "Namespace",
    "NamespaceProxy",
    "PoolProxy",
    "ProcessLocalSet",
    "RebuildProxy",
    "RemoteError",
    "RemoteTraceback",
    "Server",
    "SetProxy",
    "SharedMemoryManager",
    "SharedMemoryServer",
    "SharedStateManager",
    "StartError",
    "State",
    "SyncManager",
    "Token",
    "Value",
    "ValueProxy",
    "all_methods",
    "convert_to_error",
    "dispatch",
    "get_spawning_popen",
    "listener_client",
    "public_methods",
]

_theirs: Any = _stdlib  # whose stubs lack the most of it

Array = _theirs.Array
Namespace = _theirs.Namespace
ProcessLocalSet = _theirs.ProcessLocalSet
RemoteError = _theirs.RemoteError
State = _theirs.State
Token = _theirs.Token
Value = _theirs.Value
all_methods = _theirs.all_methods
dispatch = _theirs.dispatch
get_spawning_popen = _theirs.get_spawning_popen
public_methods = _theirs.public_methods


def __getattr__(name: str) -> Any:
    """Load the server's classes, and what needs our own client, when somebody asks for them."""
    if name == "SharedStateManager":
        from .shared_state_manager import SharedStateManager

        return SharedStateManager
    if name == "Server":
        from shared_state_server.stdlib.server import Server

        return Server
    if name == "SharedMemoryServer":
        from shared_state_server.stdlib.shared_memory import SharedMemoryServer

        return SharedMemoryServer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
