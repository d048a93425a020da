"""shared-state: the objects of `multiprocessing.Manager`, shared between machines.

`connect` returns a blocking `Client`, `connect_async` an `AsyncClient`; both have the same objects.
`SharedStateManager` serves them as a `multiprocessing.managers.BaseManager`.
"""

from __future__ import annotations

import importlib
import typing

if typing.TYPE_CHECKING:
    from shared_state_protocol.errors import (
        AuthenticationError,
        ClaimLost,
        DeadlockError,
        DecodingError,
        EditConflict,
        EncodingError,
        FixTheCall,
        GiveUp,
        InternalError,
        InvalidName,
        LimitExceeded,
        LockLost,
        ObjectNotFound,
        OutcomeUnknown,
        ProtocolError,
        SendAgain,
        ServerClosing,
        SharedStateError,
        ShutDown,
        StaleFence,
        StateLost,
        TypeMismatch,
    )
    from shared_state_protocol.grants import Grant
    from shared_state_protocol.registry import register
    from shared_state_protocol.state import Holding, LockInfo, ObjectInfo, Owner

    from .awaiting import AsyncClient, connect_async
    from .batch import Batch, Promise
    from .blocking import Client, connect
    from .managers import Manager, SharedStateManager
    from .objects import (
        Array,
        AsyncArray,
        AsyncBarrier,
        AsyncBoundedSemaphore,
        AsyncClaim,
        AsyncCondition,
        AsyncDict,
        AsyncEvent,
        AsyncJoinableQueue,
        AsyncLifoQueue,
        AsyncList,
        AsyncLock,
        AsyncNamespace,
        AsyncPipe,
        AsyncPipeEnd,
        AsyncPriorityQueue,
        AsyncQueue,
        AsyncRLock,
        AsyncSemaphore,
        AsyncSet,
        AsyncValue,
        Barrier,
        BoundedSemaphore,
        Claim,
        Condition,
        Dict,
        Event,
        JoinableQueue,
        LifoQueue,
        List,
        Lock,
        Namespace,
        Pipe,
        PipeEnd,
        PriorityQueue,
        Queue,
        RLock,
        Semaphore,
        Set,
        Value,
    )

__all__ = [
    "Array",
    "AsyncArray",
    "AsyncBarrier",
    "AsyncBoundedSemaphore",
    "AsyncClaim",
    "AsyncClient",
    "AsyncCondition",
    "AsyncDict",
    "AsyncEvent",
    "AsyncJoinableQueue",
    "AsyncLifoQueue",
    "AsyncList",
    "AsyncLock",
    "AsyncNamespace",
    "AsyncPipe",
    "AsyncPipeEnd",
    "AsyncPriorityQueue",
    "AsyncQueue",
    "AsyncRLock",
    "AsyncSemaphore",
    "AsyncSet",
    "AsyncValue",
    "AuthenticationError",
    "Barrier",
    "Batch",
    "BoundedSemaphore",
    "Claim",
    "ClaimLost",
    "Client",
    "Condition",
    "DeadlockError",
    "DecodingError",
    "Dict",
    "EditConflict",
    "EncodingError",
    "Event",
    "FixTheCall",
    "GiveUp",
    "Grant",
    "Holding",
    "InternalError",
    "InvalidName",
    "JoinableQueue",
    "LifoQueue",
    "LimitExceeded",
    "List",
    "Lock",
    "LockInfo",
    "LockLost",
    "Manager",
    "Namespace",
    "ObjectInfo",
    "ObjectNotFound",
    "OutcomeUnknown",
    "Owner",
    "Pipe",
    "PipeEnd",
    "PriorityQueue",
    "Promise",
    "ProtocolError",
    "Queue",
    "RLock",
    "Semaphore",
    "SendAgain",
    "ServerClosing",
    "Set",
    "SharedStateError",
    "SharedStateManager",
    "ShutDown",
    "StaleFence",
    "StateLost",
    "TypeMismatch",
    "Value",
    "connect",
    "connect_async",
    "register",
]

_MANAGERS = frozenset({"Manager", "SharedStateManager"})
_MODULES = (
    "shared_state_protocol.errors",
    "shared_state_protocol.grants",
    "shared_state_protocol.registry",
    "shared_state_protocol.state",
    "shared_state.blocking",
    "shared_state.awaiting",
    "shared_state.batch",
    "shared_state.objects",
)
"""Where to look for a name, the errors first."""

if not typing.TYPE_CHECKING:  # a checker would take any name for one that is there

    def __getattr__(name: str) -> object:
        """Load what a name needs when somebody asks for it.

        `shared_state.managers` comes through here too, in each child process of a program that
        starts them by spawn, and needs next to nothing of all this.
        """
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        places = ("shared_state.managers",) if name in _MANAGERS else _MODULES
        modules = (importlib.import_module(place) for place in places)
        found = next(getattr(module, name) for module in modules if name in module.__all__)
        globals()[name] = found
        return found
