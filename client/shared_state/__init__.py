"""shared-state: the objects of `multiprocessing.Manager`, shared between machines.

`connect` returns a blocking `Client`, `connect_async` an `AsyncClient`; both have the same objects.
`SharedStateManager` serves them as a `multiprocessing.managers.BaseManager`.
"""

from __future__ import annotations

from shared_state_protocol.errors import (
    AuthenticationError,
    DecodingError,
    EncodingError,
    FixTheCall,
    GiveUp,
    InternalError,
    InvalidName,
    LimitExceeded,
    ObjectNotFound,
    OutcomeUnknown,
    ProtocolError,
    SendAgain,
    ServerClosing,
    SharedStateError,
    ShutDown,
    TypeMismatch,
)
from shared_state_protocol.registry import register
from shared_state_protocol.state import ObjectInfo, Owner

from .awaiting import AsyncClient, connect_async
from .batch import Batch, Promise
from .blocking import Client, connect
from .managers import SharedStateManager
from .objects import (
    AsyncDict,
    AsyncList,
    AsyncLock,
    AsyncQueue,
    Dict,
    List,
    Lock,
    Queue,
)

__all__ = [
    "AsyncClient",
    "AsyncDict",
    "AsyncList",
    "AsyncLock",
    "AsyncQueue",
    "AuthenticationError",
    "Batch",
    "Client",
    "DecodingError",
    "Dict",
    "EncodingError",
    "FixTheCall",
    "GiveUp",
    "InternalError",
    "InvalidName",
    "LimitExceeded",
    "List",
    "Lock",
    "ObjectInfo",
    "ObjectNotFound",
    "OutcomeUnknown",
    "Owner",
    "Promise",
    "ProtocolError",
    "Queue",
    "SendAgain",
    "ServerClosing",
    "SharedStateError",
    "SharedStateManager",
    "ShutDown",
    "TypeMismatch",
    "connect",
    "connect_async",
    "register",
]
